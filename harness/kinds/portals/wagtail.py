"""Wagtail on PostgreSQL and OpenSearch, laid out like Liferay: the site of `fixtures/images/wagtail`.

Its HTTP interface and index fields are described in fixtures/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import unescape
from typing import Any

from pydantic import Field

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.components import opensearch, postgresql
from harness.kinds.contracts import ComponentAccess, ContentItem, Http, KindOptions, PortalAccess, Probe, Query
from harness.kinds.portals import _wagtail_tables as tables
from harness.kinds.queries import choose_queries
from harness.model.restore_point import Canary

TITLE = "Wagtail"
VENDOR_OF: frozenset[str] = frozenset()
SERVICE = "web"
PORT = 8080
TIERS = ("database", "document_library", "search")
COMPONENTS = tables.COMPONENTS

PAGE = 200
NONCE, CANARIES = "portal-drill-nonce-", "portal-drill-canaries"
DENY = re.compile(r"Traceback \(most recent call last\)|\b(CRITICAL|FATAL|OperationalError|ImproperlyConfigured)\b")
_NOT_FACTS = ("started_utc", "modules")


class Options(KindOptions):
    accounts_service: str = Field(
        default="seed", description="Service of the stack whose environment holds PORTAL_ADMIN_PASSWORD and so on."
    )


def _account(access: PortalAccess, name: str) -> tuple[str, str]:
    options = Options.model_validate(access.portal.options)
    return name, access.stack.environment(options.accounts_service)[f"PORTAL_{name.upper()}_PASSWORD"]


def _http(access: PortalAccess) -> Http:
    return access.stack.http(access.portal.service, access.portal.port)


def _get(access: PortalAccess, path: str, user: str = "admin", **params: str | int) -> Any:
    reply = _http(access).request("GET", path, params=params, auth=_account(access, user))
    return reply.expect(200).json()


# ---------------------------------------------------------------- health and facts


def healthy(access: PortalAccess) -> Probe:
    """The portal answers from its own database and its search engine answers through it (LR-6, GEN-D30).

    An embedded database is final: the portal has started without its properties and will not find them.
    """
    status = _http(access).request("GET", "/api/portal/status", timeout_s=5).expect(200).json()
    engine = status["database"]["engine"]
    if engine != "postgresql":
        return Probe("database", False, "postgresql", f"{engine}, an empty embedded one", final=True)
    reply = _http(access).request("GET", "/api/search", params={"q": "health", "limit": 1}, timeout_s=5)
    return Probe("search", reply.status == 200, "HTTP 200", f"HTTP {reply.status}: {reply.text[:200]}")


def facts(access: PortalAccess) -> dict[str, str]:
    """The status page flattened, one fact per module, the number of synonym sets, and one seeded page."""
    status = _http(access).request("GET", "/api/portal/status").expect(200).json()
    found: dict[str, str] = {}
    for name, value in status.items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": str(part) for key, part in value.items()}
        elif name not in _NOT_FACTS:
            found[name] = str(value)
    for module in status["modules"]:
        found[f"module.{module['name']}"] = f"{module['version']} {module['commit']} {module['state']}"
    found["synonym sets"] = _synonyms(access)
    first = _get(access, "/api/pages/", "reader", after=0, limit=1)["items"]
    if first:
        found["seeded page"] = f"{first[0]['url']} “{first[0]['title']}”"
    return found


def _synonyms(access: PortalAccess) -> str:
    reply = _http(access).request("GET", "/api/synonyms")
    return str(reply.json()["total"]) if reply.status == 200 else f"HTTP {reply.status}"


def versions(access: PortalAccess) -> dict[str, str]:
    status = _http(access).request("GET", "/api/portal/status").expect(200).json()
    found = {"Wagtail": str(status["version"])}
    for component in access.drill.components:
        if component.kind == "postgresql":
            position = postgresql.position(ComponentAccess(component, access.stack))
            found["PostgreSQL"] = str(position["server_version"]).split()[0]
        elif component.kind == "opensearch":
            http = opensearch.client(ComponentAccess(component, access.stack))
            found["OpenSearch"] = str(http.request("GET", "/").expect(200).json()["version"]["number"])
    return found


def probes(access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
    """Every fact against the source's, then what a person does: log in, read a page, use each module."""
    now = facts(access)
    for name in sorted(expected.keys() | now.keys()):
        found = now.get(name, "nothing")
        wanted = expected.get(name, "nothing")
        yield Probe(name, found == wanted, wanted, found, tables.REQUIREMENTS.get(name.split(".")[0], ("LR-31",)))
    yield Probe("licence", now.get("licence.state") == "valid", "valid", now.get("licence.state", "none"), ("LR-10",))
    yield _login(access)
    yield _seeded_page(access, expected.get("seeded page", ""))
    for name, fact in sorted(expected.items()):
        if name.startswith("module."):
            yield _module_page(access, name.removeprefix("module."), fact)
    lines = [line for line in access.stack.logs(access.portal.service).splitlines() if DENY.search(line)]
    yield Probe("log", not lines, "no error", f"{len(lines)} lines, such as {lines[0][:200]}" if lines else "none")


