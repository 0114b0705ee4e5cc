"""The index is newer than the database: it finds items that the database does not hold (design fact 3).

`parameter`: how many such items there are, numbered above every id in use.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_search import TIME, changed_snapshot

ROWS = (FaultRow("ghosts", "search", "2", ("LR-27", "LR-33", "GEN-D14"), "index_consistency"),)

FIRST_ID = 900_000


def inject(row: FaultRow, bench: FaultBench) -> None:
    with changed_snapshot(bench, row.component) as server:
        oldest = {"size": 1, "sort": [{TIME: "asc"}], "query": {"exists": {"field": TIME}}}
        hit = server.ask("POST", "/*/_search", oldest)["hits"]["hits"][0]
        for number in range(FIRST_ID, FIRST_ID + int(row.parameter)):
            ghost = hit["_source"] | {"pk": str(number), "id_filter": number}
            server.ask("POST", f"/{hit['_index']}/_update/{number}", {"doc": ghost, "doc_as_upsert": True})
