"""A restore point under the name of another drill; thrown away after the test."""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow

ROWS = (FaultRow("drill", "pages", "other", ("GEN-D2",), "named"),)


def inject(row: FaultRow, bench: FaultBench) -> None:
    bench.amend(drill=row.parameter)
