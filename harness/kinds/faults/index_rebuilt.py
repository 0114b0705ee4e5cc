"""A primary index was built anew: it exists and holds what the vendor ships, not what people wrote (LR-D1).

`parameter`: how many documents it holds then.
"""

from __future__ import annotations

from typing import Any

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_search import changed_snapshot

ROWS = (FaultRow("synonyms", "search_tuning", "2", ("LR-D1", "LR-32"), "data_parity"),)


def inject(row: FaultRow, bench: FaultBench) -> None:
    with changed_snapshot(bench, row.component) as server:
        everything: dict[str, Any] = {"query": {"match_all": {}}}
        hit = server.ask("POST", "/*/_search", everything | {"size": 1})["hits"]["hits"][0]
        server.ask("POST", "/*/_delete_by_query?refresh=true", everything)
        for number in range(int(row.parameter)):
            server.ask("PUT", f"/{hit['_index']}/_doc/shipped-{number}", hit["_source"])
