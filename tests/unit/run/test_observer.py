"""What an observation is called by the way it went: seen, refused, not asked, crashed, timed out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import When, nothing_kept, nothing_traced
from harness.model.drill import CheckUse
from harness.model.evidence import Observation, Seen
from harness.model.plan import Action, Step
from harness.run.journal import Journal
from harness.run.observer import Observer


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "evidence.jsonl")
    yield journal
    journal.close()


def observed(
    journal: Journal, read_nonces: Callable[[Any], tuple[str, ...]], *, only: tuple[str, ...] = (), within_s: float = 60
) -> list[Observation]:
    """The check `freshness` asks a portal whose nonces are read by this function."""
    drill = SimpleNamespace(checks=(CheckUse(name="capture"), CheckUse(name="freshness"), CheckUse(name="teardown")))
    box: Any = SimpleNamespace(
        session=SimpleNamespace(
            drill=drill,
            plan=SimpleNamespace(only_checks=only, components=()),
            journal=journal,
            portal=lambda stack: None,
            portal_kind=SimpleNamespace(read_nonces=read_nonces),
        ),
        stack=None,
        point=None,
        canaries=(),
        differences={},
        leftovers=None,
        trace=nothing_traced,
        queries=tuple,
        kept=nothing_kept,
        troubles=lambda: (),
    )
    step = Step(id="observe", action=Action.OBSERVE, subject=FRESHNESS, deadline_s=within_s)
    Observer(box).observe(step)
    return [line for line in journal.so_far().lines if isinstance(line, Observation) and line.name != "troubles"]


FRESHNESS = When.AS_RESTORED


@pytest.mark.parametrize(
    ("error", "seen", "reason"),
    [
        (CommandFailed("503: read-only"), Seen.REFUSED, "503: read-only"),
        (CouldNotAsk("no connection"), Seen.COULD_NOT_ASK, "no connection"),
        (KeyError("id"), Seen.CRASHED, "KeyError: 'id'"),
    ],
)
def test_error_says_whether_what_was_restored_refused(
    error: Exception, seen: Seen, reason: str, journal: Journal
) -> None:
    def read_nonces(access: Any) -> tuple[str, ...]:
        raise error

    (line,) = observed(journal, read_nonces)
    assert (line.name, line.seen, line.reason, line.data) == ("freshness", seen, reason, None)


def test_answer_is_seen_as_data(journal: Journal) -> None:
    (line,) = observed(journal, lambda access: ("one", "two"))
    assert (line.name, line.seen, line.data) == ("freshness", Seen.SEEN, ["one", "two"])


def test_no_answer_within_the_deadline_is_timed_out(journal: Journal) -> None:
    late = threading.Event()

    def read_nonces(access: Any) -> tuple[str, ...]:
        late.wait(60)
        return ()

    (line,) = observed(journal, read_nonces, within_s=0.05)
    late.set()
    assert (line.seen, line.reason) == (Seen.TIMED_OUT, "no answer within 0.05 s")


def test_check_that_was_not_chosen_does_not_observe(journal: Journal) -> None:
    assert observed(journal, lambda access: ("one",), only=("teardown",)) == []
