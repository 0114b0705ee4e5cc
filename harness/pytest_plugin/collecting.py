"""What pytest collects: a drill file as one item per check and objective, and the tests beside it as usual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.drill_files import drills_of, file_of_tests, is_drill
from harness.errors import PortalDrillError
from harness.pytest_plugin.performance import Asked, CouldNotTell, Performance, PortalFailed, names_of, stages_of

PERFORMANCES = pytest.StashKey[dict[Path, Performance]]()
NAMES = pytest.StashKey[dict[str, Path]]()  # of the drills collected so far: which file has each


class DrillFile(pytest.File):
    """One drill file; collecting it reads and validates it, and touches no engine."""

    def collect(self) -> Iterator[DrillItem]:
        stages = stages_of(self.config)
        drill = stages.read_drill(self.path)
        first = self.config.stash[NAMES].setdefault(drill.name, self.path)
        if first != self.path:
            raise stages.same_name(first, self.path)
        for name in names_of(drill):
            yield DrillItem.from_parent(self, name=name)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Mistakes of the file's author as lines, without a traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, PortalDrillError) else super().repr_failure(excinfo)


class DrillItem(pytest.Item):
    """One check or objective of a drill; it reports its part of the verdict."""

    def runtest(self) -> None:
        from harness.report.rows import asked_row
        from harness.report.sentences import explain_row

        performance = performance_of(self.session, self.path)
        performance.enter()
        performance.leave()
        performed = performance.performed
        assert performed is not None
        row = asked_row(performed.verdict, self.name, performed.reason)
        if row is None:
            pytest.skip("not exercised by this run")
        if row.outcome == "FAIL":
            raise PortalFailed(explain_row(row, performed.folder))
        if row.outcome == "UNKNOWN":
            raise CouldNotTell(explain_row(row, performed.folder))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        said = isinstance(excinfo.value, PortalFailed | CouldNotTell)
        return str(excinfo.value) if said else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.name}: {self.name}"


class DrillTests(pytest.Module):
    """The tests beside a drill file: a module as any other, that knows its drill and all of its tests."""

    drills: tuple[Path, ...]
    known: set[str]

    @classmethod
    def beside(cls, drills: tuple[Path, ...], parent: pytest.Collector, path: Path) -> DrillTests:
        module: DrillTests = cls.from_parent(parent, path=path)
        module.drills, module.known = drills, set()
        return module

    @property
    def drill(self) -> Path:
        return self.drills[0]

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        if len(self.drills) > 1:
            named = " and ".join(path.name for path in self.drills)
            raise self.CollectError(f"{named} would both have these tests; give one of them another file name")
        return super().collect()

    def note(self, collector: pytest.Collector, found: Iterable[pytest.Item | pytest.Collector]) -> None:
        """Also what the session will not choose; of a class that it does not look into, the name."""
        self.known.discard(name_of(collector))
        self.known.update(name_of(each) for each in found)


def tests_module(test_file: Path, parent: pytest.Collector) -> DrillTests | None:
    drills = drills_of(test_file)
    return DrillTests.beside(drills, parent, test_file) if drills else None


def name_of(node: pytest.Item | pytest.Collector) -> str:
    """What pytest calls it, without the file: `TestEditors::test_are_there[de]`."""
    return node.nodeid.partition("::")[2]


def module_of(node: pytest.Item | pytest.Collector) -> DrillTests | None:
    """The module, if the node is one of the tests beside a drill file."""
    return node.getparent(DrillTests)


def drill_of(item: pytest.Item) -> Path | None:
    if isinstance(item, DrillItem):
        return item.path
    module = module_of(item)
    return module.drill if module else None


def performance_of(session: pytest.Session, drill: Path) -> Performance:
    """The drill's one performance in this session."""
    known = session.config.stash[PERFORMANCES]
    if drill not in known:
        known[drill] = Performance(session.config, drill, _asked(session, drill))
    return known[drill]


def _asked(session: pytest.Session, drill: Path) -> Asked:
    items = [item for item in session.items if drill_of(item) == drill]
    tests = [item for item in items if not isinstance(item, DrillItem)]
    chosen = tuple(dict.fromkeys(name_of(item) for item in tests))
    known = set().union(*(module.known for item in tests if (module := module_of(item))))
    checks = tuple(dict.fromkeys(item.name for item in items if isinstance(item, DrillItem)))
    return Asked(checks, chosen, tuple(sorted(known - set(chosen))))


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """All items of a drill together, its tests before its checks: these report what those came to."""
    groups: dict[object, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(drill_of(item) or item, []).append(item)
    return [item for group in groups.values() for item in sorted(group, key=lambda one: isinstance(one, DrillItem))]


def with_tests(arguments: list[str], folder: Path) -> list[str]:
    """The session's arguments: a drill file that is asked for as a whole brings the tests beside it."""
    drills = [folder / argument for argument in arguments if "::" not in argument and is_drill(Path(argument))]
    tests = [str(path) for drill in drills if (path := file_of_tests(drill)).is_file()]
    named = {str(folder / argument) for argument in arguments}
    return [*arguments, *(path for path in dict.fromkeys(tests) if path not in named)]
