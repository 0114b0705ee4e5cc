"""The backup command exits 0 and writes nothing: buckets stayed empty for months that way (GEN-D1, HCL-17).

`parameter`: the command.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Plan

ROWS = (
    FaultRow("database", "database", "true", ("LR-22", "LR-23", "LR-24", "GEN-D1"), "capture"),
    FaultRow("documents", "document_library", "true", ("LR-9", "LR-18"), "capture"),
    FaultRow("index", "search", "true", ("LR-26", "LR-D4"), "capture"),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    command = {"backup": [row.parameter], "restore": [row.parameter]}
    silent = {"engine": "command", "engine_options": command}
    components = tuple(c.model_copy(update=silent) if c.name == row.component else c for c in plan.components)
    return plan.model_copy(update={"components": components})
