"""What is restored is of another capture or another drill: its record says so, and nobody read it (LR-D5).

`parameter`: `artefact`: the component's backup is an earlier one, with its own entry of the record; `tree`: the
archive is that of another drill's files, as somebody put it there who took the wrong folder; else a field of the
record, and what stands there.
"""

from __future__ import annotations

import shutil

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

_IDS = ("LR-D5", "GEN-D2")

ROWS = (
    FaultRow("artefact", "database", "artefact", _IDS, "restore_point"),
    FaultRow("artefact_of_another_drill", "document_library", "tree", _IDS, "data_parity"),
    FaultRow("drill", "database", "drill intranet", _IDS, "restore_point"),
    FaultRow("product", "database", "product plain", _IDS, "restore_point"),
    FaultRow("portal", "database", "portal sql", _IDS, "restore_point"),
    FaultRow("record", "database", "id 20260101T000000Z-0000", _IDS, "restore_point"),
)


# A guest book's entries.
_ANOTHER_TREE = """find . -mindepth 1 -delete; mkdir entries; printf 'Lovely portal!\\n' >entries/1.txt
chown -R --reference=. entries"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    if row.parameter == "tree":
        repack(bench, row.component, _ANOTHER_TREE, "")
        return
    field, _, value = row.parameter.partition(" ")
    if value:
        bench.amend(**{field: value})
        return
    other = bench.other().artefact(row.component)
    assert other is not None
    shutil.rmtree(bench.artefact(row.component))
    shutil.copytree(bench.other_artefact(row.component), bench.artefact(row.component), symlinks=True)
    artefacts = bench.restore_point.artefacts
    bench.amend(artefacts=tuple(other if a.component == row.component else a for a in artefacts))
