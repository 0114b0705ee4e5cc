"""Runs planned steps in order, inventories two at once; a failure is data (DESIGN 5), what depends on it is skipped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from harness import at_once, clock
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, PortalDrillError, StepFailed
from harness.model.evidence import StepLine, StepState
from harness.model.plan import Action, Step
from harness.model.progress import Progress
from harness.run.journal import Journal

# Steps in which the harness looks instead of restoring: their time is not the portal's (DESIGN 6).
OBSERVING = frozenset({Action.INVENTORY_RESTORED, Action.OBSERVE})
# Steps that only look, each into another component: two of them at once, where several follow one another.
TOGETHER = frozenset({Action.INVENTORY_BEFORE, Action.INVENTORY_AFTER, Action.INVENTORY_RESTORED})
# What cleans up is done even when nothing can be written down any more.
CLOSING = frozenset({Action.TEAR_DOWN})
ASKING_S = 30.0  # to find out whose the fault is
# What tools say of errors that are the machine's. Source: errno(3), texts of ENOSPC, EDQUOT and ENOMEM.
OURS = ("No space left on device", "Disk quota exceeded", "Cannot allocate memory")

Do = Callable[[Step], None]
Troubles = Callable[[], Sequence[str]]


def none_known() -> Sequence[str]:
    return ()


def run_steps(
    half: str,
    steps: Iterable[Step],
    do: Mapping[Action, Do],
    journal: Journal,
    progress: Progress,
    earlier: Mapping[str, StepState] | None = None,
    troubles: Troubles = none_known,
) -> dict[str, StepState]:
    """Run each step whose needs ended well; returns how each ended, `earlier` ones included.

    Shape: one `step` line per step; failures are classed as theirs (`failed`) or ours (`broken`). `troubles` is
    asked after a failure: what the containers lack makes it ours. A step under way when an interrupt comes is `broken`
    by it, and the mark `interrupted` names the step.
    Raises: HarnessBroken if the evidence cannot be written: nothing more may be done then but cleaning up.
    """
    states: dict[str, StepState] = dict(earlier or {})

    def run(step: Step) -> StepLine:
        if journal.broken and step.action not in CLOSING:
            raise HarnessBroken(journal.broken)
        if lacking := [need for need in step.needs if states.get(need) is not StepState.ENDED]:
            return journal.step(step.id, StepState.SKIPPED, 0.0, f"needs {', '.join(lacking)}")
        return _run_one(step, do[step.action], journal, troubles)

    for together in side_by_side(steps):
        began_s = time.monotonic()
        try:
            for step in together:
                progress.step_started(half, step)
            lines = at_once.each(run, together) if len(together) > 1 else [run(together[0])]
        except KeyboardInterrupt as error:
            reason = str(error) or "interrupted"
            journal.mark("interrupted", together[0].id, reason=reason)
            for step in together:
                line = journal.step(step.id, StepState.BROKEN, time.monotonic() - began_s, reason)
                progress.step_ended(half, step, line)
            raise
        for step, line in zip(together, lines, strict=True):
            states[step.id] = line.state
            progress.step_ended(half, step, line)
    return states


def side_by_side(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """What follows one another and may be done at once; most steps are alone. Such steps never need one another."""
    for _, several in groupby(steps, lambda step: step.action if step.action in TOGETHER else step.id):
        yield [*several]


def _run_one(step: Step, do: Do, journal: Journal, troubles: Troubles) -> StepLine:
    started = time.monotonic()
    state, reason = StepState.ENDED, ""
    if step.action in OBSERVING:
        journal.mark("observing_started", step.id)
    try:
        # Of one moment every check has its own deadline, and none takes the others' time.
        with clock.deadline(math.inf if step.action is Action.OBSERVE else step.deadline_s):
            do(step)
    except (StepFailed, CommandFailed) as error:
        ours = _ours(str(error), troubles)
        state = StepState.BROKEN if ours else StepState.FAILED
        reason = f"{ours}: {error}" if ours else str(error)
    except (CouldNotAsk, HarnessBroken) as error:
        state, reason = StepState.BROKEN, str(error)
    except Exception as error:
        state, reason = StepState.BROKEN, f"{type(error).__name__}: {error}"
    finally:
        if step.action in OBSERVING:
            journal.mark("observing_ended", step.id)
    return journal.step(step.id, state, time.monotonic() - started, reason)


def _ours(said: str, troubles: Troubles) -> str:
    """Why a failure is not the backup's; empty if it is."""
    if any(text in said for text in OURS):
        return "the machine has no room left for it"
    try:
        with clock.deadline(ASKING_S):
            found = troubles()
    except PortalDrillError as error:
        return f"whose fault it is cannot be found out ({error})"
    return "; ".join(found)
