"""The restore point was edited so that it agrees with its damage: by hand, or by a tool that "repairs" (LR-D5).

`parameter`: what was made to agree: `manifest`: the artefact's sizes and digests; `inventories`: also the lists of
what the source held; `record`: also what the record says of these lists. What nobody could find out any more: all
of that, and the capture's evidence inside the record as well.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack
from harness.model.inventory import InventoryRef
from harness.model.verdict import Outcome

LOST = "data/journal/data.log"  # that no other check asks for

ROWS = (
    FaultRow("manifest", "liferay_home", "manifest", ("LR-D5", "LR-8"), "data_parity"),
    FaultRow("inventories", "liferay_home", "inventories", ("LR-D5", "LR-8"), "data_parity", outcome=Outcome.UNKNOWN),
    FaultRow("record", "liferay_home", "record", ("LR-D5", "LR-8"), "restore_point"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    """The caller seals the copy anew: the manifests agree in every row."""
    repack(bench, row.component, 'rm "$1"', LOST)
    if row.parameter == "manifest":
        return
    folder = bench.artefact(row.component).parents[1]
    refs = tuple(
        _without(ref, folder / ref.path) if ref.component == row.component else ref
        for ref in bench.restore_point.inventories
    )
    if row.parameter == "record":
        bench.amend(inventories=refs)


def _without(ref: InventoryRef, path: Path) -> InventoryRef:
    """The inventory at `path` rewritten without the lost file; what its entry in the record would be."""
    with gzip.open(path, "rb") as lines:
        kept = [line for line in lines if json.loads(line)[0] != LOST]
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.writelines(kept)
    return ref.model_copy(update={"count": len(kept), "sha256": hashlib.sha256(b"".join(kept)).hexdigest()})
