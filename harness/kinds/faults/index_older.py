"""The index is older than the database: the last items are not in it, earlier edits are not in it either
(XLR-12, LR-33, design fact 3).

`parameter`: how many of the newest items are left out, and how many before them are of their revision before.
What the drill itself wrote stays as it is: written in the last second before the backup or while it ran, an
item may differ, and is skew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_search import TIME, ScratchServer, changed_snapshot

_IDS = ("LR-26", "LR-27", "LR-32", "LR-33", "GEN-D14")

ROWS = (
    FaultRow("missing_and_stale", "search", "3 missing, 2 stale", _IDS, "index_consistency"),
    FaultRow("stale", "search", "0 missing, 1 stale", _IDS, "index_consistency"),
)

REVISION = "live_revision_id_filter"


def inject(row: FaultRow, bench: FaultBench) -> None:
    missing, stale = (int(part.split()[0]) for part in row.parameter.split(", "))
    survey = bench.restore_point.evidence.observation("survey")  # the drill writes only after it
    instant = survey.at.utc if survey else bench.restore_point.captured_utc
    with changed_snapshot(bench, row.component) as server:
        newest = _newest_before(server, instant, missing + stale)
        for hit in newest[:missing]:
            server.ask("DELETE", f"/{hit['_index']}/_doc/{hit['_id']}")
        for hit in newest[missing:]:
            older = {"doc": {REVISION: int(hit["_source"][REVISION]) - 1}}
            server.ask("POST", f"/{hit['_index']}/_update/{hit['_id']}", older)


def _newest_before(server: ScratchServer, instant: datetime, count: int) -> list[dict[str, Any]]:
    """Raises: CommandFailed if there are not as many."""
    query = {
        "size": count,
        "sort": [{TIME: "desc"}],
        "_source": [TIME, REVISION],
        "query": {
            "bool": {"filter": [{"exists": {"field": REVISION}}, {"range": {TIME: {"lt": instant.isoformat()}}}]}
        },
    }
    hits: list[dict[str, Any]] = server.ask("POST", "/*/_search", query)["hits"]["hits"]
    if len(hits) != count:
        raise CommandFailed(f"the index holds {len(hits)} items of before {instant}, not {count}")
    return hits
