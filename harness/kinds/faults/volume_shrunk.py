"""The backup is a small part of the last one, and everything says that it succeeded (HCL-16, GEN-D2, GEN-D19).

The artefacts stay as they are; what was recorded of the restore point before is made larger, since a source cannot
be made to have held ten times as much.
`parameter`: how many times as many items and bytes the last restore point held.
"""

from __future__ import annotations

from harness.errors import HarnessBroken
from harness.kinds.contracts import FaultBench, FaultRow
from harness.model.evidence import AT_SOURCE, Line, Observation

ROWS = (FaultRow("tenth", "document_library", "10", ("HCL-16", "LR-14", "GEN-D2", "GEN-D19"), "inventory_volume"),)


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: HarnessBroken if the restore point has none before it."""
    evidence = bench.restore_point.evidence
    lines = tuple(_larger(line, row) if _is_record(line) else line for line in evidence.lines)
    bench.amend(evidence=evidence.model_copy(update={"lines": lines}))


def _is_record(line: Line) -> bool:
    return isinstance(line, Observation) and (line.name, line.subject) == ("inventory_volume", AT_SOURCE)


def _larger(line: Line, row: FaultRow) -> Line:
    data = line.data if isinstance(line, Observation) else None
    previous = data.get("previous") if isinstance(data, dict) else None
    held = previous.get("components") if isinstance(previous, dict) else None
    volumes = held.get(row.component) if isinstance(held, dict) else None
    if not isinstance(volumes, dict):
        raise HarnessBroken(f"there is no restore point before this one that holds {row.component}")
    larger = {what: int(str(count)) * int(row.parameter) for what, count in volumes.items()}
    components = {**held, row.component: larger}  # type: ignore[dict-item]
    return line.model_copy(update={"data": {**data, "previous": {**previous, "components": components}}})  # type: ignore[dict-item]
