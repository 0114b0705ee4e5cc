"""A dump that was cut where one statement ends and the next would begin: it loads without an error (GEN-D2).

`parameter`: `roles`: the file of roles ends after a whole statement in its middle, so that psql ends with 0. A
number: the dump ends after the data of so many tables: the others are empty, no index or constraint is made.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.engines.pg_dump import ROLES
from harness.kinds.faults._scratch_database import scratch_database

ROWS = (
    FaultRow("roles", "database", "roles", ("LR-22", "GEN-D2", "GEN-D4"), "restore"),
    FaultRow("tables", "database", "20", ("LR-22", "GEN-D2"), "data_parity"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    if row.parameter == "roles":
        path = bench.artefact(row.component) / ROLES
        text = path.read_bytes()
        path.write_bytes(text[: text.index(b";\n", len(text) // 2) + 2])
        return
    with scratch_database(bench, row.component, int(row.parameter)) as server:
        server.dump()
