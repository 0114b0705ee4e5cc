"""Files are backed up before the database that refers to them, while people write: exactly what is added in between
is lost (LR-33, design fact 2).

`parameter`: the component that is backed up first; `component` is the one that is backed up last.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Action, Plan

ROWS = (FaultRow("documents_first", "database", "document_library", ("LR-33", "LR-D5", "LR-9"), "reference_parity"),)


def alter(row: FaultRow, plan: Plan) -> Plan:
    """The other components are backed up in between, so that canaries are written meanwhile."""
    order = {row.parameter: 0, row.component: 2}
    backups = [step for step in plan.capture if step.action is Action.BACK_UP]
    reversed_ = iter(sorted(backups, key=lambda step: order.get(step.subject, 1)))
    capture = tuple(next(reversed_) if step.action is Action.BACK_UP else step for step in plan.capture)
    return plan.model_copy(update={"capture": capture})
