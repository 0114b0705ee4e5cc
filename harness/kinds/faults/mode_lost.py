"""Modes or owners of files are not those of the source: an archive tool that does not keep them (design fact 7,
GEN-D15, GEN-D16).

`parameter`: the command that does it to the paths that follow.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

ROWS = (
    FaultRow("execute_bit", "application_server", "chmod a-x bin/startup.sh", ("LR-21", "GEN-D15"), "restore"),
    FaultRow("owner_of_a_folder", "document_library", "chown 0:0 documents", ("LR-9", "GEN-D16"), "data_parity"),
    FaultRow("folder_read_only", "document_library", "chmod a-w documents", ("LR-9", "GEN-D16"), "writable"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, "$1", row.parameter)
