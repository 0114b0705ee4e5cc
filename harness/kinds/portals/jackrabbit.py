"""Apache Jackrabbit 2 laid out like XL Release up to 7.2: the server of `fixtures/images/jackrabbit`.

Its HTTP interface is described in fixtures/README.md.
"""

from __future__ import annotations

from typing import Any

from harness.kinds.portals._accounts import Options
from harness.kinds.portals._jackrabbit.content import index_items, items, queries, search
from harness.kinds.portals._jackrabbit.health import facts, healthy, probes, versions
from harness.kinds.portals._jackrabbit.installation import (
    FILES,
    PORT,
    REFERENCED,
    SCRIPTS,
    SERVICE,
    TITLE,
    endpoints,
    references,
)
from harness.kinds.portals._jackrabbit.rest import at_rest, index_built
from harness.kinds.portals._jackrabbit.writes import (
    canary_query,
    edit_canary,
    kept_canaries,
    read_nonces,
    write_canary,
    write_nonce,
)

VENDOR_OF: frozenset[str] = frozenset()
CONTENT_TIER = "database"
INDEX_TIER = "search_index"
TIERS = ("database", "repository_directory", "search_index")

_OURS = "written by the drill: judged by number"
_NAMES_US = "position('portal-drill'::bytea in bundle_data) > 0"  # its own nodes, and those that list them
_CANARIES = [
    {"table": f"{name}_bundle", "where": _NAMES_US, "item_class": "canary", "reason": _OURS}
    for name in ("default", "security")
]

COMPONENTS: dict[str, dict[str, Any]] = {
    "database": {"service": "db", "options": {"database": "xlrelease", "rows": _CANARIES}},
    **FILES,
}

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
    "at_rest",
    "canary_query",
    "edit_canary",
    "endpoints",
    "facts",
    "healthy",
    "index_built",
    "index_items",
    "items",
    "kept_canaries",
    "probes",
    "queries",
    "read_nonces",
    "references",
    "search",
    "versions",
    "write_canary",
    "write_nonce",
]
