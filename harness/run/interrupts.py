"""Signals that end what goes on in the main thread, in an orderly way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import OutOfTime

AGAIN_S = 1.0


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM tears down as Ctrl-C does; only the main thread can arrange that."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
