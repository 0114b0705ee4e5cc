"""Several things at once, in threads that know the deadline of the step that asked for them."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")
SIGNALS_WITHIN_S = 0.5


def begin(do: Callable[[], Made]) -> Callable[[], Made]:
    """Begins now, in a thread; whoever calls what is returned waits for the end, and has what was made or raised.

    The thread has a copy of its maker's context, which holds the deadline. It is a daemon: an interrupt in the thread
    that waits is one at once, and nobody waits for what is under way.
    """
    made: list[Made] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            made.append(do())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="at-once", daemon=True)
    thread.start()

    def wait() -> Made:
        while thread.is_alive():  # a signal just before a join without an end would wait for that end
            thread.join(SIGNALS_WITHIN_S)
        if raised:
            raise raised[0]
        return made[0]

    return wait


def each(do: Callable[[Given], Made], items: Sequence[Given], most: int = 2) -> list[Made]:
    """What `do` makes of every item, in the order of the items; at most `most` are being made at a time.

    Raises: what the first of the items, in their order, has raised, when all have ended; none is begun after that.
    """
    made: dict[int, Made] = {}
    raised: dict[int, BaseException] = {}
    given_up = threading.Event()
    waiting = iter(enumerate(items))
    taking = threading.Lock()

    def work() -> None:
        while not raised and not given_up.is_set():
            with taking:
                taken = next(waiting, None)
            if taken is None:
                return
            number, item = taken
            try:
                made[number] = do(item)
            except BaseException as error:
                raised[number] = error

    try:
        for wait in [begin(work) for _ in range(min(most, len(items)))]:
            wait()
    except BaseException:  # an interrupt: what is under way is left alone, and nothing more is begun
        given_up.set()
        raise
    if raised:
        raise raised[min(raised)]
    return [made[number] for number in range(len(items))]
