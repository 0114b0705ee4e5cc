"""The restore itself: every planned step ended well (DESIGN 5; LR-2, LR-31, GEN-D3, GEN-D13)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.kinds.contracts import Judgement, KindOptions, Record, When, counted
from harness.model.evidence import StepLine, StepState
from harness.model.plan import Action
from harness.model.verdict import Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = True
REQUIREMENTS = ("LR-2", "LR-31", "GEN-D3", "GEN-D13")

# What the harness does to look, and to clean up, has checks of its own.
_LOOKING = frozenset({Action.OBSERVE, Action.INVENTORY_RESTORED, Action.FIRST_SEARCH, Action.TEAR_DOWN})


class Options(KindOptions):
    pass


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a step failed after restored data went in, or nobody restores a component. UNKNOWN: a step is missing,
    skipped or ours to break, or a restore has left no mark."""
    planned = [step.id for step in record.plan.recover if step.action not in _LOOKING]
    states = {line.step: line for line in record.evidence.steps()}
    expected = f"{counted(len(planned), 'step')}, each ended well"
    failed = [f"{s}: {states[s].reason}" for s in planned if s in states and states[s].state is StepState.FAILED]
    others = [
        f"{s}: {states[s].state}: {states[s].reason}" if s in states else f"{s}: not run"
        for s in planned
        if s not in states or states[s].state in (StepState.BROKEN, StepState.SKIPPED)
    ]
    forgotten, unmarked = _not_restored(record, states)
    if planned:  # else nothing was to be restored at all
        failed += [f"{name}: no step restores it" for name in forgotten]
    others += [f"restore:{name}: it ended, and no mark says that {name} was restored" for name in unmarked]
    if failed:
        return Judgement(Outcome.FAIL, expected, failed[0], [*failed, *others])
    if others:
        return Judgement(Outcome.UNKNOWN, expected, others[0], others)
    return Judgement(Outcome.PASS if planned else Outcome.UNKNOWN, expected, f"{counted(len(planned), 'step')} ended")


def _not_restored(record: Record, states: Mapping[str, StepLine]) -> tuple[list[str], list[str]]:
    """Components of the drill that are neither rebuilt nor restored: without a step, and ended without a mark."""
    marked = {mark.subject for mark in record.evidence.marks("component_restored")}
    planned = {step.subject: step.id for step in record.plan.recover if step.action is Action.RESTORE}
    names = record.plan.only_components or tuple(component.name for component in record.drill.components)
    wanted = [name for name in names if name not in {*record.drill.rebuilt(), *marked}]
    ended = {step for step, line in states.items() if line.state is StepState.ENDED}
    return [name for name in wanted if name not in planned], [n for n in wanted if planned.get(n) in ended]
