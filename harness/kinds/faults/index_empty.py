"""The snapshot succeeded and holds every index, but no document (LR-27, LR-D1): counts of indexes say nothing.

`parameter`: names or patterns of the indexes that are emptied.
"""

from __future__ import annotations

from typing import Any

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_search import changed_snapshot

ROWS = (
    FaultRow("derived", "search", "*", ("LR-26", "LR-27", "LR-32", "GEN-D13"), "index_consistency"),
    FaultRow("primary", "search_tuning", "*", ("LR-D1",), "data_parity"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    with changed_snapshot(bench, row.component) as server:
        everything: dict[str, Any] = {"query": {"match_all": {}}}
        server.ask("POST", f"/{row.parameter}/_delete_by_query?refresh=true", everything)
