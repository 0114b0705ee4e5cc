"""Numbered writes, edits and the nonce, through the site's own interface; which of them survived."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any

from harness import at_once
from harness.kinds.contracts import PortalAccess, Query
from harness.kinds.portals._accounts import account, get, server
from harness.kinds.portals._installation import line_of_each
from harness.kinds.portals.wagtail import tables
from harness.kinds.portals.wagtail.client import item_key, listed
from harness.kinds.portals.wagtail.content import engine_hits, refresh
from harness.model.restore_point import Canary

AT_ONCE = 4  # questions after canaries
_MOST_BYTES = 4096  # of a file: a canary is shorter
NONCE, CANARIES = "portal-drill-nonce-", "portal-drill-canaries"
# Signs that are lost on the way through a wrong encoding: four bytes, combining, right to left (GEN-D6).
SIGNS = ("🧯", "e\u0301a\u030a", "שלום")


def _write(access: PortalAccess, method: str, path: str, body: dict[str, Any], *statuses: int) -> Any:
    reply = server(access).request(method, path, body_json=body, auth=account(access, "editor"))
    return reply.expect(*statuses).json()


def write_nonce(access: PortalAccess, nonce: str) -> None:
    """A page that carries the nonce; the parent of the canaries is made on the way."""
    page = {"title": f"portal-drill nonce {nonce}", "slug": f"{NONCE}{nonce}", "body": nonce}
    _write(access, "POST", "/api/write/pages", page, 201)
    parent = {"title": "portal-drill canaries", "slug": CANARIES, "body": "Parent of numbered writes."}
    if not any(item["slug"] == CANARIES for item in listed(access, "pages", at_work=True)):
        _write(access, "POST", "/api/write/pages", parent, 201)


def read_nonces(access: PortalAccess) -> tuple[str, ...]:
    slugs = [item["slug"] for item in listed(access, "pages") if item["slug"].startswith(NONCE)]
    return tuple(slug.removeprefix(NONCE) for slug in slugs)


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    """A page (database and search) and a document (row, file)."""
    page = {
        "title": f"portal-drill canary {number}",
        "slug": f"portal-drill-canary-{token}",
        "body": " ".join((token, *SIGNS)),
    }
    made = _write(access, "POST", "/api/write/pages", page | {"parent": CANARIES}, 201)
    yield "database", str(made["id"])
    if made["indexed"]:
        yield "search", item_key("page", made["id"])
    reply = server(access).request(
        "POST",
        "/api/write/documents",
        form={"title": f"portal-drill canary {number}"},
        files={"file": (f"portal-drill-canary-{token}.txt", f"{token}\n".encode())},
        auth=account(access, "editor"),
    )
    stored = reply.expect(201).json()
    yield "document_library", f"{stored['id']} {stored['filename']} {token}"


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    """The earlier page's text grows by the token: a new revision in database and index."""
    page = get(access, f"/api/pages/{earlier.refs['database']}")
    body = {"body": f"{page['body']} {token}"}
    made = _write(access, "PUT", f"/api/write/pages/{page['id']}", body, 200)
    yield "database", str(made["id"])
    if made["indexed"]:
        yield "search", item_key("page", made["id"])


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    """By the page's text with all its signs, by the engine's own answer for the token, by the file's bytes."""
    files = _files(access, [ref.split(" ")[1] for canary in canaries if (ref := canary.refs.get("document_library"))])
    has_index = refresh(access, tables.PAGES)

    def kept(canary: Canary, tier: str) -> bool:
        ref = canary.refs[tier]
        if tier == "database":
            return _page_holds(access, ref, canary.token)
        if tier == "search":
            return has_index and ref in _indexed_with(access, canary.token)
        _, filename, token = ref.split(" ")
        return files.get(filename) == f"{token}\n".encode()

    asked = [(canary, tier) for canary in canaries for tier in canary.refs]
    found = at_once.each(lambda one: kept(*one), asked, AT_ONCE)
    yield from ((canary.number, tier, held) for (canary, tier), held in zip(asked, found, strict=True))


def canary_query(canary: Canary) -> Query | None:
    return Query(canary.token, frozenset({canary.refs["search"]})) if "search" in canary.refs else None


def _page_holds(access: PortalAccess, page_id: str, token: str) -> bool:
    reply = server(access).request("GET", f"/api/pages/{page_id}", auth=account(access, "admin"))
    return reply.expect(200, 404).status == 200 and {token, *SIGNS} <= set(reply.json()["body"].split())


def _files(access: PortalAccess, filenames: Sequence[str]) -> dict[str, bytes]:
    """Files in the library itself, as far as a canary goes; what cannot be read is empty. The row of a file is the
    database's tier, and may be lost without it."""
    component = access.drill.component("document_library")
    read = f'{{ head -c {_MOST_BYTES} <"$file" | base64 -w0; }} 2>/dev/null; echo'
    folder = f"{component.options['path']}/documents"
    lines = line_of_each(access.stack.shell(component.service), folder, filenames, read)
    return {filename: b64decode(line) for filename, line in lines.items()}


def _indexed_with(access: PortalAccess, token: str) -> set[str]:
    """Asked from the engine, since the portal's search joins with the database (ENGINES 2)."""
    query = {"query": {"match": {"portal_contentpage__body": token}}, "_source": ["pk"]}
    return {item_key("page", hit["_source"]["pk"]) for hit in engine_hits(access, tables.PAGES, query)}
