"""A file is there, under its name, with its mode and time, and holds nothing: a disk that was full (LR-9).

`parameter`: a path in the tree, or `oldest`: the file that was changed longest ago.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import OLDEST, repack

ROWS = (FaultRow("document", "document_library", "oldest", ("LR-9", "LR-18"), "reference_parity"),)

_EMPTY = rf"""
file=$1; [ "$file" != oldest ] || file=$({OLDEST})
stamp=$(mktemp); touch -r "$file" "$stamp"
truncate -s 0 "$file"
touch -r "$stamp" "$file"
printf '%s' "$file"
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _EMPTY, row.parameter)
