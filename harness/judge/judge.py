"""Evidence in, verdict out. A check that crashes yields UNKNOWN, never PASS or FAIL (DESIGN 5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from harness import __version__
from harness.errors import HarnessBroken
from harness.judge import objectives
from harness.kinds import registry
from harness.kinds.contracts import Judgement, LeavesOut, Loosens, Record, joined
from harness.model.drill import CheckUse, Drill
from harness.model.evidence import EndLine, Evidence, Seen, StepState
from harness.model.inventory import Difference
from harness.model.plan import Plan
from harness.model.restore_point import FaultNote, RestorePoint
from harness.model.verdict import OBJECTIVES, CheckResult, ObjectiveResult, Outcome, Verdict, worst

CLOCK_S = 1.0  # so far the clock may be set in a run: what is told by times is told to the second


def judge(drill: Drill, plan: Plan, point: RestorePoint | None, evidence: Evidence) -> Verdict:
    """The verdict of one run.

    Given: `point` as loaded from the vault, None if the capture did not come to one.
    Shape: every check of the drill that was planned, in its order; the four objectives.
    """
    started = evidence.mark("run_started")
    captured_here = evidence.mark("capture_began") is not None
    record = Record(drill, plan, point, evidence, captured_here, _differences(plan, evidence))
    only = plan.only_checks
    checks = tuple(
        _cut_short(_excused(_judge_check(use, record), record), record)
        for use in drill.checks
        if (not only or _chosen(use, only)) and _exercised(use, record)
    )
    results = {} if only and not set(only) & set(OBJECTIVES) else _objectives(record)
    if only:
        results = {name: result for name, result in results.items() if name in only}
    doubts = list(_doubts(record))
    partial = (*_partial(record), *doubts)
    shown = worst(check.outcome for check in checks)  # without a check UNKNOWN, whatever the objectives say
    outcome = worst([shown, *(r.outcome for name, r in results.items() if _counts(name, r, record))])
    if outcome is Outcome.PASS and (not evidence.complete or doubts):
        outcome = Outcome.UNKNOWN
    fault = _fault(point, evidence)
    return Verdict(
        harness_version=__version__,
        drill=drill.name,
        drill_sha256=drill.sha256,
        product=drill.product,
        portal=drill.portal.kind,
        versions=point.versions if point else {},
        stand_in=drill.stand_in,
        run=str(started.facts["run"]) if started else "",
        restore_point=point.id if point else None,
        captured_utc=point.captured_utc if point else None,
        started_utc=started.at.utc if started else _first_instant(evidence),
        outcome=outcome,
        recovered=outcome is Outcome.PASS and fault is None and not partial,
        partial=partial,
        checks=checks,
        objectives=results,
        faults=fault,
        evidence_sha256=evidence.sha256,
    )


def _chosen(use: CheckUse, only: tuple[str, ...]) -> bool:
    """In a partial run too: the checks without which no other means anything (DESIGN 5)."""
    return use.name in only or registry.check(use.name).ALWAYS


def _exercised(use: CheckUse, record: Record) -> bool:
    kind = registry.check(use.name)
    return not isinstance(kind, LeavesOut) or kind.exercised(record)


def _objectives(record: Record) -> dict[str, ObjectiveResult]:
    drill, evidence, here = record.drill, record.evidence, record.captured_here
    tiers = registry.portal_of(drill.portal).TIERS
    covered = tuple(tier for tier in tiers if any(c.name == tier for c in drill.components))
    found = {
        "rto": objectives.recovery_time(drill, record.plan, evidence),
        "rpo": objectives.recovery_point(drill, record.restore_point, evidence, covered, here),
        "skew": objectives.skew(drill, record.restore_point, evidence, here),
        "downtime": objectives.downtime(drill, evidence, here),
    }
    lacked = _troubles(record)
    for name in ("rto", "rpo"):  # the others are of the source
        if lacked and found[name].outcome is Outcome.FAIL:
            reason = f"{lacked}; {found[name].reason}"
            found[name] = found[name].model_copy(update={"outcome": Outcome.UNKNOWN, "reason": reason})
    return found


def _counts(name: str, result: ObjectiveResult, record: Record) -> bool:
    """What a run that did not capture cannot measure is listed as not exercised, and not judged."""
    return record.captured_here or name not in ("rpo", "downtime")


def _judge_check(use: CheckUse, record: Record) -> CheckResult:
    """The check's own judgement, or UNKNOWN with the reason why it has none."""
    kind = registry.check(use.name)
    seen = record.evidence.observation(use.name, "")
    if seen is not None and seen.seen is Seen.REFUSED and Outcome.FAIL in kind.OUTCOMES:
        return _no_answer(use, f"what was restored refuses: {seen.reason}", Outcome.FAIL)
    for look in (seen, record.at_source(use.name)):
        if look is not None and look.seen is not Seen.SEEN:
            return _no_answer(use, f"its observation {look.seen.replace('_', ' ')}: {look.reason}")
    try:
        found = kind.judge(record, registry.options(kind, use.options))
    except Exception as error:
        return _no_answer(use, f"the check crashed while judging: {type(error).__name__}: {error}")
    if found.outcome not in kind.OUTCOMES:
        return _no_answer(use, f"the check gave {found.outcome}, which it does not declare")
    return _result(use, found)


