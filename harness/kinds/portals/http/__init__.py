"""A portal of your own, described in the drill file: its requests, and where their answers hold what matters.

Nothing here knows a product. `drills/README.md` explains the options; `extract.py` is the whole language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from harness.errors import CommandFailed
from harness.kinds.contracts import PortalAccess, PortalKind, Query
from harness.kinds.portals.http import installation, lists, writes
from harness.kinds.portals.http.client import Client
from harness.kinds.portals.http.fit import misfits
from harness.kinds.portals.http.health import facts, healthy, probes, versions
from harness.kinds.portals.http.lists import items, queries, search
from harness.kinds.portals.http.options import Options
from harness.kinds.portals.http.writes import (
    edit_canary,
    kept_canaries,
    read_nonces,
    write_canary,
    write_nonce,
)
from harness.model.frozen import JsonValue
from harness.model.restore_point import Canary

TITLE = "HTTP"
VENDOR_OF: frozenset[str] = frozenset()
SERVICE = "web"
PORT = 8080
# These three, and what the portal can do besides, come from the options: see `shaped`.
CONTENT_TIER = "database"
INDEX_TIER: str | None = None
TIERS: tuple[str, ...] = ()
COMPONENTS: dict[str, dict[str, Any]] = {}


def canary_query(canary: Canary) -> Query | None:
    """Without options nobody knows what a write is called in a search."""
    return None


def example(content_tier: str) -> str:
    """`example.yaml`, to begin a description from."""
    return Path(__file__).with_name("example.yaml").read_text(encoding="utf-8").replace("CONTENT_TIER", content_tier)


def shaped(options: Mapping[str, JsonValue]) -> PortalKind:
    """The portal that the options describe: its own tiers, and only the capabilities that they give it."""
    given = Options.model_validate(options)

    kind = SimpleNamespace(**{name: globals()[name] for name in __all__})
    kind.canary_query = partial(writes.canary_query, given)
    kind.TITLE, kind.VENDOR_OF = given.title, frozenset(given.vendor_of)
    kind.CONTENT_TIER, kind.INDEX_TIER, kind.TIERS = given.content_tier, given.index_tier, given.tiers
    if given.index:
        kind.index_items = lists.index_items
    if given.reindex:
        kind.reindex = _reindex
    if given.references:
        kind.REFERENCED, kind.references = installation.referenced(given), installation.references
    if given.stop:
        kind.shut_down = installation.shut_down
    if given.rest or given.locks:
        kind.at_rest = installation.at_rest
    if given.moved:
        kind.placed = installation.placed
    if given.configuration:
        kind.endpoints = installation.endpoints
    if given.places:
        kind.places = installation.places
    if given.scripts:
        kind.SCRIPTS = installation.scripts(given)
    if any(one.inventory for one in given.content):
        kind.inventory_keys = partial(lists.inventory_keys, given)
    return cast(PortalKind, kind)


def _reindex(access: PortalAccess, timeout_s: float) -> None:
    client = Client(access)
    how = client.options.reindex
    if how is None:
        raise CommandFailed("the drill file does not say how the index is rebuilt")
    if how.request:
        client.send(how.request, {}, timeout_s=timeout_s)
    else:
        shell = access.stack.shell(how.service or access.portal.service)
        shell.run(how.command or [], user=how.user, timeout_s=timeout_s).ok()


__all__ = [
    "COMPONENTS",
    "CONTENT_TIER",
    "INDEX_TIER",
    "PORT",
    "SERVICE",
    "TIERS",
    "TITLE",
    "VENDOR_OF",
    "Options",
    "canary_query",
    "edit_canary",
    "example",
    "facts",
    "healthy",
    "items",
    "kept_canaries",
    "misfits",
    "probes",
    "queries",
    "read_nonces",
    "search",
    "shaped",
    "versions",
    "write_canary",
    "write_nonce",
]
