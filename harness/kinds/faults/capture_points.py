"""An artefact is of another instant than the rest, or than it claims: a backup that ran over midnight, files copied
before the database that refers to them, a dump that was taken again after the others (LR-24, LR-33, design facts 2, 8).

The artefacts stay as they are; the record of when they were taken is changed, as if a job had written it so.
`parameter`: `end` (the capture ended then) or `all` (it began, stood for and ended then), and seconds that are added.
"""

from __future__ import annotations

from datetime import timedelta

from harness.kinds.contracts import FaultBench, FaultRow
from harness.model.evidence import Mark

_IDS = ("LR-24", "LR-33", "LR-D5")

ROWS = (
    FaultRow("ten_minutes_apart", "document_library", "end 600", ("LR-33", "LR-D5"), "skew"),
    FaultRow("files_before_database", "document_library", "all -60", _IDS, "skew"),
    FaultRow("newer_than_it_claims", "database", "all -60", _IDS, "skew"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    what, _, seconds = row.parameter.partition(" ")
    moved = ("started", "finished", "capture_point") if what == "all" else ("finished", "capture_point")
    point = bench.restore_point
    struck = next(artefact for artefact in point.artefacts if artefact.component == row.component)
    later = {name: _later(getattr(struck, name), float(seconds)) for name in moved}
    lines = list(point.evidence.lines)  # which says the same as the record, or restore_point would notice
    for name, mark in later.items():
        lines = [mark if line == getattr(struck, name) else line for line in lines]
    artefacts = [a.model_copy(update=later) if a is struck else a for a in point.artefacts]
    bench.amend(artefacts=tuple(artefacts), evidence=point.evidence.model_copy(update={"lines": tuple(lines)}))


def _later(mark: Mark, seconds: float) -> Mark:
    at = mark.at.model_copy(
        update={
            "monotonic_s": mark.at.monotonic_s + seconds,
            "utc": mark.at.utc + timedelta(seconds=seconds),
        }
    )
    return mark.model_copy(update={"at": at})
