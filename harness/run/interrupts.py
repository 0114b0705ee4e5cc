"""Signals that end what goes on in the main thread, in an orderly way."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import OutOfTime

AGAIN_S = 1.0
IMPATIENT_S = 5.0  # people press Ctrl-C twice; what comes so soon after the first interrupt is no other one
NAMES: dict[int, str] = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
SAID = b"\ninterrupted: tearing down; once more is noted, and ends nothing sooner\n"
SAID_AGAIN = b"\ntearing down; containers are being removed, which ends by its own deadline\n"


class Interrupts:
    """Ctrl-C and SIGTERM of one run: the first one ends what goes on. Others soon after it, and all that come while
    the run removes what it has made, are answered and counted in `noted`, and break nothing."""

    def __init__(self) -> None:
        self.noted = 0
        self.reason = "interrupted"  # and by what, once one came
        self._raised = self._closing = False
        self.lost = False  # Python throws away what is raised where an object ends
        self._patient_until_s = 0.0

    def interrupt(self, number: int, frame: object) -> None:
        """Raises: KeyboardInterrupt."""
        again = self._closing or time.monotonic() < self._patient_until_s
        with contextlib.suppress(OSError):  # in a signal no lock may be waited for, so no stream of Python's
            os.write(2, SAID_AGAIN if again else SAID)
        if not (self._raised or self.noted):
            self.reason = f"interrupted by {NAMES.get(number, number)}"
        if again:
            self.noted += 1
            return
        self._raised, self._patient_until_s = True, time.monotonic() + IMPATIENT_S
        raise KeyboardInterrupt(self.reason)

    def raise_lost(self) -> None:
        """Raises: KeyboardInterrupt if the first one was thrown away."""
        if self.lost:
            self.lost = False
            raise KeyboardInterrupt(self.reason)

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Whatever goes on inside is brought to its end. Raises: KeyboardInterrupt then, if the first one came."""
        before, noted = self._closing, self.noted
        self._closing = True
        try:
            yield
        finally:
            self._closing = before
        if self.noted > noted and not (before or self._raised):
            self._raised = True
            raise KeyboardInterrupt(self.reason)


@contextmanager
def orderly_interrupts() -> Iterator[Interrupts]:
    """SIGTERM tears down as Ctrl-C does; only the main thread can arrange that. Where somebody else minds Ctrl-C, or
    it is ignored, that stays so."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, interrupts.interrupt) for number in numbers}
    hook = sys.unraisablehook

    def thrown_away(what: sys.UnraisableHookArgs) -> None:
        if what.exc_type is KeyboardInterrupt:
            interrupts.lost = True
        else:
            hook(what)

    sys.unraisablehook = thrown_away
    try:
        yield interrupts
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupted_after(within_s: float, words: str) -> Iterator[None]:
    """What runs inside on the main thread, whatever it is, ends by OutOfTime; one that catches it gets another one
    every second. On another thread nothing is interrupted.

    SIGURG, because nobody else uses it (pytest-timeout has SIGALRM), and one that comes late is ignored.
    """
    main = threading.main_thread()
    if threading.current_thread() is not main or main.ident is None:
        yield
        return
    ident, ended = main.ident, threading.Event()

    def interrupt(number: int, frame: object) -> None:
        if not ended.is_set():
            raise OutOfTime(f"no end within {words}")

    def watch() -> None:
        wait_s = within_s
        while not ended.wait(wait_s):
            signal.pthread_kill(ident, signal.SIGURG)
            wait_s = AGAIN_S

    before = signal.signal(signal.SIGURG, interrupt)
    threading.Thread(target=watch, name="tests-in-time", daemon=True).start()
    try:
        try:
            yield
        finally:
            ended.set()
    finally:
        ended.set()  # one may have come between the two
        signal.signal(signal.SIGURG, before)
