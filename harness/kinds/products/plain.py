"""A system of your own: no document demands anything, so the drill file spells out every component."""

from __future__ import annotations

from harness.kinds.contracts import ProductComponent

NAME = "plain"
TITLE = "a system of your own"
PORTAL = None
COMPONENTS: dict[str, ProductComponent] = {}
GROUPS: dict[str, tuple[str, ...]] = {}
RESTORE_ORDER: tuple[str, ...] = ()
RESTORED_BEFORE: tuple[tuple[str, str, str], ...] = ()
DEFAULT_CHECKS = (
    "coverage",
    "source_health",
    "portal_health",
    "data_parity",
    "permissions",
    "freshness",
    "skew",
    "inventory_volume",
    "writable",
    "isolation",
    "teardown",
)
