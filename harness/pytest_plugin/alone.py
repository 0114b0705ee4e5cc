"""The tests beside a drill file for a run outside of pytest: in a session of their own, inside the run."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.drill_files import file_of_tests
from harness.stages import Run, Stages

if TYPE_CHECKING:
    from harness.model.drill import Drill
    from harness.model.plan import Plan

# pytest's output is kept to itself: what the tests come to stands in the verdict. What is set up for sessions with a
# terminal (workers, coverage, `-x`) does not hold here. Some people's warnings are errors: that the harness is imported
# already is no fault of their tests, nor what the run itself left to the garbage collector, such as a broken socket of
# an engine that is gone; pytest would raise that here, past all results.
_NOT_THEIRS = ("ignore::pytest.PytestAssertRewriteWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
ARGUMENTS = ("-s", "-o", "addopts=", "-p", "no:cacheprovider", *(word for one in _NOT_THEIRS for word in ("-W", one)))
_LAST_LINES = 20


class _Open(Stages):
    """The run that is open already; leaving it is not the session's."""

    def __init__(self, drill: Drill, run: Run) -> None:
        self._drill, self._run = drill, run

    def read_drill(self, path: Path, content: bytes | None = None) -> Drill:
        return self._drill

    def make_plan(self, drill: Drill, only: tuple[str, ...] = (), components: tuple[str, ...] = ()) -> Plan:
        return None  # type: ignore[return-value]  # nobody asks for it: the run has its own

    def drill_run(self, *given: Any, **named: Any) -> AbstractContextManager[Run]:
        return nullcontext(self._run)


class _Inside:
    """A plugin of that one session."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self.interrupted = False

    def pytest_portal_drill_stages(self, config: pytest.Config) -> Stages:
        return self._stages

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Of pytest's own reasons to stop, such as tests that it cannot read, one is a KeyboardInterrupt too."""
        self.interrupted = excinfo.type is KeyboardInterrupt


def run_own_tests(run: Run, drill: Drill, drill_file: Path) -> None:
    """Run them if the run has any; call it inside `drill_run`.

    Raises: KeyboardInterrupt.
    """
    if run.tests is None:
        return
    file, inside, said = file_of_tests(drill_file), _Inside(_Open(drill, run)), io.StringIO()
    with redirect_stdout(said), _modules_of(file):
        code = pytest.main([*ARGUMENTS, str(file)], plugins=[inside])
    if inside.interrupted:
        raise KeyboardInterrupt
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        last = "\n".join(said.getvalue().splitlines()[-_LAST_LINES:])
        run.tests.could_not_begin(f"pytest could not run {file.name}: {last}")


@contextmanager
def _modules_of(file: Path) -> Iterator[None]:
    """Two drills may have the same name in two folders, and so may what their tests import from beside them: what
    this process knows by the file's name is put aside meanwhile, and what came from its folder is forgotten after."""
    before, search_path = dict(sys.modules), [*sys.path]
    sys.modules.pop(file.stem, None)
    try:
        yield
    finally:
        sys.path[:] = search_path
        for name, module in list(sys.modules.items()):
            origin = getattr(module, "__file__", None)
            if name not in before and isinstance(origin, str) and Path(origin).parent == file.parent:
                del sys.modules[name]
        sys.modules.pop(file.stem, None)
        if file.stem in before:
            sys.modules[file.stem] = before[file.stem]
