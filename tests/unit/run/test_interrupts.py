"""What outlives its deadline in the main thread is interrupted, whatever it does; what ends in time is left alone."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from harness.errors import OutOfTime
from harness.run import interrupts
from harness.run.interrupts import interrupted_after


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
