"""What outlives its deadline in the main thread is interrupted, whatever it does; what ends in time is left alone."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from harness.errors import OutOfTime
from harness.run import interrupts
from harness.run.interrupts import Interrupts, interrupted_after, orderly_interrupts


def test_what_goes_on_is_interrupted() -> None:
    began_s = time.monotonic()
    with pytest.raises(OutOfTime, match=r"no end within 0\.1 s"), interrupted_after(0.1, "0.1 s"):
        time.sleep(60)
    assert time.monotonic() - began_s < 30


def test_what_catches_everything_is_interrupted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "AGAIN_S", 0.1)
    caught = 0
    with pytest.raises(OutOfTime), interrupted_after(0.1, "0.1 s"):
        while True:
            try:
                time.sleep(60)
            except OutOfTime:
                caught += 1
                if caught == 3:
                    raise
    assert caught == 3


def test_what_ends_in_time_hears_nothing_and_the_signal_is_as_it_was() -> None:
    before = signal.getsignal(signal.SIGURG)
    with interrupted_after(0.05, "0.05 s"):
        pass
    time.sleep(0.2)
    assert signal.getsignal(signal.SIGURG) == before


def test_a_signal_that_comes_late_is_ignored() -> None:
    with interrupted_after(60, "60 s"):
        pass
    signal.raise_signal(signal.SIGURG)


def test_on_another_thread_nothing_is_interrupted() -> None:
    ended: list[bool] = []

    def work() -> None:
        with interrupted_after(0.05, "0.05 s"):
            time.sleep(0.2)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert ended == [True]


# ---------------------------------------------------------------- Ctrl-C and SIGTERM of a run


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was said to whoever pressed Ctrl-C again."""
    said: list[bytes] = []
    monkeypatch.setattr(interrupts.os, "write", lambda number, text: said.append(text))
    return said


def press(*numbers: signal.Signals) -> None:
    for number in numbers:
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_interrupt_ends_what_goes_on_and_others_break_no_removal(
    number: signal.Signals, told: list[bytes]
) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt, match="interrupted by"), orderly_interrupts() as seen:
        try:
            press(number)
            done.append("went on")
        finally:
            press(signal.SIGINT)  # before the removal has begun
            with seen.put_off():
                press(signal.SIGINT, signal.SIGTERM)
                done.append("removed")
            done.append("judged")
    assert (done, seen.noted) == (["removed", "judged"], 3)
    assert told == [interrupts.SAID, *3 * [interrupts.SAID_AGAIN]]
    assert seen.reason == f"interrupted by {'Ctrl-C' if number == signal.SIGINT else 'SIGTERM'}"


def test_interrupt_of_a_removal_alone_ends_what_comes_after_it(told: list[bytes]) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), orderly_interrupts() as seen:
        with seen.put_off():
            press(signal.SIGINT)
            done.append("removed")
        done.append("observed")
    assert done == ["removed"]


def test_error_of_a_removal_is_not_hidden_by_an_interrupt(told: list[bytes]) -> None:
    with pytest.raises(OSError, match="no engine"), orderly_interrupts() as seen, seen.put_off():
        press(signal.SIGINT)
        raise OSError("no engine")


def test_later_interrupt_ends_what_takes_the_first_for_nothing(
    monkeypatch: pytest.MonkeyPatch, told: list[bytes]
) -> None:
    """Somebody's test may catch everything."""
    monkeypatch.setattr(interrupts, "IMPATIENT_S", 0.0)
    ended = 0
    with orderly_interrupts():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                press(signal.SIGINT)
            ended += 1
    assert (ended, told) == (2, 2 * [interrupts.SAID])


def test_handlers_are_as_they_were_and_those_of_others_stay() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with orderly_interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as of a job in the background
    try:
        with orderly_interrupts():
            press(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before[0])


def test_on_another_thread_nothing_is_arranged() -> None:
    found: list[object] = []

    def work() -> None:
        with orderly_interrupts() as seen:
            found.extend((type(seen), signal.getsignal(signal.SIGTERM)))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert found == [Interrupts, before]


class Interrupting:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_where_an_object_ends_is_only_late(capsys: pytest.CaptureFixture[str]) -> None:
    """Python throws away what is raised there: the run would go on as if nobody had pressed Ctrl-C."""
    hook = sys.unraisablehook
    with orderly_interrupts() as interrupts:
        interrupts.raise_lost()
        Interrupting()
        with pytest.raises(KeyboardInterrupt):
            interrupts.raise_lost()
        interrupts.raise_lost()
    assert sys.unraisablehook is hook
    assert "Traceback" not in capsys.readouterr().err


def test_what_else_is_thrown_away_is_said_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __del__(self) -> None:
            raise ValueError("in the end")

    said: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: said.append(str(what.exc_value)))
    with orderly_interrupts() as interrupts:
        Failing()
        interrupts.raise_lost()
    assert said == ["in the end"]
