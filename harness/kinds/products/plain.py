"""A system of your own: no document demands anything, so the drill file spells out every component."""

from __future__ import annotations

from harness.kinds.contracts import ProductComponent

NAME = "plain"
TITLE = "a system of your own"
PORTAL = None
COMPONENTS: dict[str, ProductComponent] = {}
GROUPS: dict[str, tuple[str, ...]] = {}
RESTORE_ORDER: tuple[str, ...] = ()
DEFAULT_CHECKS = ("portal_health", "data_parity", "freshness", "writable", "isolation", "teardown")
