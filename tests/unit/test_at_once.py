"""Several things at once: results in order, errors of the first, deadlines known, interrupts at once."""

from __future__ import annotations

import math
import signal
import threading
import time

import pytest

from harness import clock
from harness.at_once import begin, each


def test_results_are_in_the_order_of_the_items_whatever_ends_first() -> None:
    ended: list[int] = []

    def wait(number: int) -> int:
        time.sleep(0.1 if number == 0 else 0)
        ended.append(number)
        return number * 10

    assert each(wait, [0, 1, 2]) == [0, 10, 20]
    assert ended == [1, 2, 0]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_than_asked_for_are_made_at_a_time(most: int) -> None:
    lock, now, highest = threading.Lock(), [0], [0]

    def count(_: int) -> None:
        with lock:
            now[0] += 1
            highest[0] = max(highest[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1

    each(count, range(6), most)
    assert highest == [most]


def test_nothing_gives_nothing() -> None:
    assert each(str, []) == []


def test_the_first_error_in_order_is_raised_and_nothing_is_begun_after_one() -> None:
    begun: list[int] = []
    both = threading.Barrier(2, timeout=30)

    def fail(number: int) -> None:
        begun.append(number)
        both.wait()
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        each(fail, [0, 1, 2, 3])
    assert sorted(begun) == [0, 1]


def test_after_an_interrupt_nothing_more_is_begun() -> None:
    begun: list[int] = []
    both, held = threading.Barrier(2, timeout=30), threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def work(number: int) -> None:
        begun.append(number)
        if both.wait() == 0:
            signal.pthread_kill(main, signal.SIGINT)  # a real one: a simulated one would not end a join under way
        held.wait(30)

    with pytest.raises(KeyboardInterrupt):
        each(work, range(6))
    workers = [thread for thread in threading.enumerate() if thread.name == "at-once"]
    held.set()
    for worker in workers:
        worker.join(30)
    assert sorted(begun) == [0, 1]


def test_every_thread_knows_the_deadline_of_the_step() -> None:
    assert each(lambda _: clock.remaining_s(math.inf), [0, 1]) == [math.inf, math.inf]
    with clock.deadline(5):
        assert all(4 < left <= 5 for left in each(lambda _: clock.remaining_s(math.inf), [0, 1]))
        assert 4 < begin(lambda: clock.remaining_s(math.inf))() <= 5


def test_what_was_begun_goes_on_while_others_work_and_gives_its_result_or_error() -> None:
    going = threading.Event()
    wait = begin(lambda: going.wait(5))
    going.set()
    assert wait() is True
    with pytest.raises(ZeroDivisionError):
        begin(lambda: 1 // 0)()


def test_nobody_waits_at_the_end_for_what_is_under_way() -> None:
    held = threading.Event()
    begin(lambda: held.wait(60))
    under_way = [thread.daemon for thread in threading.enumerate() if thread.name == "at-once"]
    held.set()
    assert under_way
    assert all(under_way)
