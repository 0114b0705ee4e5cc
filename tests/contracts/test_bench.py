"""The suite itself, on a component and engines in memory: good ones pass, and each kind of bad one is caught."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bench import (
    DAMAGES,
    Bench,
    Change,
    comes_back_equal,
    fails_loudly,
    is_the_same_twice,
    removes_before_it_replaces,
    shows_exactly,
    treats_nothing_as_documented,
)

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import BackupAccess, ComponentAccess, RestoreAccess
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass

Content = dict[str, str]
CHANGED = Change(lambda stack: stack.content.update(b="changed"), changed=("b (content)",))
TOO_MUCH = Change(lambda stack: stack.content.update(d="new"), extra=("d",))


class Memory:
    """A stack whose component is a dictionary."""

    def __init__(self, role: str) -> None:
        self.content: Content = {}

    def remove(self) -> tuple[str, ...]:
        return ()


SAMPLE = SimpleNamespace(
    COMPONENT=Component(name="memory", kind="memory", service="none", engine=""),
    ENGINES={"it": {}},
    EMPTY_REFUSED=frozenset(),
    ALSO=(),
    make_empty=lambda stack: None,
    fill=lambda stack: stack.content.update(a="1", b="2", c="3"),
    wipe=lambda stack: stack.content.clear(),
    leave_behind=lambda stack: stack.content.update(left="behind"),
    bystanders=lambda stack: "",
)


def listed(access: Any) -> Iterator[Item]:
    for key, value in sorted(access.stack.content.items()):
        yield Item(key, ItemClass.STATE, value, {})


def kind(inventory: Callable[[ComponentAccess], Iterator[Item]] = listed) -> Any:
    def proved_empty(access: Any) -> str | None:
        return ", ".join(access.stack.content) or None

    return SimpleNamespace(inventory=inventory, proved_empty=proved_empty, position=lambda access: {"at": 1})


class Sound:
    """Writes key=value lines and their digest; verifies, removes, replaces."""

    def backup(self, access: BackupAccess) -> dict[str, JsonValue]:
        text = "".join(f"{key}={value}\n" for key, value in self.content(access).items())
        (access.artefact / "all").write_text(text)
        return {"sha256": hashlib.sha256(text.encode()).hexdigest()}

    def restore(self, access: RestoreAccess) -> None:
        try:
            data = (access.artefact / "all").read_bytes()
        except OSError as error:
            raise CommandFailed(str(error)) from error
        self.verify(data, access)
        content = self.content(access)
        self.clear(content)
        content.update(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)  # type: ignore[arg-type]

    def content(self, access: Any) -> Content:
        found: Content = access.stack.content
        return found

    def verify(self, data: bytes, access: RestoreAccess) -> None:
        if hashlib.sha256(data).hexdigest() != access.facts["sha256"]:
            raise CommandFailed("damaged")

    def clear(self, content: Content) -> None:
        content.clear()


class Overlays(Sound):
    def clear(self, content: Content) -> None: ...


class Believes(Sound):
    def verify(self, data: bytes, access: RestoreAccess) -> None: ...


class Forgets(Sound):
    def backup(self, access: BackupAccess) -> dict[str, JsonValue]:
        self.content(access).pop("b", None)
        return super().backup(access)


def bench(folder: Path, engine: Sound | None = None, component: Any = None) -> Bench:
    sample: Any = SAMPLE
    return Bench(sample, component or kind(), {"it": engine or Sound()}, Memory, folder)  # type: ignore[dict-item]


def test_sound_engine_and_component_keep_every_rule(tmp_path: Path) -> None:
    made = bench(tmp_path)
    comes_back_equal(made, "it")
    removes_before_it_replaces(made, "it")
    treats_nothing_as_documented(made, "it")
    for name, damage in DAMAGES.items():
        fails_loudly(made, "it", damage, tmp_path / name)
    is_the_same_twice(made)
    shows_exactly(made, CHANGED)
    shows_exactly(made, TOO_MUCH)


def test_engine_that_overlays_is_caught(tmp_path: Path) -> None:
    made = bench(tmp_path, Overlays())
    comes_back_equal(made, "it")
    with pytest.raises(AssertionError, match="left"):
        removes_before_it_replaces(made, "it")
    with pytest.raises(AssertionError):
        treats_nothing_as_documented(made, "it")


def test_engine_that_believes_a_damaged_artefact_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="parity is broken"):
        fails_loudly(bench(tmp_path, Believes()), "it", DAMAGES["cut"], tmp_path / "damaged")


def test_engine_that_loses_an_item_of_the_source_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="transient"):
        comes_back_equal(bench(tmp_path, Forgets()), "it")


def test_inventory_out_of_order_is_caught(tmp_path: Path) -> None:
    def backwards(access: ComponentAccess) -> Iterator[Item]:
        yield from reversed(list(listed(access)))

    with pytest.raises(CouldNotAsk):
        comes_back_equal(bench(tmp_path, component=kind(backwards)), "it")


def test_inventory_that_never_stands_still_is_caught(tmp_path: Path) -> None:
    asked: list[int] = []

    def restless(access: ComponentAccess) -> Iterator[Item]:
        asked.append(1)
        yield Item("clock", ItemClass.STATE, str(len(asked)), {})

    with pytest.raises(AssertionError):
        is_the_same_twice(bench(tmp_path, component=kind(restless)))


def test_inventory_that_does_not_see_a_change_is_caught(tmp_path: Path) -> None:
    def blind(access: ComponentAccess) -> Iterator[Item]:
        for item in listed(access):
            yield item._replace(digest="")

    with pytest.raises(AssertionError, match="does not show"):
        shows_exactly(bench(tmp_path, component=kind(blind)), CHANGED)


def test_second_difference_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        shows_exactly(bench(tmp_path), Change(lambda stack: stack.content.update(b="x", d="new"), ("b",)))
