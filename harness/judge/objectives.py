"""Recovery time, recovery point, skew and downtime, each a pure function of evidence (DESIGN 6).

Every span is in seconds between marks of one boot; a missing mark, or marks of two boots, make it UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.model.drill import Drill, Group
from harness.model.evidence import Evidence, Mark
from harness.model.plan import Action, Plan
from harness.model.restore_point import RestorePoint
from harness.model.verdict import ObjectiveResult, Outcome, Stage, TierLoss, worst


def span_s(start: Mark | None, end: Mark | None) -> float | None:
    """Seconds from `start` to `end`; None if one is missing or they are of two boots."""
    if start is None or end is None or start.at.boot_id != end.at.boot_id:
        return None
    return round(end.at.monotonic_s - start.at.monotonic_s, 3)


def judged(measured_s: float | None, limit_s: float | None) -> Outcome:
    """UNKNOWN without a measurement; without a limit it is measured and not judged."""
    if measured_s is None:
        return Outcome.UNKNOWN
    return Outcome.FAIL if limit_s is not None and measured_s > limit_s else Outcome.PASS


# ---------------------------------------------------------------- recovery time


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
        return _unknown("rto", limit_s, f"no mark {missing}")
    last = max((mark for _, _, mark in needed if mark), key=lambda mark: mark.at.monotonic_s)
    if span_s(disaster, last) is None:
        return _unknown("rto", limit_s, "the marks are of two boots")
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
    spans, opened = [], dict[str, float]()
    for line in evidence.lines:
        if isinstance(line, Mark) and line.name == "observing_started":
            opened[line.subject] = line.at.monotonic_s
        elif isinstance(line, Mark) and line.name == "observing_ended" and line.subject in opened:
            spans.append((opened.pop(line.subject), line.at.monotonic_s))
    return spans


# ---------------------------------------------------------------- recovery point


@dataclass(frozen=True)
class _Write:
    number: int
    acknowledged: Mark


def recovery_point(
    drill: Drill, point: RestorePoint | None, evidence: Evidence, tiers: Sequence[str], captured_here: bool
) -> ObjectiveResult:
    """Measured RPO over all tiers and per tier, and the worst case that the schedule allows.

    Measured: 0 if no canary is lost, else `disaster` − the acknowledgement of the last canary before the first
    lost one. Needs, per tier, an acknowledged canary before the capture point and one after it.
    """
    limit_s = drill.objectives.rpo_s
    if point is None:
        return _unknown("rpo", limit_s, "there is no restore point")
    worst_s = _worst_case(drill, point)
    if not captured_here:
        reason = "not exercised: canaries written after sealing lie in the evidence of the run that captured"
        return _unknown("rpo", limit_s, reason).model_copy(update={"worst_case_s": worst_s})
    disaster = evidence.mark("disaster")
    kept = _kept(evidence)
    losses = tuple(_tier_loss(tier, limit_s, point, evidence, disaster, kept) for tier in tiers)
    measured = [loss.measured_s for loss in losses]
    measured_s = None if None in measured or not measured else max(m for m in measured if m is not None)
    outcomes = [loss.outcome for loss in losses] + [_worst_outcome(drill, worst_s)]
    reasons = [f"{loss.tier}: {loss.reason}" for loss in losses if loss.reason]
    if worst_s is not None and limit_s is not None and worst_s > limit_s:
        reasons.append(f"worst case {worst_s:g} s by schedule is over the limit")
    return ObjectiveResult(
        name="rpo",
        outcome=worst(outcomes),
        limit_s=limit_s,
        measured_s=measured_s,
        reason="; ".join(reasons),
        per_tier=losses,
        worst_case_s=worst_s,
    )


def _kept(evidence: Evidence) -> dict[tuple[str, int], bool] | None:
    seen = evidence.observation("canaries")
    if seen is None or not isinstance(seen.data, list):
        return None
    return {(str(e["tier"]), int(str(e["number"]))): bool(e["kept"]) for e in seen.data if isinstance(e, dict)}


def _tier_loss(
    tier: str,
    limit_s: float | None,
    point: RestorePoint,
    evidence: Evidence,
    disaster: Mark | None,
    kept: Mapping[tuple[str, int], bool] | None,
) -> TierLoss:
    artefact = point.artefact(tier)
    writes = [_Write(int(str(m.facts["number"])), m) for m in evidence.marks("canary_written", tier)]
    doubtful = tuple(int(str(m.facts["number"])) for m in evidence.marks("canary_indeterminate"))

    def unknown(reason: str) -> TierLoss:
        return TierLoss(tier=tier, outcome=Outcome.UNKNOWN, measured_s=None, indeterminate=doubtful, reason=reason)

    if disaster is None or kept is None:
        return unknown("no mark disaster" if disaster is None else "it was not seen which canaries survived")
    if artefact is None:
        return unknown("the restore point has no artefact for it")
    point_s = artefact.capture_point.at.monotonic_s
    if not any(w.acknowledged.at.monotonic_s < point_s for w in writes):
        return unknown("no canary was acknowledged before its capture point")
    if not any(w.acknowledged.at.monotonic_s > point_s for w in writes):
        return unknown("no canary was acknowledged after its capture point")
    if any((tier, w.number) not in kept for w in writes):
        return unknown("it was not seen whether every canary survived")
    lost = [w for w in writes if not kept[tier, w.number]]
    survived = [w for w in writes if kept[tier, w.number]]
    if not lost:
        return TierLoss(
            tier=tier, outcome=judged(0.0, limit_s), measured_s=0.0, kept=len(survived), indeterminate=doubtful
        )
    first_lost = lost[0].number
    before = [w for w in survived if w.number < first_lost]
    gap = any(w.number > first_lost for w in survived)
    since = before[-1].acknowledged if before else writes[0].acknowledged
    measured_s = span_s(since, disaster)
    reason = "" if measured_s is not None else "the marks are of two boots"
    outcome = judged(measured_s, limit_s)
    if not survived:
        outcome, reason = Outcome.FAIL, f"all {len(lost)} canaries are lost: at least {measured_s} s"
    elif gap:
        outcome, reason = Outcome.FAIL, f"canary {first_lost} is lost, though later ones survived"
    return TierLoss(
        tier=tier,
        outcome=outcome,
        measured_s=measured_s,
        at_least=not survived,
        lost=tuple(w.number for w in lost),
        kept=len(survived),
        indeterminate=doubtful,
        reason=reason,
    )


def _worst_case(drill: Drill, point: RestorePoint) -> float | None:
    """Schedule interval + time from the first capture point until the restore point is usable + skew."""
    points = [artefact.capture_point for artefact in point.artefacts]
    sealed = point.evidence.mark("restore_point_sealed")
    if drill.schedule_s is None or not points:
        return None
    first = min(points, key=lambda mark: mark.at.monotonic_s)
    usable_s = span_s(first, sealed)
    spread = [skew for group in drill.groups if (skew := group_skew(group, point)) is not None]
    return None if usable_s is None else round(drill.schedule_s + usable_s + max(spread, default=0.0), 3)


def _worst_outcome(drill: Drill, worst_s: float | None) -> Outcome:
    if drill.objectives.rpo_s is None or drill.schedule_s is None:
        return Outcome.PASS  # nothing to hold it against: measured and not judged
    return judged(worst_s, drill.objectives.rpo_s)


# ---------------------------------------------------------------- skew and downtime


def group_skew(group: Group, point: RestorePoint) -> float | None:
    """Spread of the capture points of a group's members, in seconds; None if one has none."""
    artefacts = [point.artefact(name) for name in group.order]
    if not artefacts or any(a is None for a in artefacts):
        return None
    marks = sorted((a.capture_point for a in artefacts if a), key=lambda mark: mark.at.monotonic_s)
    return span_s(marks[0], marks[-1])