def _result(use: CheckUse, found: Judgement) -> CheckResult:
    kind = registry.check(use.name)
    return CheckResult(
        name=use.name,
        when=found.when or kind.WHEN,
        outcome=found.outcome,
        expected=found.expected,
        found=found.found,
        items=found.items,
        requirements=kind.REQUIREMENTS,
    )


def _excused(result: CheckResult, record: Record) -> CheckResult:
    """A FAIL that was seen in a sandbox which lacked memory or room, or was held still, shows nothing of the backup:
    ours (DESIGN 3). The checks that are always made judge steps and manifests, which say by themselves whose it is."""
    lacked = _troubles(record, result.when)
    if result.outcome is not Outcome.FAIL or not lacked or registry.check(result.name).ALWAYS:
        return result
    return result.model_copy(update={"outcome": Outcome.UNKNOWN, "found": f"{lacked}; then found: {result.found}"})


def _cut_short(result: CheckResult, record: Record) -> CheckResult:
    """What is not known of an interrupted run says first that it was interrupted."""
    mark = record.evidence.mark("interrupted")
    if mark is None or result.outcome is not Outcome.UNKNOWN or (reason := str(mark.facts["reason"])) in result.found:
        return result
    where = f" in step {mark.subject}" if mark.subject else ""
    return result.model_copy(update={"found": f"{reason}{where}; {result.found}"})


def _troubles(record: Record, when: str | None = None) -> str:
    """What the sandbox lacked at this moment or, without one, at any; empty if nothing was noted."""
    noted = list(record.evidence.observations("troubles", when))
    words = [str(each) for seen in noted if isinstance(seen.data, list) for each in seen.data]
    words += [f"it is not known what the sandbox lacked: {n.reason}" for n in noted if n.seen is not Seen.SEEN]
    return joined(dict.fromkeys(words))


def _no_answer(use: CheckUse, reason: str, outcome: Outcome = Outcome.UNKNOWN) -> CheckResult:
    return _result(use, Judgement(outcome, "an answer", reason))


def _differences(plan: Plan, evidence: Evidence) -> dict[str, Difference]:
    """In the plan's order: they are looked for at once, and seen in any."""
    seen = {one.subject: one for one in evidence.observations("difference") if one.seen is Seen.SEEN}
    return {c.name: Difference.model_validate(seen[c.name].data) for c in plan.components if c.name in seen}


def _partial(record: Record) -> list[str]:
    """What this run did not exercise; anything here and it is no proof of recovery."""
    lacking = [f"only the checks {', '.join(record.plan.only_checks)}"] if record.plan.only_checks else []
    if record.plan.only_components:
        lacking.append(f"all but the components {', '.join(record.plan.only_components)}; no portal was started")
    if not record.captured_here:
        lacking.append("the capture, measured RPO and downtime: recovered from an earlier restore point")
    lacking += [f"{waiver.what}: waived until {waiver.until}, {waiver.reason}" for waiver in record.drill.waivers]
    lacking += record.plan.uncovered
    for use in record.drill.checks:
        kind = registry.check(use.name)
        if isinstance(kind, Loosens):
            lacking += [f"{use.name}: {what}" for what in kind.loosened(registry.options(kind, use.options))]
        if isinstance(kind, LeavesOut) and (not record.plan.only_checks or _chosen(use, record.plan.only_checks)):
            lacking += [f"{use.name}: {what}" for what in kind.left_out(record)]
    network = record.evidence.observation("network", "sandbox")
    if network is None or not isinstance(network.data, dict) or network.data.get("cut_from_host") is not True:
        lacking.append("the isolation: it was not shown that the sandbox is cut from the host's own services")
    if record.evidence.mark("kept") is not None:
        lacking.append("the teardown: the sandbox was kept on request")
    return lacking


def _doubts(record: Record) -> Iterator[str]:
    """Why PASS was not shown, whatever the checks say."""
    if unended := list(_unended(record)):
        yield f"steps that did not end well: {joined(unended)}"
    captured = record.restore_point.evidence.clock_moved_s() if record.restore_point else 0.0
    if (moved_s := max(captured, record.evidence.clock_moved_s())) > CLOCK_S:
        yield f"the order of what was written: the clock was set by {moved_s:g} s meanwhile"
    if lacked := _troubles(record):  # a server that lost a process, or could not write, was not seen as it is
        yield f"a sandbox that had what it needs: {lacked}"


def _unended(record: Record) -> Iterator[str]:
    """Planned steps that did not end well, whoever is to blame: without them PASS was not shown."""
    planned = (*(record.plan.capture if record.captured_here else ()), *record.plan.recover)
    for step in planned:
        line = record.evidence.step(step.id)
        if line is None or line.state is not StepState.ENDED:
            yield f"step {step.id}: " + (f"{line.state}: {line.reason}" if line else "not run")


def _fault(point: RestorePoint | None, evidence: Evidence) -> FaultNote | None:
    altered = evidence.mark("plan_altered")
    if altered is not None:
        return FaultNote.model_validate(altered.facts["fault"])
    return point.fault if point else None


def _first_instant(evidence: Evidence) -> datetime:
    """Raises: HarnessBroken if the run was cut off before its first line."""
    first = next((line for line in evidence.lines if not isinstance(line, EndLine)), None)
    if first is None:
        raise HarnessBroken("the evidence holds no line to judge")
    return first.at.utc
