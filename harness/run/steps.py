"""Runs planned steps in order; a failure is data (DESIGN 5), what depends on it is skipped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, StepFailed
from harness.model.evidence import StepLine, StepState
from harness.model.plan import Action, Step
from harness.model.progress import Progress
from harness.run.journal import Journal

# Steps in which the harness looks instead of restoring: their time is not the portal's (DESIGN 6).
OBSERVING = frozenset({Action.INVENTORY_RESTORED, Action.OBSERVE})
Do = Callable[[Step], None]


def run_steps(
    half: str,
    steps: Iterable[Step],
    do: Mapping[Action, Do],
    journal: Journal,
    progress: Progress,
    earlier: Mapping[str, StepState] | None = None,
) -> dict[str, StepState]:
    """Run each step whose needs ended well; returns how each ended, `earlier` ones included.

    Shape: one `step` line per step; failures are classed as theirs (`failed`) or ours (`broken`).
    """
    states: dict[str, StepState] = dict(earlier or {})
    for step in steps:
        lacking = [need for need in step.needs if states.get(need) is not StepState.ENDED]
        progress.step_started(half, step)
        if lacking:
            line = journal.step(step.id, StepState.SKIPPED, 0.0, f"needs {', '.join(lacking)}")
        else:
            line = _run_one(step, do[step.action], journal)
        states[step.id] = line.state
        progress.step_ended(half, step, line)
    return states


def _run_one(step: Step, do: Do, journal: Journal) -> StepLine:
    started = time.monotonic()
    state, reason = StepState.ENDED, ""
    if step.action in OBSERVING:
        journal.mark("observing_started", step.id)
    try:
        do(step)
    except (StepFailed, CommandFailed) as error:
        state, reason = StepState.FAILED, str(error)
    except (CouldNotAsk, HarnessBroken) as error:
        state, reason = StepState.BROKEN, str(error)
    except Exception as error:
        state, reason = StepState.BROKEN, f"{type(error).__name__}: {error}"
    finally:
        if step.action in OBSERVING:
            journal.mark("observing_ended", step.id)
    return journal.step(step.id, state, time.monotonic() - started, reason)
