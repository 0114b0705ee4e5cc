"""A file that no row names is among the backed up ones: left there by an overlay, or its row is lost (LR-9).

`parameter`: its path in the tree; it was changed years ago, so not while the backup ran.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

ROWS = (
    FaultRow("document", "document_library", "documents/minutes-of-1999.txt", ("LR-9", "LR-33"), "reference_parity"),
)

_ADD = r"""
folder=$(dirname "$1"); stamp=$(mktemp); touch -r "$folder" "$stamp"
echo 'Nobody has a row for this.' >"$1"
chown --reference "$folder" "$1"; chmod 644 "$1"; touch -d 2020-01-01 "$1"
touch -r "$stamp" "$folder"
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _ADD, row.parameter)
