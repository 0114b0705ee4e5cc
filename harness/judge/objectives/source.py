"""What the backup did to the source: skew between its components, and downtime (design fact 8, LR-33)."""

from __future__ import annotations

from harness.judge.objectives.spans import judged, kept_canaries, span_s, unmeasured
from harness.model.drill import Drill, Group
from harness.model.evidence import Evidence, Mark
from harness.model.restore_point import RestorePoint
from harness.model.verdict import ObjectiveResult, Outcome, worst

BLIND_S = 10.0  # probes come four times a second, and wait for an answer for seconds


def group_skew(group: Group, point: RestorePoint) -> float | None:
    """Spread of the capture points of a group's members, in seconds; None if one has none."""
    artefacts = [point.artefact(name) for name in group.order]
    if not artefacts or any(a is None for a in artefacts):
        return None
    marks = sorted((a.capture_point for a in artefacts if a), key=lambda mark: mark.at.monotonic_s)
    return span_s(marks[0], marks[-1])


def skew(drill: Drill, point: RestorePoint | None, evidence: Evidence, captured_here: bool) -> ObjectiveResult:
    """The largest spread of any group, by capture points and by what canaries of each tier prove of it at least."""
    limits = [group.max_skew_s for group in drill.groups if group.max_skew_s is not None]
    limit_s = min(limits, default=None)
    if point is None:
        return unmeasured("skew", limit_s, "there is no restore point")
    if not drill.groups:
        return unmeasured("skew", None, "the drill has no group").model_copy(update={"outcome": Outcome.PASS})
    outcomes, spans, words = [], list[float](), list[str]()
    for group in drill.groups:
        spread = group_skew(group, point)
        data = _data_skew(group, evidence) if captured_here else None
        measured = None if spread is None else max(spread, data[0] if data else 0.0)
        outcomes.append(judged(measured, group.max_skew_s))
        if spread is None or measured is None:
            words.append(f"{group.name}: a member has no capture point")
            continue
        spans.append(measured)
        by_data = f", {data[0]:g} to {data[1]:g} s by data" if data and data[1] else ""
        words.append(f"{group.name}: {spread:g} s by capture points{by_data}")
    return ObjectiveResult(
        name="skew",
        outcome=worst(outcomes),
        limit_s=limit_s,
        measured_s=max(spans) if len(spans) == len(drill.groups) else None,
        reason="; ".join(words),
    )


def _data_skew(group: Group, evidence: Evidence) -> tuple[float, float] | None:
    """Seconds between the tiers, at least and at most: each is of an instant from its newest canary that survived on,
    and before its next one. None if fewer than two tiers have one that survived."""
    kept = kept_canaries(evidence)
    if kept is None:
        return None
    newest, lost = list[float](), list[float]()
    for tier in group.order:
        written = [*evidence.marks("canary_written", tier)]
        alive = [n for n, mark in enumerate(written) if kept.get((tier, int(str(mark.facts["number"]))))]
        if alive:
            newest.append(written[alive[-1]].at.monotonic_s)
            lost += [mark.at.monotonic_s for mark in written[alive[-1] + 1 :][:1]]
    if len(newest) < 2:
        return None
    at_least = max(newest) - min(lost, default=max(newest))
    return round(max(at_least, 0.0), 3), round(max(newest) - min(newest), 3)


def downtime(drill: Drill, evidence: Evidence, captured_here: bool) -> ObjectiveResult:
    """Seconds from each first failed probe to the next good one, added up; zero means below the resolution.

    Over the limit it is a FAIL, not counting single probes that failed between good ones if that took, with the time
    that they waited, no longer than it took from one good answer to the next elsewhere. UNKNOWN: for longer than the
    limit, and `BLIND_S`, nobody was answered.
    """
    limit_s = drill.objectives.downtime_s
    started, ended = evidence.mark("probing_started"), evidence.mark("probing_ended")
    if not captured_here:
        return unmeasured("downtime", limit_s, "not exercised: this run did not capture")
    if started is None or ended is None or span_s(started, ended) is None:
        return unmeasured("downtime", limit_s, "the prober did not run to its end")
    broken = evidence.mark("probe_broken")
    if broken is not None:
        return unmeasured("downtime", limit_s, f"the prober broke: {broken.facts.get('found')}")
    if ended.facts.get("probes") == 0:
        return unmeasured("downtime", limit_s, "the prober was never answered")
    resolution_s, steady_s = (float(str(ended.facts.get(name, 0.0))) for name in ("resolution_s", "steady_s"))
    total, single, down = 0.0, 0.0, None
    for line in evidence.lines:
        if isinstance(line, Mark) and line.name == "probe_failed" and down is None:
            down = line
        elif isinstance(line, Mark) and line.name in ("probe_good", "probing_ended") and down is not None:
            span = span_s(down, line)
            if span is None:
                return unmeasured("downtime", limit_s, "the marks are of two boots")
            total += span
            waited = float(str(down.facts.get("waited_s", 0.0)))
            single += span if line.facts.get("failed") == 1 and span + waited <= steady_s else 0.0
            down = None
    outcome = judged(round(total, 3), limit_s)
    reason = "" if total else "0 s means below the resolution of the probes"
    if limit_s is not None and max(total, limit_s, BLIND_S) < resolution_s:
        outcome, reason = Outcome.UNKNOWN, "for as long as the resolution nobody was answered, portal or prober"
    elif outcome is Outcome.FAIL and judged(round(total - single, 3), limit_s) is Outcome.PASS:
        outcome = Outcome.PASS
        reason = f"{single:.3g} s in single probes, each no longer than between two good answers, {steady_s:g} s"
    return ObjectiveResult(
        name="downtime",
        outcome=outcome,
        limit_s=limit_s,
        measured_s=round(total, 3),
        reason=reason,
        resolution_s=resolution_s,
    )
