"""Tool containers that only look are made once, lent to one at a time, and not kept after an error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import pytest
from docker.errors import DockerException

from harness.containers.engine import Engine
from harness.containers.tool import KeptTools
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken


class Tools:
    """Makes shells that are numbers, and notes which are there."""

    def __init__(self) -> None:
        self.kept, self.made, self.removed = KeptTools(), 0, list[Any]()

    @contextmanager
    def _new(self) -> Iterator[Any]:
        self.made += 1
        number = self.made
        try:
            yield number
        finally:
            self.removed.append(number)

    def lent(self, same: str = "web") -> Any:
        return self.kept.lent(same, self._new)


def test_the_same_question_is_asked_of_the_same_container() -> None:
    tools = Tools()
    for _ in range(3):
        with tools.lent() as shell:
            assert shell == 1
    assert (tools.made, tools.removed) == (1, [])


def test_other_volumes_need_another_container() -> None:
    tools = Tools()
    with tools.lent("web"):
        pass
    with tools.lent("db") as shell:
        assert shell == 2


def test_one_that_is_in_use_is_lent_to_nobody_else() -> None:
    tools = Tools()
    with tools.lent() as one, tools.lent() as other:
        assert (one, other) == (1, 2)
    with tools.lent() as one, tools.lent() as other:
        assert {one, other} == {1, 2}
    assert tools.made == 2


def test_one_in_which_something_failed_is_removed_and_not_lent_again() -> None:
    tools = Tools()
    with pytest.raises(CommandFailed), tools.lent():
        raise CommandFailed("exit 1")
    assert tools.removed == [1]
    with tools.lent() as shell:
        assert shell == 2


def test_an_answer_that_nobody_read_to_its_end_ends_the_container_too() -> None:
    tools = Tools()

    def lines() -> Iterator[int]:
        with tools.lent():
            yield from (1, 2)

    answer = lines()
    assert next(answer) == 1
    answer.close()  # type: ignore[attr-defined]
    assert tools.removed == [1]


def test_one_that_will_soon_end_by_itself_is_not_lent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = Tools()
    with tools.lent():
        pass
    monkeypatch.setattr("harness.containers.tool.KEPT_S", -1.0)
    with tools.lent() as shell:
        assert (shell, tools.removed) == (2, [1])


def test_idle_ones_can_be_removed() -> None:
    tools = Tools()
    with tools.lent():
        tools.kept.remove()
        assert tools.removed == []
    tools.kept.remove()
    assert tools.removed == [1]
    with tools.lent() as shell:
        assert shell == 2


def test_a_thread_that_goes_on_makes_no_new_one_when_the_stack_is_gone() -> None:
    tools = Tools()
    with tools.lent():
        pass
    tools.kept.end()
    with pytest.raises(CouldNotAsk, match="removed"), tools.lent():
        pass
    assert (tools.made, tools.removed) == (1, [])


class SlowEngine:
    """Removes a container when it is told to go on."""

    def __init__(self, error: Exception | None = None) -> None:
        self.goes_on, self.removed, self._error = threading.Event(), list[str](), error
        self.api = self

    def remove_container(self, container: str, **_options: Any) -> None:
        assert self.goes_on.wait(30)
        if self._error:
            raise self._error
        self.removed.append(container)


@pytest.mark.parametrize("end", [KeptTools.end, KeptTools.remove])
def test_one_that_leaves_keeps_nobody_waiting_until_all_are_to_be_gone(end: Callable[[KeptTools], None]) -> None:
    kept, engine = KeptTools(), SlowEngine()
    kept.leave(cast(Engine, engine), "one")
    assert engine.removed == []
    engine.goes_on.set()
    end(kept)
    assert engine.removed == ["one"]


def test_one_that_could_not_be_removed_is_said_where_its_removal_was_asked_for() -> None:
    for end, expected in ((KeptTools.end, nullcontext()), (KeptTools.remove, pytest.raises(HarnessBroken, match="no"))):
        kept, engine = KeptTools(), SlowEngine(DockerException("no"))
        engine.goes_on.set()
        kept.leave(cast(Engine, engine), "one")
        with expected:
            end(kept)
