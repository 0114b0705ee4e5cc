"""A wait ends well, at its deadline, or when what is waited for cannot come."""

from __future__ import annotations

import time

import pytest

from harness import clock
from harness.errors import CouldNotAsk, EngineGone, NoAnswer
from harness.kinds.contracts import Probe
from harness.model.progress import Silent
from harness.run import waiting
from harness.run.waiting import wait_for

NOT_YET = Probe("db", False, "ready", "starting")


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TROUBLES_EVERY_S", 0.02)


def test_what_is_lacking_twice_ends_the_wait_and_is_said() -> None:
    said = iter([(), ("volume a is full: 9 bytes are free",), (), ("b is full",), ("b is full: 7 bytes are free",)])
    probe = wait_for(lambda: NOT_YET, within_s=60, every_s=0.005, progress=Silent(), troubles=lambda: next(said))
    assert (probe.ok, probe.found) == (False, "starting; b is full: 7 bytes are free")
    assert next(said, None) is None


def test_what_lacks_nothing_is_waited_for_until_the_deadline() -> None:
    asked = []
    probe = wait_for(
        lambda: asked.append(1) or NOT_YET,  # type: ignore[func-returns-value]
        within_s=0.2,
        every_s=0.005,
        progress=Silent(),
        troubles=lambda: (),
    )
    assert (probe, len(asked) > 10) == (NOT_YET, True)


def test_looking_that_fails_ends_no_wait() -> None:
    def cannot() -> tuple[str, ...]:
        raise CouldNotAsk("busy")

    probes = iter([NOT_YET] * 20 + [Probe("db", True, "ready", "ready")])
    assert wait_for(lambda: next(probes), within_s=60, every_s=0.005, progress=Silent(), troubles=cannot).ok


def test_engine_that_is_gone_ends_the_wait() -> None:
    def gone() -> tuple[str, ...]:
        raise EngineGone("no engine")

    with pytest.raises(EngineGone):
        wait_for(lambda: NOT_YET, within_s=60, every_s=0.005, progress=Silent(), troubles=gone)


def test_probe_that_only_the_deadline_cut_short_hides_no_answer() -> None:
    probes = iter([NOT_YET] * 3)

    def ask() -> Probe:
        if (probe := next(probes, None)) is not None:
            return probe
        time.sleep(clock.remaining_s(60))
        raise NoAnswer("its body was not whole by the deadline: 42 bytes")

    assert wait_for(ask, within_s=0.3, every_s=0.005, progress=Silent()) == NOT_YET


@pytest.mark.parametrize("last_s", [0.0, 60.0])
def test_what_was_never_answered_says_so(last_s: float) -> None:
    """Also where the first question is the one that was cut short."""

    def ask() -> Probe:
        time.sleep(clock.remaining_s(last_s))
        raise CouldNotAsk("nobody took the connection")

    probe = wait_for(ask, within_s=0.1, every_s=0.005, progress=Silent())
    assert (probe.name, probe.found) == ("answer", "nobody took the connection")


def test_silence_that_lasted_until_the_deadline_is_not_hidden_by_an_answer_before_it() -> None:
    probes = iter([NOT_YET])

    def ask() -> Probe:
        if (probe := next(probes, None)) is not None:
            return probe
        raise CouldNotAsk("nobody took the connection")

    assert wait_for(ask, within_s=0.1, every_s=0.005, progress=Silent()).found == "nobody took the connection"
