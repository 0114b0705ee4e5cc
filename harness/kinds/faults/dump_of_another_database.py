"""The dump is of another database: the name of the artefact is right, its content is not (GEN-D1, LR-22).

`parameter`: the database of the scratch server that is dumped: the server's own one, or `renamed`: an empty one
that is called as the component's is, as on a server for tests.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_database import scratch_database

ROWS = (
    FaultRow("of_the_server", "database", "postgres", ("LR-22", "GEN-D1"), "restore"),
    FaultRow("of_the_same_name", "database", "renamed", ("LR-22", "GEN-D1"), "data_parity"),
)

_ANOTHER = """ALTER DATABASE "{0}" RENAME TO production; CREATE DATABASE "{0}" TEMPLATE template0;"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    with scratch_database(bench, row.component) as server:
        if row.parameter == "renamed":
            for statement in _ANOTHER.format(server.options.database).split("; "):
                server.change(statement, database="postgres")
            server.change("CREATE TABLE trial (id integer PRIMARY KEY); INSERT INTO trial VALUES (1)")
        server.dump(row.parameter if row.parameter != "renamed" else None)
