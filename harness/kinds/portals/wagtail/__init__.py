"""Wagtail on PostgreSQL and OpenSearch, laid out like Liferay: the site of `fixtures/images/wagtail`.

Its HTTP interface and index fields are described in fixtures/README.md.
"""

from __future__ import annotations

from harness.kinds.portals._accounts import Options
from harness.kinds.portals.wagtail.content import index_items, inventory_keys, items, queries, reindex, search
from harness.kinds.portals.wagtail.health import facts, healthy, probes, versions
from harness.kinds.portals.wagtail.installation import REFERENCED, SCRIPTS, endpoints, places, references
from harness.kinds.portals.wagtail.tables import COMPONENTS
from harness.kinds.portals.wagtail.writes import (
    canary_query,
    edit_canary,
    kept_canaries,
    read_nonces,
    write_canary,
    write_nonce,
)

TITLE = "Wagtail"
VENDOR_OF: frozenset[str] = frozenset()
SERVICE = "web"
PORT = 8080
CONTENT_TIER = "database"
INDEX_TIER = "search"
TIERS = ("database", "document_library", "search")

__all__ = [
    "COMPONENTS",
    "CONTENT_TIER",
    "INDEX_TIER",
    "PORT",
    "REFERENCED",
    "SCRIPTS",
    "SERVICE",
    "TIERS",
    "TITLE",
    "VENDOR_OF",
    "Options",
    "canary_query",
    "edit_canary",
    "endpoints",
    "facts",
    "healthy",
    "index_items",
    "inventory_keys",
    "items",
    "kept_canaries",
    "places",
    "probes",
    "queries",
    "read_nonces",
    "references",
    "reindex",
    "search",
    "versions",
    "write_canary",
    "write_nonce",
]
