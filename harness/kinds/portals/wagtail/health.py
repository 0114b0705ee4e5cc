"""Whether the site is well and still itself: facts of the source, held against what a person finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape

from harness.errors import CommandFailed
from harness.kinds.contracts import PortalAccess, Probe
from harness.kinds.portals._accounts import account, get, server
from harness.kinds.portals._installation import REFUSED, fact_probes, log_probe, versions_of_servers
from harness.kinds.portals.wagtail import tables

DENY = re.compile(r"Traceback \(most recent call last\)|\b(CRITICAL|FATAL|OperationalError|ImproperlyConfigured)\b")
_NOT_FACTS = ("started_utc", "modules")


def healthy(access: PortalAccess) -> Probe:
    """The portal answers from its own database and its search engine answers through it (LR-6, GEN-D30).

    An embedded database is final: the portal has started without its properties and will not find them.
    """
    status = server(access).request("GET", "/api/portal/status", timeout_s=5).expect(200).json()
    engine = status["database"]["engine"]
    if engine != "postgresql":
        return Probe("database", False, "postgresql", f"{engine}, an empty embedded one", final=True)
    if access.stack.role == "sandbox" and access.drill.rebuilt():
        return Probe("database", True, "postgresql", engine)  # there is nothing to search yet
    reply = server(access).request("GET", "/api/search", params={"q": "health", "limit": 1}, timeout_s=5).answered()
    return Probe("search", reply.status == 200, "HTTP 200", f"HTTP {reply.status}: {reply.text[:200]}")


def facts(access: PortalAccess) -> dict[str, str]:
    """The status page flattened, one fact per module, the number of synonym sets, and one seeded page."""
    status = server(access).request("GET", "/api/portal/status").expect(200).json()
    found: dict[str, str] = {}
    for name, value in status.items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": str(part) for key, part in value.items()}
        elif name not in _NOT_FACTS:
            found[name] = str(value)
    for module in status["modules"]:
        found[f"module.{module['name']}"] = f"{module['version']} {module['commit']} {module['state']}"
    for name, ask in (("synonym sets", _synonyms), ("seeded page", _first_page)):
        try:
            found[name] = ask(access)
        except CommandFailed as error:  # one refused answer must not hide the others
            found[name] = f"{REFUSED} {error}"[:300]
    return found


def _first_page(access: PortalAccess) -> str:
    first = get(access, "/api/pages/", "reader", after=0, limit=1)["items"]
    return f"{first[0]['url']} “{first[0]['title']}”" if first else "no page"


def _synonyms(access: PortalAccess) -> str:
    return str(server(access).request("GET", "/api/synonyms").expect(200).json()["total"])


def versions(access: PortalAccess) -> dict[str, str]:
    status = server(access).request("GET", "/api/portal/status").expect(200).json()
    return {"Wagtail": str(status["version"]), **versions_of_servers(access)}


def probes(access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
    """Every fact against the source's, then what a person does: log in, read a page, use each module."""
    now = facts(access)
    yield from fact_probes(now, expected, lambda name: tables.REQUIREMENTS.get(name.split(".")[0], ("LR-31",)))
    licence = now.get("licence.state", "none")
    yield Probe("licence", licence == "valid", "valid", licence, tables.REQUIREMENTS["licence"])
    yield _login(access)
    yield _seeded_page(access, expected.get("seeded page", ""))
    for name, fact in sorted(expected.items()):
        if name.startswith("module."):
            yield _module_page(access, name.removeprefix("module."), fact)
    yield log_probe(access, DENY)


def _login(access: PortalAccess) -> Probe:
    """As a person: the form with its token, then a page that names the user."""
    http, (user, password) = server(access), account(access, "reader")
    form = http.request("GET", "/login/").answered().text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    fields = {"username": user, "password": password, "csrfmiddlewaretoken": token.group(1) if token else ""}
    reply = http.request("POST", "/login/", form=fields, headers={"Referer": "http://web/login/"}).answered()
    page = http.request("GET", "/").answered()
    good = reply.status == 302 and user in page.text
    return Probe("login", good, f"{user} is logged in", f"HTTP {reply.status}, then {page.status}", ("GEN-D30",))


def _seeded_page(access: PortalAccess, fact: str) -> Probe:
    path, _, title = fact.partition(" ")
    if not path:
        return Probe("seeded page", False, "a page of the source", "the source's facts name none", ("GEN-D30",))
    reply = server(access).request("GET", path).answered()
    good = reply.status == 200 and title.strip("“”") in unescape(reply.text) and "not licensed" not in reply.text
    found = "the page, with its title" if good else f"HTTP {reply.status}: {reply.text[:120]!r}"
    return Probe("seeded page as HTML", good, f"{path} with its title", found, ("GEN-D30", "LR-31"))


def _module_page(access: PortalAccess, name: str, fact: str) -> Probe:
    version, commit, _ = fact.split(" ", 2)
    reply = server(access).request("GET", f"/o/{name}/").answered()
    found = reply.json() if reply.status == 200 else {}
    good = (found.get("version"), found.get("commit")) == (version, commit)
    said = f"{found.get('version')} of {found.get('commit')}" if found else f"HTTP {reply.status}"
    return Probe(f"/o/{name}/", good, f"{version} of {commit}", said, ("LR-11", "LR-29"))
