"""Whether the server is well and still itself: a fresh write that is read back, and its facts against the source's."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping

from harness.errors import CommandFailed
from harness.kinds.contracts import PortalAccess, Probe
from harness.kinds.portals._accounts import account, get, server
from harness.kinds.portals._installation import REFUSED, fact_probes, log_probe, versions_of_servers
from harness.kinds.portals._jackrabbit.client import ATTACHMENTS, CONTENT, OURS, attachment, nodes, save
from harness.kinds.portals._jackrabbit.content import people
from harness.model.frozen import JsonValue

# What the server, and Jackrabbit's own checks of index and persistence, say of what is wrong (XLR-D8).
DENY = re.compile(
    r" ERROR |Existing lock file|Node \S+ is missing\.|no longer exists\.|Multiple entries found for node"
    r"|Parent of \S+ missing in index|missing in index\.|inconsisten(t|cies)(?! *: *0)"
)
_FOUND = re.compile(r"(?:Node|Parent of|Multiple entries found for node) .*(?:missing|no longer exists|entries).*")
_ASKED = """cd "$1" && grep -lE 'enableConsistencyCheck" value="true"' conf/jackrabbit-repository.xml \
    repository/workspaces/*/workspace.xml | wc -l"""
HEALTH = f"/{OURS}-health"
_NOT_FACTS = ("started_utc", "jars")
_TEXT = {"Calendar": "8", "Risk": "21", "Weeks": "15"}
_REQUIREMENTS = {
    "archived_releases": ("XLR-4",),
    "extension": ("XLR-18",),
    "extensions": ("XLR-18",),
    "jar": ("XLR-18", "XLR-4"),
    "people": ("XLR-16",),
    "plugin": ("XLR-18",),
    "plugins": ("XLR-18",),
    "running_tasks": ("XLR-D11",),
    "settings": ("XLR-17",),
}


def healthy(access: PortalAccess) -> Probe:
    """A failed repository leaves pages at 200, and cached nodes answer without their database: what is written now is
    read back now (ENGINES 9). As the administrator, whom an empty repository has too."""
    said = f"{OURS} {time.time_ns()}"
    reply = save(access, ("^", f"{HEALTH}/written", said), user="admin", timeout_s=10)
    if reply.status != 200:
        node: JsonValue = {"jcr:primaryType": "nt:unstructured", "written": said}
        save(access, ("+", HEALTH, node), user="admin", timeout_s=10).expect(200)
    found = get(access, f"{CONTENT}{HEALTH}.0.json").get("written")
    if found != said:
        return Probe("write", False, "what was written last", f"{found}")
    reply = (
        server(access).request("GET", "/xl/search", params={"q": "health"}, auth=account(access, "admin")).answered()
    )
    return Probe("search", reply.status == 200, "HTTP 200", f"HTTP {reply.status}: {reply.text[:200]}")


def facts(access: PortalAccess) -> dict[str, str]:
    """Settings, extensions with their content, jars of plug-ins and hotfixes, what plug-ins do, people, one
    attachment."""
    status = server(access).request("GET", "/xl/status").expect(200).json()
    found: dict[str, str] = {}
    for name, value in status.items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": str(part) for key, part in value.items()}
        elif name not in _NOT_FACTS:
            found[name] = str(value)
    for jar in status["jars"]:
        found[f"jar.{jar['file']}"] = f"{jar['name']} {jar['version']}"
    for name in status["extensions"]:
        found[f"extension.{name}"] = _digest(access, f"/xl/extension/{name}")
    for name in status["plugins"]:
        found[f"plugin.{name}"] = _said(access, f"/xl/plugin/{name}?text={_TEXT.get(name, '1')}")
    walked = sorted(name for name in people(access) if OURS not in name)
    found["people"] = ", ".join(walked)
    found["first attachment"] = _first_attachment(access)
    return found


def _digest(access: PortalAccess, path: str) -> str:
    reply = server(access).request("GET", path).answered()
    good = reply.status == 200
    return hashlib.sha256(reply.body).hexdigest()[:16] if good else f"{REFUSED} HTTP {reply.status}"


def _said(access: PortalAccess, path: str) -> str:
    reply = server(access).request("GET", path).answered()
    return reply.text if reply.status == 200 else f"{REFUSED} HTTP {reply.status}"


def _first_attachment(access: PortalAccess) -> str:
    names = sorted(name for name, _ in nodes(get(access, f"{CONTENT}/{ATTACHMENTS}.1.json")) if OURS not in name)
    if not names:
        return "none"
    reply = attachment(access, names[0]).answered()
    digest = hashlib.sha256(reply.body).hexdigest()[:16]
    return f"{names[0]} {digest}" if reply.status == 200 else f"{REFUSED} {names[0]}: HTTP {reply.status}"


def versions(access: PortalAccess) -> dict[str, str]:
    status = server(access).request("GET", "/xl/status").expect(200).json()
    return {str(status["product"]): str(status["version"]), **versions_of_servers(access)}


def probes(access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
    """Every fact against the source's, a login, the people that a query finds, and the log."""
    yield from fact_probes(facts(access), expected, lambda name: _REQUIREMENTS.get(name.split(".")[0], ("XLR-4",)))
    reply = server(access).request("GET", "/xl/users", auth=account(access, "reader")).answered()
    yield Probe("login", reply.status == 200, "reader is logged in", f"HTTP {reply.status}", ("XLR-16", "GEN-D30"))
    yield _people_found(access)
    yield _own_checks(access)
    yield log_probe(access, DENY)


def _own_checks(access: PortalAccess) -> Probe:
    """Every index whose configuration asks for it was checked at the start, and nothing was found (XLR-D8). What is
    found stands in the log line by line."""
    home = str(access.drill.component("installation").options["path"])
    said = access.stack.shell(access.portal.service).run(["sh", "-c", _ASKED, "asked", home], timeout_s=30).ok()
    wanted, ran, clean, wrong = int(said.text), 0, 0, list[str]()
    for line in access.stack.log_lines(access.portal.service):
        ran += "Running consistency check" in line
        clean += "No errors detected." in line
        wrong += _FOUND.findall(line) if len(wrong) < 3 else []
    found = f"{ran} checked, {clean} without errors" + "".join(f"; {line}" for line in wrong[:3])
    return Probe("own checks", ran == clean == wanted, f"{wanted} checked, {wanted} without errors", found, ("XLR-D8",))


def _people_found(access: PortalAccess) -> Probe:
    """By a query, which asks the index of the security workspace."""
    walked = set(people(access))
    try:
        found = set(get(access, "/xl/users")["items"])
    except CommandFailed as error:
        return Probe("people found", False, f"{len(walked)} people", str(error)[:200], ("XLR-16",))
    said = f"{len(found)} people, not {', '.join(sorted(walked ^ found)[:5])}" if found != walked else "all of them"
    return Probe("people found", found == walked, f"{len(walked)} people", said, ("XLR-16",))
