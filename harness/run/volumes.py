"""How much a capture found and how much it backed up, beside the same of a restore point before it (HCL-16)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.model.frozen import JsonValue
from harness.model.inventory import InventoryRef
from harness.model.restore_point import Artefact
from harness.run import vault


def volumes(artefacts: Iterable[Artefact], inventories: Iterable[InventoryRef]) -> dict[str, JsonValue]:
    """By component `items` of the source's inventory after the backup (None: there is none), `bytes` of the artefact,
    and how many of both are volatile at the source."""
    taken = {ref.component: ref for ref in inventories if ref.moment == "after"}
    return {a.component: _volumes(a, taken.get(a.component)) for a in artefacts}


def _volumes(artefact: Artefact, inventory: InventoryRef | None) -> dict[str, JsonValue]:
    return {
        "items": inventory.count if inventory else None,
        "bytes": artefact.size_bytes,
        "volatile_items": inventory.volatile if inventory else 0,
        "volatile_bytes": inventory.volatile_bytes if inventory else 0,
    }


def previous_volumes(folder: Path) -> JsonValue:
    """Those of the restore point in the drill's vault `folder` that is the measure, with its `id`, time and whether it
    `passed` as such; None if there is none. The capture that asks is not sealed yet, and so is not it."""
    last, passed = vault.measure(folder)
    if last is None:
        return None
    said: dict[str, JsonValue] = {"id": last.id, "captured_utc": f"{last.captured_utc:%Y-%m-%d %H:%M}"}
    return said | {"passed": passed, "components": volumes(last.artefacts, last.inventories)}
