"""One drill in a pytest session: entered when its first item runs, left after its last test, judged then."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import PortalDrillError
from harness.stages import OwnTests, Run, Stages

if TYPE_CHECKING:
    from harness.model.drill import Drill
    from harness.model.progress import Progress
    from harness.model.verdict import Verdict


class PortalFailed(Exception):
    """What was drilled does not hold; the message is the whole report of the item."""


class CouldNotTell(Exception):
    """Neither PASS nor FAIL; the message is the whole report of the item."""


@dataclass(frozen=True)
class Asked:
    """What a session asks of one drill: checks and objectives by name, tests by name, and the tests that it leaves
    out."""

    checks: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    other_tests: tuple[str, ...] = ()

    def only(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The plan's subset of `names`; empty if all of it is asked for."""
        from harness.model.own_test import CHECK

        asked = {*self.checks, *([CHECK] if self.tests else [])}
        return () if asked == set(names) else tuple(name for name in names if name in asked)


@dataclass(frozen=True)
class Performed:
    """A drill that was run in this session. Exactly one of `verdict` and `reason` (why there is none)."""

    folder: str
    verdict: Verdict | None
    reason: str = ""


def stages_of(config: pytest.Config) -> Stages:
    return config.hook.pytest_portal_drill_stages(config=config)  # type: ignore[no-any-return]  # hooks are untyped


def names_of(drill: Drill) -> tuple[str, ...]:
    """Every check and objective of a drill: one item each."""
    from harness.model.verdict import OBJECTIVES

    return (*(use.name for use in drill.checks), *OBJECTIVES)


class Performance:
    """`run` while it is open, `performed` once it was left, or could not be entered."""

    def __init__(self, config: pytest.Config, path: Path, asked: Asked) -> None:
        self.config, self.path, self.asked = config, path, asked
        self.run: Run | None = None
        self.performed: Performed | None = None
        self._context: AbstractContextManager[Run]
        self._progress: Progress | None = None

    @property
    def tests(self) -> OwnTests | None:
        """What the tests beside the drill file are run with, while the run is open for them."""
        return self.run.tests if self.run else None

    def enter(self) -> None:
        """Capture, recover and observe, once. An interrupt passes through when all is torn down."""
        if self.run is not None or self.performed is not None:
            return
        with self._reasons():
            stages = stages_of(self.config)
            drill = stages.read_drill(self.path)
            plan = stages.make_plan(drill, self.asked.only(names_of(drill)))
            given = self.config.getoption("--restore-point")
            with self._shown() as progress:
                self._context = stages.drill_run(
                    drill,
                    plan,
                    root=self.config.rootpath,
                    progress=progress,
                    restore_point=self.config.invocation_params.dir / given if given else None,
                    keep=self.config.getoption("--portal-drill-keep"),
                )
                self.run = self._context.__enter__()
            if self.tests is not None and self.asked.tests:
                self.tests.begin(self.asked.tests, self.asked.other_tests)

    def leave(self) -> None:
        """Tear down, judge and report, if the run is open."""
        run, self.run = self.run, None
        if run is None:
            return
        with self._reasons():
            with self._shown():
                self._context.__exit__(None, None, None)
            folder = os.path.relpath(run.folder, self.config.rootpath)
            self.performed = Performed(folder, run.verdict, "" if run.verdict else "the run ended without a verdict")

    @contextmanager
    def _reasons(self) -> Iterator[None]:
        """Errors are the reason why there is no verdict; of a broken harness it is said where it broke."""
        try:
            yield
        except PortalDrillError as error:
            self.performed = Performed("", None, str(error))
        except Exception as error:
            self.performed = Performed("", None, "".join(traceback.format_exception(error)))

    @contextmanager
    def _shown(self) -> Iterator[Progress]:
        """Live progress on the terminal, past pytest's capture; silent on a worker and with `-q`."""
        capture = self.config.pluginmanager.getplugin("capturemanager")
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        if hasattr(self.config, "workerinput") or terminal is None or self.config.get_verbosity() < 0:
            from harness.model.progress import Silent

            yield Silent()
            return
        from harness.report.progress import TerminalProgress

        if not isinstance(self._progress, TerminalProgress):
            self._progress = TerminalProgress()
        with capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            with self._progress as progress:
                yield progress
