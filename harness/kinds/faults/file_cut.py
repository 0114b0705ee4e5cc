"""The end of a file is missing inside a tree whose archive is whole: the disk of the source was full, or the copy that
was archived was cut (XLR-12, GEN-D2). A server may never notice.

`parameter`: how many bytes, then which files; the largest that the glob names is cut.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

ROWS = (
    FaultRow(
        "index",
        "repository_directory",
        "200 ./workspaces/default/index/*.cfs",
        ("XLR-12", "GEN-D2"),
        "data_parity",
        product="xl-release-7.2",
    ),
    FaultRow(
        "derby",
        "repository_directory",
        "200 ./workspaces/default/db/seg0/*.dat",
        ("XLR-9", "GEN-D2"),
        "data_parity",
        product="xl-release-7.2-embedded",
    ),
)

_CUT = """bytes=${1%% *}
file=$(find . -type f -path "${1#* }" -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2-)
stamp=$(mktemp); touch -r "$file" "$stamp"; truncate -s "-$bytes" "$file"; touch -r "$stamp" "$file"
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _CUT, row.parameter)
