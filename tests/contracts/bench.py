"""What every engine and component kind owes, as functions over a bench: one component with real data, backed
up at a source that is then gone, restored into one sandbox.

A sample (`sample_<component kind>.py`) says what the data is; a new engine is one more line in its `ENGINES`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from harness.errors import CommandFailed
from harness.kinds.contracts import BackupAccess, ComponentAccess, ComponentKind, EngineKind, RestoreAccess
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.inventory import FIRST, Difference
from harness.run.inventory import compare_inventories
from harness.run.inventory_lines import write_inventory

TIMEOUT_S = 120.0
# What no bench can try, because it does not bring everything of a sample back by itself; shown by a test of its own.
ON_THEIR_OWN = {
    "carried": "the tree around it brings it back: test_carried.py",
    "zip": "refuses trees that hold what a ZIP cannot keep: test_zip.py",
}
CARRIED_KINDS = {"jackrabbit_index": "backed up by `carried` alone: test_carried.py"}


@dataclass(frozen=True)
class Change:
    """One change of one item and all that an inventory shows of it: the beginnings of keys."""

    apply: Callable[[Any], None]
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


class Sample(Protocol):
    """Real data for one component kind. `EMPTY_REFUSED`: engines that refuse to back up nothing."""

    COMPONENT: Component
    ENGINES: Mapping[str, dict[str, JsonValue]]
    EMPTY_REFUSED: frozenset[str]
    ALSO: tuple[str, ...]  # beginnings of keys under which the kind lists a thing once more
    CHANGES: Mapping[str, Change]
    VARIANTS: Mapping[str, dict[str, JsonValue]]  # other options for which an empty target is empty too

    def make_empty(self, stack: Any) -> None:
        """From nothing to a component that exists and holds nothing."""

    def fill(self, stack: Any) -> None: ...

    def wipe(self, stack: Any) -> None:
        """Back to a target as new."""

    def leave_behind(self, stack: Any) -> None:
        """Things that no backup held, on a filled target."""

    def bystanders(self, stack: Any) -> str:
        """What lies beside the component, put there by `leave_behind`, and must survive a restore."""


@dataclass(frozen=True)
class Captured:
    folder: Path
    facts: dict[str, JsonValue]


class Bench:
    """One component kind; `engines` are its own. Stacks come from `new_stack`, one at a time."""

    def __init__(
        self,
        sample: Sample,
        kind: ComponentKind,
        engines: Mapping[str, EngineKind],
        new_stack: Callable[[str], Any],
        folder: Path,
    ) -> None:
        self.sample, self.kind, self.engines, self.folder = sample, kind, engines, folder
        self._new_stack, self._numbers = new_stack, count()
        self.empty_backups: dict[str, Captured | CommandFailed] = {}
        self.backups: dict[str, Captured] = {}
        self.position: dict[str, JsonValue] = {}
        self.held = ""  # whose whole backup the target holds
        self.latest: Path | None = None  # what the target holds, changed or not, since a whole restore
        self._stack: Any = None

    def capture(self) -> None:
        """Back up nothing, then everything, with every engine; then the source is gone."""
        self._stack = source = self._new_stack("source")
        self.sample.make_empty(source)
        self.empty = self.inventory()
        for engine in self.engines:
            try:
                self.empty_backups[engine] = self._back_up(engine)
            except CommandFailed as error:
                self.empty_backups[engine] = error
        self.sample.wipe(source)
        self.sample.fill(source)
        self.position = self.kind.position(self.access())
        self.before = self.inventory()
        self.backups = {engine: self._back_up(engine) for engine in self.engines}
        self.after = self.inventory()
        self.close()
        self._stack = self._new_stack("sandbox")

    def close(self) -> None:
        if self._stack is not None:
            assert self._stack.remove() == ()
        self._stack = None

    @cached_property
    def target(self) -> Any:
        self.capture()
        return self._stack

    def component(self, engine: str = "", options: dict[str, JsonValue] | None = None) -> Component:
        changes: dict[str, Any] = {"engine": engine, "engine_options": self.sample.ENGINES.get(engine, {})}
        return self.sample.COMPONENT.model_copy(update=changes | ({"options": options} if options else {}))

    def access(self, options: dict[str, JsonValue] | None = None) -> ComponentAccess:
        return ComponentAccess(self.component(options=options), self._stack)

    def inventory(self) -> Path:
        path = self.folder / f"{next(self._numbers)}.jsonl.gz"
        write_inventory(self.kind.inventory(self.access()), self.sample.COMPONENT.classes, path)
        return path

    def proved_empty(self) -> str | None:
        return self.kind.proved_empty(self.access())

    def _back_up(self, engine: str) -> Captured:
        folder = self.folder / f"{next(self._numbers)}-{engine}"
        folder.mkdir(parents=True)
        access = BackupAccess(self.component(engine), self._stack, folder, "pair", TIMEOUT_S)
        return Captured(folder, json.loads(json.dumps(self.engines[engine].backup(access))))

    def wipe(self) -> None:
        self.held, self.latest = "", None
        self.sample.wipe(self.target)

    def restore(self, engine: str, captured: Captured | None = None) -> None:
        taken = captured or self.backups[engine]
        access = RestoreAccess(self.component(engine), self.target, taken.folder, "pair", taken.facts, TIMEOUT_S)
        self.held, self.latest = "", None
        self.engines[engine].restore(access)
        self.held = "" if captured else engine

    def hold(self, engine: str = "") -> None:
        """Make sure that the target holds a whole restored backup."""
        if not self.held or (engine and self.held != engine):
            self.wipe()
            self.restore(engine or list(self.engines)[-1])

    def difference(self, before: Path, after: Path, restored: Path) -> Difference:
        prefixes = getattr(self.kind, "prefix_digests", None)
        return compare_inventories(
            self.component(), before, after, restored, (lambda s: prefixes(self.access(), s)) if prefixes else None
        )


# ---------------------------------------------------------------- what an engine owes


def comes_back_equal(bench: Bench, engine: str) -> None:
    """The source is gone, the target proved empty; what is restored equals both inventories of the source."""
    bench.wipe()
    assert bench.proved_empty() is None
    bench.restore(engine)
    same(bench.difference(bench.before, bench.after, bench.inventory()))
    assert bench.proved_empty()


def removes_before_it_replaces(bench: Bench, engine: str) -> None:
    """Restored again over itself and what was left there since, the component is the same, and its
    surroundings are as they were."""
    bench.hold(engine)
    bench.sample.leave_behind(bench.target)
    bystanders = bench.sample.bystanders(bench.target)
    bench.restore(engine)
    same(bench.difference(bench.before, bench.after, bench.inventory()))
    assert bench.sample.bystanders(bench.target) == bystanders


def fails_loudly(bench: Bench, engine: str, damage: Callable[[Path], None], folder: Path) -> None:
    """A damaged artefact is never restored without a word."""
    bench.wipe()
    good = bench.backups[engine]
    shutil.copytree(good.folder, folder, symlinks=True)
    damage(folder)
    try:
        bench.restore(engine, Captured(folder, good.facts))
    except CommandFailed as error:
        assert str(error)
    else:
        found = bench.difference(bench.before, bench.after, bench.inventory())
        raise AssertionError(f"a damaged artefact was restored, parity {'holds' if found.equal else 'is broken'}")


def treats_nothing_as_documented(bench: Bench, engine: str) -> None:
    """An empty component is refused, or comes back empty."""
    assert bench.target
    captured = bench.empty_backups[engine]
    assert isinstance(captured, CommandFailed) == (engine in bench.sample.EMPTY_REFUSED), captured
    if isinstance(captured, Captured):
        bench.hold(engine)
        bench.restore(engine, captured)
        same(bench.difference(bench.empty, bench.empty, bench.inventory()))


# ---------------------------------------------------------------- what a component kind owes


def is_the_same_twice(bench: Bench) -> None:
    bench.hold()
    first, second = bench.inventory(), bench.inventory()
    same(bench.difference(first, second, second))


def shows_exactly(bench: Bench, change: Change) -> None:
    """One change of one item is that one difference."""
    if bench.latest is None:
        bench.hold()
    before, bench.held, bench.latest = bench.latest or bench.inventory(), "", None
    change.apply(bench.target)
    after = bench.inventory()
    found = bench.difference(before, before, after)
    bench.latest = after
    for wanted, named in (
        (change.changed, found.changed),
        (change.missing, found.missing),
        (change.extra, found.extra),
    ):
        left = list(named.first)
        for key in wanted:
            seen = next((name for name in left if name.startswith(key)), None)
            assert seen is not None, f"{key} does not show: {found}"
            left.remove(seen)
        assert [name for name in left if not name.startswith(bench.sample.ALSO)] == [], found
        assert named.count <= FIRST, found


def same(difference: Difference) -> None:
    assert difference.equal, difference
    assert difference.transient.count == 0, difference
    assert difference.source_count == difference.restored_count


# ---------------------------------------------------------------- damages


def largest(folder: Path) -> Path:
    return max((p for p in folder.rglob("*") if p.is_file()), key=lambda p: (p.stat().st_size, p.as_posix()))


def cut(folder: Path) -> None:
    path = largest(folder)
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * 0.6))


def garble(folder: Path) -> None:
    with largest(folder).open("r+b") as file:
        file.write(b"\xa5" * 600)


def empty(folder: Path) -> None:
    largest(folder).write_bytes(b"")


def remove(folder: Path) -> None:
    largest(folder).unlink()


DAMAGES = {"cut": cut, "garbled": garble, "emptied": empty, "removed": remove}
