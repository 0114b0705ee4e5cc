"""The index holds the text of before an edit, under the right id and revision: searches find what nobody reads any
more, and comparing ids shows nothing (LR-27, LR-33).

`parameter`: how many edited pages.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_search import changed_snapshot

ROWS = (FaultRow("edited_pages", "search", "2", ("LR-26", "LR-27", "LR-33", "GEN-D14"), "data_parity"),)

_BODY = "portal_contentpage__body"
_EDITED = "Read again and corrected by the editors."  # how the seed ends an edited page


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if the index does not hold as many edited pages."""
    with changed_snapshot(bench, row.component) as server:
        query = {
            "size": int(row.parameter),
            "sort": [{"id_filter": "asc"}],
            "query": {"match_phrase": {_BODY: _EDITED}},
        }
        hits = server.ask("POST", "/*/_search", query)["hits"]["hits"]
        if len(hits) != int(row.parameter):
            raise CommandFailed(f"the index holds {len(hits)} edited pages, not {row.parameter}")
        for hit in hits:
            older = {"doc": {_BODY: hit["_source"][_BODY].removesuffix(_EDITED).rstrip()}}
            server.ask("POST", f"/{hit['_index']}/_update/{hit['_id']}", older)