def skew(drill: Drill, point: RestorePoint | None, evidence: Evidence, captured_here: bool) -> ObjectiveResult:
    """The largest spread of any group, by capture points and by the newest surviving canary of each tier."""
    limits = [group.max_skew_s for group in drill.groups if group.max_skew_s is not None]
    limit_s = min(limits, default=None)
    if point is None:
        return _unknown("skew", limit_s, "there is no restore point")
    results: list[tuple[Outcome, float | None, Stage | None]] = []
    for group in drill.groups:
        spread = group_skew(group, point)
        data = _data_skew(group, evidence) if captured_here else None
        measured = None if spread is None else max(spread, data or 0.0)
        stage = Stage(name=f"{group.name} by capture points", seconds=spread) if spread is not None else None
        results.append((judged(measured, group.max_skew_s), measured, stage))
        if data is not None:
            results.append((Outcome.PASS, measured, Stage(name=f"{group.name} by data", seconds=data)))
    if not results:
        return _unknown("skew", None, "the drill has no group").model_copy(update={"outcome": Outcome.PASS})
    measured_all = [measured for _, measured, _ in results]
    unknown = None in measured_all
    return ObjectiveResult(
        name="skew",
        outcome=worst(outcome for outcome, _, _ in results),
        limit_s=limit_s,
        measured_s=None if unknown else max(m for m in measured_all if m is not None),
        reason="a member of a group has no capture point" if unknown else "",
        stages=tuple(stage for _, _, stage in results if stage),
    )


def _data_skew(group: Group, evidence: Evidence) -> float | None:
    kept = _kept(evidence)
    if kept is None:
        return None
    newest = []
    for tier in group.order:
        alive = [m for m in evidence.marks("canary_written", tier) if kept.get((tier, int(str(m.facts["number"]))))]
        if alive:
            newest.append(alive[-1].at.monotonic_s)
    return round(max(newest) - min(newest), 3) if len(newest) > 1 else None


def downtime(drill: Drill, evidence: Evidence, captured_here: bool) -> ObjectiveResult:
    """Seconds from each first failed probe to the next good one, added up; zero means below the resolution."""
    limit_s = drill.objectives.downtime_s
    started, ended = evidence.mark("probing_started"), evidence.mark("probing_ended")
    if not captured_here:
        return _unknown("downtime", limit_s, "not exercised: this run did not capture")
    if started is None or ended is None or span_s(started, ended) is None:
        return _unknown("downtime", limit_s, "the prober did not run to its end")
    total, down = 0.0, None
    for line in evidence.lines:
        if isinstance(line, Mark) and line.name == "probe_failed" and down is None:
            down = line
        elif isinstance(line, Mark) and line.name in ("probe_good", "probing_ended") and down is not None:
            total += span_s(down, line) or 0.0
            down = None
    return ObjectiveResult(
        name="downtime",
        outcome=judged(round(total, 3), limit_s),
        limit_s=limit_s,
        measured_s=round(total, 3),
        reason="" if total else "0 s means below the resolution of the probes",
        resolution_s=float(str(ended.facts.get("resolution_s", 0.0))),
    )


def _unknown(name: str, limit_s: float | None, reason: str) -> ObjectiveResult:
    return ObjectiveResult(name=name, outcome=Outcome.UNKNOWN, limit_s=limit_s, measured_s=None, reason=reason)
