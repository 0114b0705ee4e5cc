"""An index is to be built anew, and its contents are not all removed before the start (XLR-13 to XLR-16).

`parameter`: `only` and the folders that are emptied, or `after` and the step after which it is done.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Action, Plan

_WHY = ("XLR-13", "XLR-14", "XLR-15", "XLR-16")
ROWS = (
    FaultRow(
        "one_left",
        "search_index",
        "only repository/index workspaces/default/index",
        _WHY,
        "restore",
        product="xl-release-7.2",
    ),
    FaultRow("after_the_start", "search_index", "after start_portal", _WHY, "restore", product="xl-release-7.2"),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    how, *words = row.parameter.split()
    if how == "only":
        components = tuple(
            c.model_copy(update={"options": {**c.options, "indexes": [*words]}}) if c.name == row.component else c
            for c in plan.components
        )
        return plan.model_copy(update={"components": components})
    purge = next(step for step in plan.recover if step.action is Action.PURGE)
    others = (
        step.model_copy(update={"needs": tuple(need for need in step.needs if need != purge.id)})
        for step in plan.recover
        if step.id != purge.id
    )
    recover = tuple(one for step in others for one in ([step, purge] if step.id == words[0] else [step]))
    return plan.model_copy(update={"recover": recover})
