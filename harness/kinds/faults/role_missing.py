"""A role, or a setting of all roles, is not in its file: it was made by hand, or never dumped (GEN-D4).

`parameter`: its name; every line that names it goes. Where rights hang on a role, the dump does not load; where none
do, nothing is said.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.engines.pg_dump import ROLES, SETTINGS

ROWS = (
    FaultRow("with_rights", "database", "reporting", ("LR-22", "GEN-D4"), "restore"),
    FaultRow("without_rights", "database", "analyst", ("LR-22", "GEN-D4"), "data_parity"),
    FaultRow("setting_of_all", "database", "idle_in_transaction_session_timeout", ("LR-22", "GEN-D4"), "data_parity"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if no file names it."""
    found = False
    for path in (bench.artefact(row.component) / name for name in (ROLES, SETTINGS)):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if row.parameter.encode() not in line]
        found = found or len(kept) < len(lines)
        path.write_bytes(b"".join(kept))
    if not found:
        raise CommandFailed(f"neither {ROLES} nor {SETTINGS} names {row.parameter}")
