"""How much a capture found and how much it backed up, beside the same of the restore point before it (HCL-16)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.model.frozen import JsonValue
from harness.model.inventory import InventoryRef
from harness.model.restore_point import Artefact
from harness.run import vault


def volumes(artefacts: Iterable[Artefact], inventories: Iterable[InventoryRef]) -> dict[str, JsonValue]:
    """By component `items` of the source's inventory after the backup (None: there is none) and `bytes` of the
    artefact."""
    items = {ref.component: ref.count for ref in inventories if ref.moment == "after"}
    return {a.component: {"items": items.get(a.component), "bytes": a.size_bytes} for a in artefacts}


def previous_volumes(folder: Path) -> JsonValue:
    """Those of the newest restore point in the drill's vault `folder`, with its `id`; None if there is none. The
    capture that asks is not sealed yet, and so is not among them."""
    last = vault.newest_sound(folder)
    return {"id": last.id, "components": volumes(last.artefacts, last.inventories)} if last else None
