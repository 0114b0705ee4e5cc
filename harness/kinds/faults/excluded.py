"""A pattern of exclusion that matches more than was meant, in the names of files and folders (GEN-D19, LR-15).

`parameter`: conditions of `find`; what matches is not in the artefact.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

ROWS = (
    FaultRow(
        "data_that_is_called_log", "liferay_home", "-path ./data/\\* -name \\*.log", ("LR-8", "GEN-D19"), "data_parity"
    ),
    FaultRow("logs", "liferay_home", "-path ./logs/\\*", ("LR-14", "LR-15", "GEN-D19"), "data_parity"),
    FaultRow("empty_folders", "liferay_home", "-type d -empty", ("LR-8", "GEN-D15"), "data_parity"),
)

_EXCLUDE = """test -n "$(eval "find . -mindepth 1 $1 -print -quit")"; eval "find . -mindepth 1 -depth $1 -delete" """


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _EXCLUDE, row.parameter)
