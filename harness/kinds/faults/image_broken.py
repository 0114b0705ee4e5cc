"""A service's image does not start even with empty data: that is ours, whatever the backup is worth (DESIGN 3).

`parameter`: the command that the container runs instead.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Plan
from harness.model.verdict import Outcome

ROWS = (
    FaultRow("search_server", "search", "false", ("GEN-D29",), "restore", outcome=Outcome.UNKNOWN),
    FaultRow("database_server", "database", "false", ("GEN-D29",), "restore", outcome=Outcome.UNKNOWN),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    service = plan.component(row.component).service
    broken = {"command": (row.parameter,)}
    services = tuple(s.model_copy(update=broken) if s.name == service else s for s in plan.services)
    return plan.model_copy(update={"services": services})
