"""The backup itself: every step of the capture ended well and every artefact holds something (DESIGN 5).

Exit codes are never proof: an artefact that is absent or empty fails, whatever its command said.
Requirements: GEN-D1, GEN-D2, LR-1, LR-4, LR-23, LR-24, LR-D4.
"""

from __future__ import annotations

from harness.kinds.contracts import Judgement, KindOptions, Record, When, counted, in_bytes, joined
from harness.model.evidence import Evidence, StepState
from harness.model.verdict import Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = True
REQUIREMENTS = ("LR-1", "LR-4", "LR-23", "LR-24", "LR-D4", "GEN-D1", "GEN-D2")


class Options(KindOptions):
    pass


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a step failed, an artefact is absent or empty. UNKNOWN: a step was ours to break, or is missing."""
    evidence = record.evidence if record.captured_here else record.restore_point and record.restore_point.evidence
    expected = f"{counted(len(record.plan.components), 'component')} backed up, each with content"
    if not evidence:
        return Judgement(Outcome.UNKNOWN, expected, "there is no evidence of a capture")
    planned = [step.id for step in record.plan.capture]
    states = {step.step: step for step in evidence.steps() if step.step in planned}
    failed = [f"{s.step}: {s.reason}" for s in states.values() if s.state is StepState.FAILED]
    broken = [f"{s.step}: {s.reason}" for s in states.values() if s.state is StepState.BROKEN]
    if failed:
        return Judgement(Outcome.FAIL, expected, failed[0], failed)
    if broken:
        return Judgement(Outcome.UNKNOWN, expected, broken[0], broken)
    if record.restore_point is None:
        reason = _first_open(planned, evidence)
        return Judgement(Outcome.UNKNOWN, expected, f"no restore point: {reason}", (reason,))
    result = _judge_artefacts(record, expected)
    unseen = [step.id for step in record.plan.capture if step.action == "back_up" and step.id not in states]
    if unseen and result.outcome is Outcome.PASS:  # a backup that others made
        return Judgement(Outcome.UNKNOWN, expected, f"there is no evidence of {joined(unseen)}", unseen)
    return result


def _judge_artefacts(record: Record, expected: str) -> Judgement:
    point = record.restore_point
    assert point is not None
    wanted = [step.subject for step in record.plan.capture if step.action == "back_up"]
    lacking = [f"{name}: nothing was written" for name in wanted if not (a := point.artefact(name)) or not a.size_bytes]
    if lacking:
        return Judgement(Outcome.FAIL, expected, joined(lacking), lacking)
    size = sum(artefact.size_bytes for artefact in point.artefacts)
    return Judgement(Outcome.PASS, expected, f"{counted(len(wanted), 'component')}, {in_bytes(size)}")


def _first_open(planned: list[str], evidence: Evidence) -> str:
    done = {step.step for step in evidence.steps() if step.state is StepState.ENDED}
    return next((f"step {step} did not end" for step in planned if step not in done), "it was not sealed")
