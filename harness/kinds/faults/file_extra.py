"""The artefact holds what the source does not: a file that was deleted long ago, or is of another place (fact 5).

`parameter`: path of the file.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

ROWS = (
    FaultRow("document", "document_library", "documents/deleted-last-year.txt", ("LR-9", "LR-31"), "data_parity"),
    FaultRow("deployment", "application_server", "webapps/old.war", ("LR-19", "LR-31"), "data_parity"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, 'echo left over >"$1"; chown --reference=. "$1"', row.parameter)
