"""A dump that an older client made: whatever it did not know of the server's objects is lost (GEN-D1, XLR-6).

The versions stand as texts in the head of the dump: its server's first, its client's second.
`parameter`: the client's major version, of as many digits as the true one.
"""

from __future__ import annotations

import re

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.engines.pg_dump import DUMP

ROWS = (
    FaultRow("major_version", "database", "13", ("LR-22", "GEN-D1"), "restore"),
    FaultRow("of_the_repository", "database", "13", ("XLR-6", "GEN-D1"), "restore", product="xl-release-7.2"),
    FaultRow("of_the_archive", "archive_database", "13", ("XLR-6", "GEN-D1"), "restore", product="xl-release-7.5"),
)

_HEAD = 4096


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if the head does not name two versions."""
    path = bench.artefact(row.component) / DUMP
    with path.open("r+b") as file:
        versions = [*re.finditer(rb"\b1\d\.\d+(?: \([^)]*\))?\x00", (head := file.read(_HEAD)))]
        versions = versions or [*re.finditer(rb"1\d\.\d+ \(Debian[^)]*\)", head)]
        if len(versions) != 2:
            raise CommandFailed(f"the head of {DUMP} names {len(versions)} versions, not 2")
        file.seek(versions[1].start())
        file.write(row.parameter.encode())
