"""The portal is not at rest while it is backed up: nobody stopped it, or something started it again (XLR-3).

`parameter`: the step that is left out; or, after `before`, the step before which the portal is started again.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Action, Plan, Step

_WHY = ("XLR-3", "XLR-D7")
ROWS = (
    FaultRow("never_stopped", "repository_directory", "stop_source_portal", _WHY, "capture", product="xl-release-7.2"),
    FaultRow(
        "started_again",
        "repository_directory",
        "start_source_portal before back_up:repository_directory",
        _WHY,
        "capture",
        product="xl-release-7.2",
    ),
    FaultRow("server_and_job", "installation", "stop_source_portal", ("XLR-3",), "capture", product="xl-release-7.5"),
    FaultRow(
        "started_while_copied",
        "installation",
        "start_source_portal before back_up:installation",
        ("XLR-3",),
        "capture",
        product="xl-release-7.5",
    ),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    name, _, before = row.parameter.partition(" before ")
    steps: list[Step] = []
    for step in plan.capture:
        if step.id == before:
            usual = next(one for one in plan.capture if one.id == name)
            steps.append(usual.model_copy(update={"id": f"{Action(name)}:again", "needs": step.needs}))
        if before or step.id != name:
            needs = tuple(need for need in step.needs if before or need != name)
            steps.append(step.model_copy(update={"needs": needs}))
    return plan.model_copy(update={"capture": tuple(steps)})
