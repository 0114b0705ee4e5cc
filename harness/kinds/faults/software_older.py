"""The restore point was written by newer software than what it is restored with: data does not go back (XLR-D6).

`parameter`: the software; its version at the source becomes a later one.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, FaultRow

ROWS = (
    FaultRow(
        "than_at_the_source",
        "installation",
        "Roundup",
        ("XLR-D6", "GEN-D26"),
        "portal_health",
        product="xl-release-7.5",
    ),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if the restore point does not say which version it was."""
    versions = bench.restore_point.versions
    if row.parameter not in versions:
        raise CommandFailed(f"the restore point names no version of {row.parameter}")
    major, _, rest = versions[row.parameter].partition(".")
    bench.amend(versions={**versions, row.parameter: f"{int(major) + 1}.{rest}"})
