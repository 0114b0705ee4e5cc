"""A configuration of another day lies among today's: a setting is what it was before somebody changed it (XLR-17).

`parameter`: the file, then an expression of `sed`.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

ROWS = (
    FaultRow(
        "session_timeout",
        "configuration",
        "xl-release-server.conf s/^(session.timeout.minutes)=.*/\\1=30/",
        ("XLR-17",),
        "portal_health",
        product="xl-release-7.2",
    ),
    FaultRow(
        "name_of_the_server",
        "installation",
        "conf/releases.ini s/^(name) = Releases .*/\\1 = Releases of last year/",
        ("XLR-17",),
        "portal_health",
        product="xl-release-7.5",
    ),
)

_EDIT = """file=${1%% *}; stamp=$(mktemp); cp -p "$file" "$stamp"; sed -i -E "${1#* }" "$file"
! cmp -s "$file" "$stamp"; touch -r "$stamp" "$file"
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _EDIT, row.parameter)
