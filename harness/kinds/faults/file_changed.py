"""A file's bytes are other ones, while its size and its time of change are as before: what tools that look at
size and time alone never see (LR-9, GEN-D15).

`parameter`: a path in the tree, or `oldest`: the file that was changed longest ago.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import OLDEST, repack

ROWS = (
    FaultRow("document", "document_library", "oldest", ("LR-9", "LR-18", "GEN-D8"), "data_parity"),
    FaultRow("module", "liferay_home", "osgi/modules/word-list-2.3.0.zip", ("LR-11", "LR-12"), "data_parity"),
)

_FLIP = rf"""
file=$1; [ "$file" != oldest ] || file=$({OLDEST})
at=$(($(stat -c %s "$file") / 2)); stamp=$(mktemp); touch -r "$file" "$stamp"
byte=$(od -An -tu1 -j "$at" -N 1 "$file")
printf "\\$(printf %03o $((byte ^ 255)))" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
touch -r "$stamp" "$file"
printf '%s' "$file"
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _FLIP, row.parameter)
