"""The restore itself: every planned step ended well (DESIGN 5; LR-2, LR-31, GEN-D3, GEN-D13)."""

from __future__ import annotations

from harness.kinds.contracts import KindOptions, Record, When
from harness.model.evidence import StepState
from harness.model.inventory import Named
from harness.model.plan import Action
from harness.model.verdict import CheckResult, Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = True
REQUIREMENTS = ("LR-2", "LR-31", "GEN-D3", "GEN-D13")

# What the harness does to look, and to clean up, has checks of its own.
_LOOKING = frozenset({Action.OBSERVE, Action.INVENTORY_RESTORED, Action.FIRST_SEARCH, Action.TEAR_DOWN})


class Options(KindOptions):
    pass


def judge(record: Record, options: Options) -> CheckResult:
    """FAIL: a step failed after restored data went in. UNKNOWN: a step is missing, skipped or ours to break."""
    planned = [step.id for step in record.plan.recover if step.action not in _LOOKING]
    states = {line.step: line for line in record.evidence.steps()}
    expected = f"{len(planned)} steps, each ended well"
    failed = [f"{s}: {states[s].reason}" for s in planned if s in states and states[s].state is StepState.FAILED]
    others = [
        f"{s}: {states[s].state}: {states[s].reason}" if s in states else f"{s}: not run"
        for s in planned
        if s not in states or states[s].state in (StepState.BROKEN, StepState.SKIPPED)
    ]
    if failed:
        return _result(Outcome.FAIL, expected, failed[0], [*failed, *others])
    if others:
        return _result(Outcome.UNKNOWN, expected, others[0], others)
    return _result(Outcome.PASS if planned else Outcome.UNKNOWN, expected, f"{len(planned)} steps ended", [])


def _result(outcome: Outcome, expected: str, found: str, names: list[str]) -> CheckResult:
    return CheckResult(
        name="restore",
        when=WHEN,
        outcome=outcome,
        expected=expected,
        found=found,
        items=Named(count=len(names), first=tuple(names[:20])),
        requirements=REQUIREMENTS,
    )
