"""A restored service runs as another user than it did: root can do everything, and so hides every lost owner and
mode until the portal is moved to where it may not (GEN-D16).

`parameter`: the user.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Plan

ROWS = (FaultRow("root", "application_server", "root", ("GEN-D16", "LR-21"), "permissions"),)


def alter(row: FaultRow, plan: Plan) -> Plan:
    service = plan.component(row.component).service
    services = tuple(s.model_copy(update={"user": row.parameter}) if s.name == service else s for s in plan.services)
    return plan.model_copy(update={"services": services})
