"""A role is not in the file of roles: it was made by hand, or the roles of the cluster were never dumped (GEN-D4).

`parameter`: the role's name; every line that names it goes. Where rights hang on it, the dump does not load; where
none do, nothing is said.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.engines.pg_dump import ROLES

ROWS = (
    FaultRow("with_rights", "database", "reporting", ("LR-22", "GEN-D4"), "restore"),
    FaultRow("without_rights", "database", "analyst", ("LR-22", "GEN-D4"), "data_parity"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if the file does not name the role."""
    path = bench.artefact(row.component) / ROLES
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if row.parameter.encode() not in line]
    if len(kept) == len(lines):
        raise CommandFailed(f"{ROLES} does not name the role {row.parameter}")
    path.write_bytes(b"".join(kept))
