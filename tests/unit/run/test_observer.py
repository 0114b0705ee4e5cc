"""What an observation is called by the way it went: seen, refused, not asked, crashed, timed out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import HttpReply, When, nothing_kept, nothing_traced
from harness.model.drill import CheckUse
from harness.model.evidence import AT_SOURCE, Observation, Seen
from harness.model.plan import Action, Step
from harness.run.journal import Journal
from harness.run.observer import Observer, look_at_source


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


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (408, Seen.COULD_NOT_ASK),
        (429, Seen.COULD_NOT_ASK),
        (504, Seen.COULD_NOT_ASK),
        (404, Seen.REFUSED),
        (500, Seen.REFUSED),
        (503, Seen.REFUSED),  # an engine without its shards says it for good
    ],
)
def test_answer_that_says_not_now_is_no_refusal(status: int, seen: Seen, journal: Journal) -> None:
    reply = HttpReply(status, {}, b'{"error": {"type": "circuit_breaking_exception"}}')

    def read_nonces(access: Any) -> tuple[str, ...]:
        reply.expect(200)
        return ()

    (line,) = observed(journal, read_nonces)
    assert (line.seen, f"HTTP {status}" in line.reason) == (seen, True)
    assert reply.expect(200, status) is reply  # unless it is what was asked for


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


# ---------------------------------------------------------------- at the source


def look(journal: Journal, monkeypatch: pytest.MonkeyPatch, alone: str = "", **looks: Callable[[], Any]) -> None:
    """Each named check looks by its function."""
    kinds = {name: SimpleNamespace(look=lambda access, options, see=see: see()) for name, see in looks.items()}
    if alone:
        kinds[alone].LOOKS_ALONE = True
    kinds["capture"] = SimpleNamespace()  # looks at no source
    registry = SimpleNamespace(check=kinds.__getitem__, options=lambda kind, options: None)
    monkeypatch.setattr("harness.run.observer.registry", registry)
    session: Any = SimpleNamespace(
        drill=SimpleNamespace(checks=tuple(CheckUse(name=name) for name in kinds)),
        plan=SimpleNamespace(components=()),
        journal=journal,
        portal=lambda stack: None,
        portal_kind=None,
        progress=SimpleNamespace(note=lambda text: None),
    )
    look_at_source(session, cast(Any, None), Path(), 30)


def at_source(journal: Journal) -> dict[str, Observation]:
    found = [line for line in journal.so_far().lines if isinstance(line, Observation)]
    assert all(line.subject == AT_SOURCE for line in found)
    return {line.name: line for line in found}


def test_looks_at_the_source_are_beside_each_other_and_each_has_its_own_end(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=20)

    def refuse() -> None:
        both.wait()
        raise CommandFailed("no")

    look(journal, monkeypatch, one=both.wait, other=refuse, third=lambda: {"a": 1})
    seen = at_source(journal)
    assert {name: line.seen for name, line in seen.items()} == {
        "one": Seen.SEEN,
        "other": Seen.COULD_NOT_ASK,
        "third": Seen.SEEN,
    }
    assert (seen["other"].reason, seen["third"].data) == ("no", {"a": 1})


def test_who_would_see_the_commands_of_others_looks_first_and_alone(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, seen = list[str](), dict[str, list[str]]()

    def see(name: str) -> Callable[[], None]:
        def look_now() -> None:
            under_way.append(name)
            threading.Event().wait(0.1)
            seen[name] = [*under_way]
            under_way.remove(name)

        return look_now

    look(journal, monkeypatch, alone="survey", one=see("one"), survey=see("survey"), other=see("other"))
    assert seen["survey"] == ["survey"]
    assert next(iter(at_source(journal))) == "survey"
    assert sorted(max(seen.values(), key=len)) == ["one", "other"], "the others look beside each other"


def test_who_still_looks_after_an_interrupt_writes_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is being removed then: what it lacks says nothing of the backup."""
    both, held = threading.Barrier(2, timeout=20), threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def see() -> str:
        if both.wait() == 0:
            signal.pthread_kill(main, signal.SIGINT)
        held.wait(20)
        return "half a source"

    with pytest.raises(KeyboardInterrupt):
        look(journal, monkeypatch, one=see, other=see, third=see)
    looking = [thread for thread in threading.enumerate() if thread.name == "at-once"]
    held.set()
    for thread in looking:
        thread.join(20)
    assert looking
    assert at_source(journal) == {}
