"""The portal runs already while a part of it is restored: what it has in memory, and keeps open, is not what then lies
on the disk (XLR-8).

`parameter`: the step behind which the component is restored.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Action, Plan

ROWS = (FaultRow("index", "search_index", "start_portal", ("XLR-8",), "restore", product="xl-release-7.5"),)


def alter(row: FaultRow, plan: Plan) -> Plan:
    late = next(step for step in plan.recover if (step.action, step.subject) == (Action.RESTORE, row.component))
    others = (
        step.model_copy(update={"needs": tuple(need for need in step.needs if need != late.id)})
        for step in plan.recover
        if step.id != late.id
    )
    recover = tuple(one for step in others for one in ([step, late] if step.id == row.parameter else [step]))
    return plan.model_copy(update={"recover": recover})
