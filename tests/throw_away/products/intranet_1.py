"""Intranet 1, thrown away after the test: what its one page of instructions demands."""

from __future__ import annotations

from harness.kinds.contracts import ProductComponent

NAME = "intranet-1"
TITLE = "Intranet 1"
PORTAL = "in_memory"
COMPONENTS = {
    "pages": ProductComponent(
        kind="ledger", engine="copy", requirements=("GEN-D2",), why="every page that people wrote"
    ),
}
GROUPS: dict[str, tuple[str, ...]] = {}
RESTORE_ORDER = ("pages",)
RESTORED_BEFORE: tuple[tuple[str, str, str], ...] = ()
DEFAULT_CHECKS = ("data_parity", "named", "teardown")