def _login(access: PortalAccess) -> Probe:
    """As a person: the form with its token, then a page that names the user."""
    http, (user, password) = _http(access), _account(access, "reader")
    form = http.request("GET", "/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    fields = {"username": user, "password": password, "csrfmiddlewaretoken": token.group(1) if token else ""}
    reply = http.request("POST", "/login/", form=fields, headers={"Referer": "http://web/login/"})
    page = http.request("GET", "/")
    good = reply.status == 302 and user in page.text
    return Probe("login", good, f"{user} is logged in", f"HTTP {reply.status}, then {page.status}", ("GEN-D30",))


def _seeded_page(access: PortalAccess, fact: str) -> Probe:
    path, _, title = fact.partition(" ")
    if not path:
        return Probe("seeded page", False, "a page of the source", "the source's facts name none", ("GEN-D30",))
    reply = _http(access).request("GET", path)
    good = reply.status == 200 and title.strip("“”") in unescape(reply.text) and "not licensed" not in reply.text
    found = "the page, with its title" if good else f"HTTP {reply.status}: {reply.text[:120]!r}"
    return Probe("seeded page as HTML", good, f"{path} with its title", found, ("GEN-D30", "LR-31"))


def _module_page(access: PortalAccess, name: str, fact: str) -> Probe:
    version, commit, _ = fact.split(" ", 2)
    reply = _http(access).request("GET", f"/o/{name}/")
    found = reply.json() if reply.status == 200 else {}
    good = (found.get("version"), found.get("commit")) == (version, commit)
    said = f"{found.get('version')} of {found.get('commit')}" if found else f"HTTP {reply.status}"
    return Probe(f"/o/{name}/", good, f"{version} of {commit}", said, ("LR-11", "LR-29"))


# ---------------------------------------------------------------- writes


def _write(access: PortalAccess, method: str, path: str, body: dict[str, Any], *statuses: int) -> Any:
    reply = _http(access).request(method, path, body_json=body, auth=_account(access, "editor"))
    return reply.expect(*statuses).json()


def write_nonce(access: PortalAccess, nonce: str) -> None:
    """A page that carries the nonce; the parent of the canaries is made on the way."""
    page = {"title": f"portal-drill nonce {nonce}", "slug": f"{NONCE}{nonce}", "body": nonce}
    _write(access, "POST", "/api/write/pages", page, 201)
    parent = {"title": "portal-drill canaries", "slug": CANARIES, "body": "Parent of numbered writes."}
    if not any(item["slug"] == CANARIES for item in _listed(access, "pages")):
        _write(access, "POST", "/api/write/pages", parent, 201)


def read_nonces(access: PortalAccess) -> tuple[str, ...]:
    slugs = [item["slug"] for item in _listed(access, "pages") if item["slug"].startswith(NONCE)]
    return tuple(slug.removeprefix(NONCE) for slug in slugs)


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    """A page (database and search) and a document (row, file)."""
    page = {"title": f"portal-drill canary {number}", "slug": f"portal-drill-canary-{token}", "body": token}
    made = _write(access, "POST", "/api/write/pages", page | {"parent": CANARIES}, 201)
    yield "database", str(made["id"])
    if made["indexed"]:
        yield "search", _key("page", made["id"])
    reply = _http(access).request(
        "POST",
        "/api/write/documents",
        form={"title": f"portal-drill canary {number}"},
        files={"file": (f"portal-drill-canary-{token}.txt", f"{token}\n".encode())},
        auth=_account(access, "editor"),
    )
    stored = reply.expect(201).json()
    yield "document_library", f"{stored['id']} {stored['filename']} {token}"


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    """The earlier page's text grows by the token: a new revision in database and index."""
    page = _get(access, f"/api/pages/{earlier.refs['database']}")
    body = {"body": f"{page['body']} {token}"}
    made = _write(access, "PUT", f"/api/write/pages/{page['id']}", body, 200)
    yield "database", str(made["id"])
    if made["indexed"]:
        yield "search", _key("page", made["id"])


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    """By the page's text, by the engine's own answer for the token, by the file's bytes."""
    for canary in canaries:
        for tier, ref in canary.refs.items():
            if tier == "database":
                yield canary.number, tier, _page_holds(access, ref, canary.token)
            elif tier == "search":
                yield canary.number, tier, ref in _indexed_with(access, canary.token)
            else:
                yield canary.number, tier, _file_holds(access, ref)


def canary_query(canary: Canary) -> Query | None:
    return Query(canary.token, frozenset({canary.refs["search"]})) if "search" in canary.refs else None


def _page_holds(access: PortalAccess, page_id: str, token: str) -> bool:
    reply = _http(access).request("GET", f"/api/pages/{page_id}", auth=_account(access, "admin"))
    return reply.expect(200, 404).status == 200 and token in reply.json()["body"].split()


def _file_holds(access: PortalAccess, ref: str) -> bool:
    """The file in the library itself: its row is the database's tier, and may be lost without the file."""
    _, filename, token = ref.split(" ")
    component = access.drill.component("document_library")
    shell = access.stack.shell(component.service)
    said = shell.run(["cat", f"{component.options['path']}/documents/{filename}"], timeout_s=30)
    return said.exit_code == 0 and said.stdout == f"{token}\n".encode()


def _indexed_with(access: PortalAccess, token: str) -> set[str]:
    """Asked from the engine, since the portal's search joins with the database (ENGINES 2)."""
    query = {"query": {"match": {"portal_contentpage__body": token}}, "_source": ["pk"]}
    return {_key("page", hit["_source"]["pk"]) for hit in _engine_hits(access, tables.PAGES, query)}


# ---------------------------------------------------------------- content, with and without the index


def _key(kind: str, number: object) -> str:
    return f"{kind}:{int(str(number)):012d}"


def _listed(access: PortalAccess, kind: str, user: str = "admin") -> Iterator[dict[str, Any]]:
    """All pages or documents from the database, by ascending id, to the stated total."""
    after = seen = total = 0
    while True:
        answer = _get(access, f"/api/{kind}/", user, after=after, limit=500)
        total = int(answer["total"])
        if not answer["items"]:
            break
        yield from answer["items"]
        seen, after = seen + len(answer["items"]), int(answer["items"][-1]["id"])
    if seen != total:
        raise CouldNotAsk(f"the list of {kind} gave {seen} items and stated {total}")


def items(access: PortalAccess) -> Iterator[ContentItem]:
    for entry in _listed(access, "documents"):
        when = datetime.fromisoformat(entry["committed_utc"])
        yield ContentItem(_key("document", entry["id"]), str(entry["sha1"]), when, entry["title"])
    for entry in _listed(access, "pages"):
        when = datetime.fromisoformat(entry["committed_utc"])
        yield ContentItem(_key("page", entry["id"]), str(entry["revision"]), when, entry["title"], entry["public"])


def index_items(access: PortalAccess) -> Iterator[ContentItem]:
    """The engine's own list, as `items` gives the database's."""
    sort: dict[str, Any] = {"sort": [{"id_filter": "asc"}]}
    fields = ["pk", "title", "file_hash_filter", "created_at_filter"]
    for hit in _engine_hits(access, tables.DOCUMENTS, sort | {"_source": fields}):
        source = hit["_source"]
        when = datetime.fromisoformat(source["created_at_filter"])
        yield ContentItem(_key("document", source["pk"]), str(source["file_hash_filter"]), when, source["title"])
    fields = ["pk", "title", "live_revision_id_filter", "last_published_at_filter"]
    pages = sort | {"_source": fields, "query": {"term": {"_django_content_type": "portal.ContentPage"}}}
    for hit in _engine_hits(access, tables.PAGES, pages):
        source = hit["_source"]
        when = datetime.fromisoformat(source["last_published_at_filter"])
        yield ContentItem(_key("page", source["pk"]), str(source["live_revision_id_filter"]), when, source["title"])


def _engine_hits(access: PortalAccess, alias: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    component = access.drill.component("search")
    http = opensearch.client(ComponentAccess(component, access.stack))
    if http.request("HEAD", f"/{alias}").status == 404:
        raise CommandFailed(f"the search engine has no index {alias}")
    yield from opensearch.hits(http, alias, body)


def search(access: PortalAccess, query: str) -> frozenset[str]:
    """Every page of hits up to the stated total. The total is the engine's and counts ghosts, which the items
    leave out (ENGINES 2): they are named by `index_items`."""
    found: set[str] = set()
    for kind in ("pages", "documents"):
        offset, total = 0, 1
        while offset < total:
            answer = _get(access, "/api/search", "reader", q=query, type=kind, offset=offset, limit=PAGE)
            total = int(answer["total"])
            found |= {_key(kind[:-1], item["id"]) for item in answer["items"]}
            offset += PAGE
    return frozenset(found)


def queries(access: PortalAccess) -> Iterator[Query]:
    """Words of titles and texts, read from the database, of what the plain user may read."""
    readable = {_key("page", entry["id"]) for entry in _listed(access, "pages", "reader")}
    readable |= {_key("document", entry["id"]) for entry in _listed(access, "documents", "reader")}
    synonyms = {word for entry in _get(access, "/api/synonyms")["items"] for word in entry["words"]}

    def texts() -> Iterator[tuple[str, str]]:
        for kind, number, text in tables.texts(access):
            if (key := _key(kind, number)) in readable:
                yield key, text

    yield from choose_queries(texts, avoid=synonyms)


def reindex(access: PortalAccess, timeout_s: float) -> None:
    """The site's own command; it says how many items it indexed."""
    access.stack.shell(access.portal.service).run(["portal-reindex"], user="liferay", timeout_s=timeout_s).ok()
