"""The procedure forgets a component: its backup lies there, and nobody restores it (LR-2, LR-31).

`parameter`: the actions that are left out, by name.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Plan

_BOTH = "restore inventory_restored"

ROWS = (
    FaultRow("source_code", "source_code", _BOTH, ("LR-2", "LR-16", "LR-29"), "restore"),
    FaultRow("search_tuning", "search_tuning", _BOTH, ("LR-2", "LR-31", "LR-D1"), "restore"),
    FaultRow("repository_directory", "repository_directory", _BOTH, ("XLR-7",), "restore", product="xl-release-7.2"),
    FaultRow("installation", "installation", _BOTH, ("XLR-4", "XLR-D1"), "restore", product="xl-release-7.5"),
    FaultRow("document_library", "document_library", _BOTH, ("LR-2", "LR-9", "LR-31"), "restore"),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    forgotten = {f"{action}:{row.component}" for action in row.parameter.split()}
    kept = (step for step in plan.recover if step.id not in forgotten)
    recover = tuple(s.model_copy(update={"needs": tuple(n for n in s.needs if n not in forgotten)}) for s in kept)
    return plan.model_copy(update={"recover": recover})
