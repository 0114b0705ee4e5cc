"""All content without the index, the engine's own list, and searches as a plain user."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harness.errors import CommandFailed
from harness.kinds.components import opensearch
from harness.kinds.contracts import ComponentAccess, ContentItem, PortalAccess, Query
from harness.kinds.portals._accounts import get
from harness.kinds.portals.wagtail import tables
from harness.kinds.portals.wagtail.client import item_key, listed
from harness.kinds.queries import choose_queries

FIRST, PAGE = 100, 1000  # hits; the site asks its engine once for a hundred, and scrolls for more


def items(access: PortalAccess) -> Iterator[ContentItem]:
    for entry in listed(access, "documents"):
        when = datetime.fromisoformat(entry["committed_utc"])
        yield ContentItem(item_key("document", entry["id"]), str(entry["sha1"]), when, entry["title"])
    for entry in listed(access, "pages"):
        when = datetime.fromisoformat(entry["committed_utc"])
        yield ContentItem(item_key("page", entry["id"]), str(entry["revision"]), when, entry["title"], entry["public"])


def index_items(access: PortalAccess) -> Iterator[ContentItem]:
    """The engine's own list, as `items` gives the database's."""
    sort: dict[str, Any] = {"sort": [{"id_filter": "asc"}]}
    fields = ["pk", "title", "file_hash_filter", "created_at_filter"]
    for hit in engine_hits(access, tables.DOCUMENTS, sort | {"_source": fields}):
        source = hit["_source"]
        when = datetime.fromisoformat(source["created_at_filter"])
        yield ContentItem(item_key("document", source["pk"]), str(source["file_hash_filter"]), when, source["title"])
    fields = ["pk", "title", "live_revision_id_filter", "last_published_at_filter"]
    # Drafts are indexed as well, and no search of a user finds them.
    of_pages = [{"term": {"_django_content_type": "portal.ContentPage"}}, {"term": {"live_filter": True}}]
    pages = sort | {"_source": fields, "query": {"bool": {"filter": of_pages}}}
    for hit in engine_hits(access, tables.PAGES, pages):
        source = hit["_source"]
        when = datetime.fromisoformat(source["last_published_at_filter"])
        yield ContentItem(item_key("page", source["pk"]), str(source["live_revision_id_filter"]), when, source["title"])


def inventory_keys(key: str) -> dict[str, str]:
    """Of a page or document: its row, and its document in the index."""
    kind, number = key.split(":")
    table, alias = tables.STORED[kind]
    return {"database": f"row/public.{table}/{int(number)}", "search": f"document/{alias}/{int(number)}"}


def refresh(access: PortalAccess, alias: str) -> bool:
    """Make what was indexed until now visible to searches; False if there is no such index."""
    component = access.drill.component("search")
    http = opensearch.client(ComponentAccess(component, access.stack))
    return http.request("POST", f"/{alias}/_refresh").expect(200, 404).status == 200


def engine_hits(access: PortalAccess, alias: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
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
        offset, limit, total = 0, FIRST, 1
        while offset < total:
            answer = get(access, "/api/search", "reader", q=query, type=kind, offset=offset, limit=limit)
            total = int(answer["total"])
            found |= {item_key(kind[:-1], item["id"]) for item in answer["items"]}
            offset, limit = offset + limit, PAGE
    return frozenset(found)


def queries(access: PortalAccess) -> Iterator[Query]:
    """Words of titles and texts, read from the database, of what the plain user may read."""
    readable = {item_key("page", entry["id"]) for entry in listed(access, "pages", "reader")}
    readable |= {item_key("document", entry["id"]) for entry in listed(access, "documents", "reader")}
    synonyms = {word for entry in get(access, "/api/synonyms")["items"] for word in entry["words"]}

    def texts() -> Iterator[tuple[str, str]]:
        for kind, number, text in tables.texts(access):
            if (key := item_key(kind, number)) in readable:
                yield key, text

    yield from choose_queries(texts, avoid=synonyms)


def reindex(access: PortalAccess, timeout_s: float) -> None:
    """The site's own command; it says how many items it indexed."""
    access.stack.shell(access.portal.service).run(["portal-reindex"], user="liferay", timeout_s=timeout_s).ok()
