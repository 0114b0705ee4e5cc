"""Several things at once, in threads that know the deadline of the step that asked for them."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def each(do: Callable[[Given], Made], items: Sequence[Given], most: int = 2) -> list[Made]:
    """What `do` makes of every item, in the order of the items; at most `most` are being made at a time.

    A thread knows nothing of its maker's context, which holds the deadline: each gets a copy. They are daemons: an
    interrupt in the thread that waits is an interrupt at once, and nobody waits for those that are under way.
    Raises: what the first of the items, in their order, has raised, when all have ended; none is begun after that.
    """
    made: dict[int, Made] = {}
    raised: dict[int, BaseException] = {}
    waiting = iter(enumerate(items))
    taking = threading.Lock()

    def work() -> None:
        while not raised:
            with taking:
                taken = next(waiting, None)
            if taken is None:
                return
            number, item = taken
            try:
                made[number] = do(item)
            except BaseException as error:
                raised[number] = error

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(work,), name=f"at-once-{number}", daemon=True)
        for number in range(min(most, len(items)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[min(raised)]
    return [made[number] for number in range(len(items))]
