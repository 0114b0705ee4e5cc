"""Recovery time objective: from the disaster to the first correct search, by stages (LR-26, GEN-D27)."""

from __future__ import annotations

from collections.abc import Iterable

from harness.judge.objectives.spans import judged, span_s, unmeasured
from harness.model.drill import Drill
from harness.model.evidence import Evidence, Mark
from harness.model.plan import Action, Plan
from harness.model.verdict import ObjectiveResult, Stage


def rto_marks(drill: Drill, plan: Plan) -> tuple[tuple[str, str], ...]:
    """(mark, subject) of every mark that must be there before the portal counts as recovered."""
    if drill.objectives.rto_marks:
        return tuple((name, "") for name in drill.objectives.rto_marks)
    restored = tuple(("component_restored", step.subject) for step in plan.recover if step.action is Action.RESTORE)
    rebuilt = tuple(("index_consistent", step.subject) for step in plan.recover if step.action is Action.REBUILD)
    return (*restored, ("product_healthy", ""), ("first_correct_search", ""), *rebuilt)


_CHAIN = (
    "target_created",
    "artefacts_verified",
    "service_ready",
    "component_restored",
    "index_purged",
    "rewired",
    "product_started",
    "product_healthy",
    "first_correct_search",
    "index_rebuilt",
    "index_consistent",
)


def recovery_time(drill: Drill, plan: Plan, evidence: Evidence) -> ObjectiveResult:
    """RTO = last of the drill's marks − `disaster`, less the spans in which the harness itself was observing.

    Shape: stages in order that add up to `measured_s`.
    """
    limit_s, disaster = drill.objectives.rto_s, evidence.mark("disaster")
    needed = [(name, subject, evidence.mark(name, subject or None)) for name, subject in rto_marks(drill, plan)]
    lacking = [f"{name} {subject}".strip() for name, subject, mark in needed if mark is None]
    if disaster is None or lacking:
        missing = ", ".join(["disaster"] if disaster is None else lacking)
        return unmeasured("rto", limit_s, f"no mark {missing}")
    last = max((mark for _, _, mark in needed if mark), key=lambda mark: mark.at.monotonic_s)
    if span_s(disaster, last) is None:
        return unmeasured("rto", limit_s, "the marks are of two boots")
    stages = tuple(_stages(disaster, last, evidence))
    measured_s = round(sum(stage.seconds for stage in stages), 3)
    return ObjectiveResult(
        name="rto",
        outcome=judged(measured_s, limit_s),
        limit_s=limit_s,
        measured_s=measured_s,
        reason="warm cache: the harness looked at the restored data before the portal started; its time is left out",
        stages=stages,
    )


def _stages(disaster: Mark, last: Mark, evidence: Evidence) -> Iterable[Stage]:
    at = disaster.at.monotonic_s
    spans = _observing(evidence)
    for line in evidence.lines:
        if not isinstance(line, Mark) or line.name not in _CHAIN or line.at.monotonic_s < at:
            continue
        if line.at.monotonic_s > last.at.monotonic_s:
            break
        end = line.at.monotonic_s
        looking = sum(max(0.0, min(end, stop) - max(at, start)) for start, stop in spans)
        yield Stage(name=f"{line.name} {line.subject}".strip(), seconds=round(end - at - looking, 3))
        at = end


def _observing(evidence: Evidence) -> list[tuple[float, float]]:
    """Spans in which the harness looked, from start to end; what overlaps is counted once."""
    spans, opened = list[tuple[float, float]](), dict[str, float]()
    for line in evidence.lines:
        if isinstance(line, Mark) and line.name == "observing_started":
            opened[line.subject] = line.at.monotonic_s
        elif isinstance(line, Mark) and line.name == "observing_ended" and line.subject in opened:
            spans.append((opened.pop(line.subject), line.at.monotonic_s))
    apart: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
