"""Recovery point objective: how much was lost, by numbered writes, and the worst case (design fact 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.judge.objectives.source import group_skew
from harness.judge.objectives.spans import judged, kept_canaries, span_s, unmeasured
from harness.model.drill import Drill
from harness.model.evidence import Evidence, Mark
from harness.model.restore_point import Artefact, RestorePoint
from harness.model.verdict import ObjectiveResult, Outcome, TierLoss, worst


@dataclass(frozen=True)
class _Write:
    number: int
    acknowledged: Mark


def recovery_point(
    drill: Drill, point: RestorePoint | None, evidence: Evidence, tiers: Sequence[str], captured_here: bool
) -> ObjectiveResult:
    """Measured RPO over all tiers and per tier, and the worst case that the schedule allows.

    Measured: 0 if no canary is lost, else `disaster` − the acknowledgement of the last canary before the first
    lost one. Needs, per tier, an acknowledged canary before the capture point and one after it. While a capture runs,
    a tree may take a later write and miss an earlier one: that is lost, and no gap.
    """
    limit_s = drill.objectives.rpo_s
    if point is None:
        return unmeasured("rpo", limit_s, "there is no restore point")
    worst_s = _worst_case(drill, point)
    if not captured_here:
        reason = "not exercised: canaries written after sealing lie in the evidence of the run that captured"
        return unmeasured("rpo", limit_s, reason).model_copy(update={"worst_case_s": worst_s})
    if not tiers:
        reason = "no component has the name of a tier that the portal writes canaries to"
        return unmeasured("rpo", limit_s, reason).model_copy(update={"worst_case_s": worst_s})
    disaster = evidence.mark("disaster")
    kept = kept_canaries(evidence)
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
    known = {w.number for w in writes}  # a write of which another tier's answer alone is missing is none in doubt here
    doubted = (int(str(m.facts["number"])) for m in evidence.marks("canary_indeterminate"))
    doubtful = tuple(number for number in doubted if number not in known)

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
    before = [w for w in survived if w.number < lost[0].number]
    since = before[-1].acknowledged if before else writes[0].acknowledged
    measured_s = span_s(since, disaster)
    reason = "" if measured_s is not None else "the marks are of two boots"
    outcome = judged(measured_s, limit_s)
    if not survived:
        outcome, reason = Outcome.FAIL, f"all {len(lost)} canaries are lost: at least {measured_s} s"
    elif later := [w for w in survived if w.number > lost[0].number]:
        gap = _is_gap(lost, later, artefact, evidence)
        outcome = Outcome.FAIL if gap else outcome
        meanwhile = "" if gap else ": all of it while the capture ran"
        reason = f"canary {lost[0].number} is lost, though later ones survived{meanwhile}"
    return TierLoss(
        tier=tier,
        outcome=outcome,
        measured_s=measured_s,
        at_least=not before,
        lost=tuple(w.number for w in lost),
        kept=len(survived),
        indeterminate=doubtful,
        reason=reason,
    )


def _is_gap(lost: Sequence[_Write], later: Sequence[_Write], artefact: Artefact, evidence: Evidence) -> bool:
    """Whether one that was sure to be in the artefact is lost, or one that was sure not to be survived, with another
    one lost before it: acknowledged before the capture began, or begun, after the one before it, when it had ended."""
    started_s, finished_s = artefact.started.at.monotonic_s, artefact.finished.at.monotonic_s
    if any(w.acknowledged.at.monotonic_s < started_s and w.number < later[-1].number for w in lost):
        return True
    names = ("canary_written", "canary_indeterminate", "canary_refused")
    ended = [(int(str(m.facts["number"])), m.at.monotonic_s) for name in names for m in evidence.marks(name)]
    return any(number < later[-1].number and end_s > finished_s for number, end_s in ended)


def _worst_case(drill: Drill, point: RestorePoint) -> float | None:
    """Schedule interval + time from the first capture point until the restore point is usable + skew: what is lost at
    worst by whoever backs up as often as the drill says (XLR-1)."""
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
