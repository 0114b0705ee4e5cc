"""Steps run in order; a failure is data, and what depends on it is skipped."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import at_once, clock
from harness.errors import CommandFailed, CouldNotAsk, EngineGone, HarnessBroken, StepFailed
from harness.model.evidence import StepLine, StepState
from harness.model.plan import Action, Step
from harness.model.progress import Silent
from harness.run.journal import Journal
from harness.run.steps import run_steps

ENDED, FAILED, BROKEN, SKIPPED = StepState.ENDED, StepState.FAILED, StepState.BROKEN, StepState.SKIPPED


def step(name: str, *needs: str, action: Action = Action.RESTORE) -> Step:
    return Step(id=name, action=action, subject=name, deadline_s=9, needs=needs)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "evidence.jsonl")
    yield journal
    journal.close()


def run(journal: Journal, steps: list[Step], errors: dict[str, BaseException]) -> dict[str, StepState]:
    def do(one: Step) -> None:
        if one.id in errors:
            raise errors[one.id]

    return run_steps("recover", steps, dict.fromkeys(Action, do), journal, Silent())


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (StepFailed("no"), FAILED),
        (CommandFailed("exit 1"), FAILED),
        (CouldNotAsk("timed out"), BROKEN),
        (HarnessBroken("no engine"), BROKEN),
        (ValueError("oh"), BROKEN),
    ],
)
def test_error_says_whose_the_failure_is(journal: Journal, error: Exception, state: StepState) -> None:
    assert run(journal, [step("a")], {"a": error}) == {"a": state}
    (line,) = journal.so_far().steps()
    assert (line.state, str(error) in line.reason) == (state, True)


def test_what_needs_a_failed_step_is_skipped_and_what_needs_a_skipped_one_too(journal: Journal) -> None:
    steps = [step("a"), step("b", "a"), step("c", "b"), step("d")]
    assert run(journal, steps, {"a": StepFailed("no")}) == {"a": FAILED, "b": SKIPPED, "c": SKIPPED, "d": ENDED}
    assert [line.reason for line in journal.so_far().steps()] == ["no", "needs a", "needs b", ""]


def test_states_of_earlier_steps_count(journal: Journal) -> None:
    done: list[str] = []
    do: dict[Action, Callable[[Step], None]] = dict.fromkeys(Action, lambda one: done.append(one.id))
    states = run_steps("recover", [step("b", "a")], do, journal, Silent(), {"a": BROKEN})
    assert (states, done) == ({"a": BROKEN, "b": SKIPPED}, [])


def test_need_that_was_not_run_counts_as_not_met(journal: Journal) -> None:
    done: list[str] = []
    do: dict[Action, Callable[[Step], None]] = dict.fromkeys(Action, lambda one: done.append(one.id))
    steps = [step("a"), step("b", "a", "never"), step("c", "b")]
    states = run_steps("recover", steps, do, journal, Silent())
    assert (states, done) == ({"a": ENDED, "b": SKIPPED, "c": SKIPPED}, ["a"])
    assert [line.reason for line in journal.so_far().steps()] == ["", "needs never", "needs b"]


def test_interrupt_is_no_failure_of_a_step(journal: Journal) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(journal, [step("a"), step("b")], {"a": KeyboardInterrupt("interrupted by Ctrl-C")})
    assert [(line.step, line.state, line.reason) for line in journal.so_far().steps()] == [
        ("a", BROKEN, "interrupted by Ctrl-C")
    ]
    assert [(m.subject, m.facts["reason"]) for m in journal.so_far().marks("interrupted")] == [
        ("a", "interrupted by Ctrl-C")
    ]


def test_who_is_still_at_a_step_after_an_interrupt_says_no_more_of_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source is removed under an inventory that is still being taken: no failure of the operator's."""
    removed = threading.Event()

    def do(one: Step) -> None:
        removed.wait(10)
        raise CommandFailed("the container is gone")

    monkeypatch.setattr(at_once, "SIGNALS_WITHIN_S", 0.05)
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    steps = [step(name, action=Action.INVENTORY_AFTER) for name in ("a", "b")]
    threading.Timer(0.1, signal.raise_signal, (signal.SIGUSR1,)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_steps("capture", steps, dict.fromkeys(Action, do), journal, Silent())
    finally:
        signal.signal(signal.SIGUSR1, before)
    removed.set()
    for thread in threading.enumerate():
        if thread.name == "at-once":
            thread.join(10)
    assert [(line.step, line.state) for line in journal.so_far().steps()] == [("a", BROKEN), ("b", BROKEN)]


def test_interrupted_step_is_shown_as_ended(journal: Journal) -> None:
    ended: list[tuple[str, StepState]] = []

    class Shown(Silent):
        def step_ended(self, half: str, step: Step, line: StepLine) -> None:
            ended.append((step.id, line.state))

    def do(one: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_steps("recover", [step("a")], dict.fromkeys(Action, do), journal, Shown())
    assert ended == [("a", BROKEN)]


@pytest.mark.parametrize("error", [None, CouldNotAsk("no"), KeyboardInterrupt()])
def test_observing_is_marked_to_its_end_however_it_ends(journal: Journal, error: BaseException | None) -> None:
    steps = [step("look", action=Action.INVENTORY_RESTORED)]
    with contextlib.suppress(KeyboardInterrupt):
        run(journal, steps, {"look": error} if error else {})
    names = [
        (mark.name, mark.subject)
        for mark in (*journal.so_far().marks("observing_started"), *journal.so_far().marks("observing_ended"))
    ]
    assert names == [("observing_started", "look"), ("observing_ended", "look")]


@pytest.mark.parametrize("text", ["No space left on device", "Disk quota exceeded", "Cannot allocate memory"])
def test_machine_without_room_is_no_failure_of_the_backup(journal: Journal, text: str) -> None:
    error = CommandFailed(f"pg_restore exited with 1: could not extend file: {text}")
    assert run(journal, [step("a")], {"a": error}) == {"a": BROKEN}
    assert next(journal.so_far().steps()).reason.startswith("the machine has no room left for it: pg_restore exited")


def failed_while(journal: Journal, troubles: Callable[[], tuple[str, ...]]) -> tuple[StepState, str]:
    def do(one: Step) -> None:
        raise CommandFailed("exit 1")

    run_steps("recover", [step("a")], dict.fromkeys(Action, do), journal, Silent(), troubles=troubles)
    line = next(journal.so_far().steps())
    return line.state, line.reason


def test_failure_in_a_sandbox_that_lacks_nothing_is_theirs(journal: Journal) -> None:
    assert failed_while(journal, lambda: ()) == (FAILED, "exit 1")


def test_failure_in_a_sandbox_without_memory_is_ours(journal: Journal) -> None:
    assert failed_while(journal, lambda: ("memory ran out in db",)) == (BROKEN, "memory ran out in db: exit 1")


def test_failure_whose_reason_cannot_be_found_out_is_ours(journal: Journal) -> None:
    def gone() -> tuple[str, ...]:
        raise EngineGone("no engine")

    assert failed_while(journal, gone) == (BROKEN, "whose fault it is cannot be found out (no engine): exit 1")


def test_nothing_but_cleaning_up_is_done_without_evidence(journal: Journal) -> None:
    done: list[str] = []
    journal.broken = "full"
    do: dict[Action, Callable[[Step], None]] = dict.fromkeys(Action, lambda one: done.append(one.id))
    with pytest.raises(HarnessBroken, match="full"):
        run_steps("recover", [step("a")], do, journal, Silent())
    run_steps("recover", [step("b", action=Action.TEAR_DOWN)], do, journal, Silent())
    assert done == ["b"]


@pytest.mark.parametrize(("action", "most_s"), [(Action.RESTORE, 9.0), (Action.OBSERVE, 60.0)])
def test_step_has_its_deadline_and_observing_one_for_each_check(
    journal: Journal, action: Action, most_s: float
) -> None:
    remaining: list[float] = []
    do: dict[Action, Callable[[Step], None]] = dict.fromkeys(
        Action, lambda one: remaining.append(clock.remaining_s(60))
    )
    run_steps("recover", [step("a", action=action)], do, journal, Silent())
    assert remaining == [pytest.approx(most_s, abs=0.5)]
    assert clock.remaining_s(60) == 60


@pytest.mark.parametrize(
    ("action", "together"), [(Action.INVENTORY_BEFORE, True), (Action.BACK_UP, False), (Action.RESTORE, False)]
)
def test_inventories_are_taken_at_once_and_nothing_that_changes_anything(
    journal: Journal, action: Action, together: bool
) -> None:
    both = threading.Barrier(2)

    def meet(one: Step) -> None:
        try:
            both.wait(0.3 if not together else 5)
        except threading.BrokenBarrierError as error:
            raise StepFailed("alone") from error

    steps = [step("a", action=action), step("b", action=action)]
    states = run_steps("capture", steps, dict.fromkeys(Action, meet), journal, Silent())
    assert states == {"a": ENDED if together else FAILED, "b": ENDED if together else FAILED}


def test_one_of_two_inventories_that_fails_is_data_and_the_other_ends(journal: Journal) -> None:
    def do(one: Step) -> None:
        if one.id == "a":
            raise CouldNotAsk("no answer")

    steps = [step(name, action=Action.INVENTORY_AFTER) for name in ("a", "b")]
    steps.append(step("c", "a", action=Action.INVENTORY_RESTORED))
    states = run_steps("capture", steps, dict.fromkeys(Action, do), journal, Silent())
    assert states == {"a": BROKEN, "b": ENDED, "c": SKIPPED}
    assert {line.step: line.reason for line in journal.so_far().steps()} == {"a": "no answer", "b": "", "c": "needs a"}
