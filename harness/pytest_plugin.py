"""The pytest plugin: a drill file is collected as one item per check and objective.

The first item of a file that runs performs the whole drill; every item then reports its part of the
verdict. UNKNOWN counts as failed for pytest (the exit status is non-zero) and has a letter, a colour, a
count and a section of its own. Only this file imports pytest, and at import only what is cheap: it is
loaded by every pytest run of whoever installed the package.
"""

from __future__ import annotations

import gc
import json
import os
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import PortalDrillError
from harness.stages import Stages

if TYPE_CHECKING:
    from harness.model.drill import Drill
    from harness.model.progress import Progress
    from harness.model.verdict import Verdict

SUFFIXES = (".drill.yaml", ".drill.yml")
_UNKNOWN = ("portal_drill_outcome", "UNKNOWN")
_FROM_WORKERS = "portal_drill_verdicts"


class PortalFailed(Exception):
    """What was drilled does not hold; the message is the whole report of the item."""


class CouldNotTell(Exception):
    """Neither PASS nor FAIL; the message is the whole report of the item."""


@dataclass(frozen=True)
class Performed:
    """A drill that was run in this session. Exactly one of `verdict` and `reason` (why there is none)."""

    folder: str
    verdict: Verdict | None
    reason: str = ""


_PERFORMED = pytest.StashKey[dict[Path, Performed]]()
_RECEIVED = pytest.StashKey[list[tuple[str, str]]]()  # verdicts of the session: folder, verdict.json


class HookSpecs:
    """Hooks that this plugin adds to pytest."""

    @pytest.hookspec(firstresult=True)
    def pytest_portal_drill_stages(self, config: pytest.Config) -> Stages | None:
        """The stages to drill with; tests of the plugin return their own."""


@pytest.hookimpl(trylast=True)
def pytest_portal_drill_stages(config: pytest.Config) -> Stages:
    return Stages()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(HookSpecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("portal-drill", "drills of content portals")
    group.addoption("--portal-drill-keep", action="store_true", help="leave the sandbox running after the drill")
    group.addoption("--restore-point", metavar="DIR", help="recover this restore point only; take no backup")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PERFORMED] = {}
    config.stash[_RECEIVED] = []


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return DrillFile.from_parent(parent, path=file_path) if file_path.name.endswith(SUFFIXES) else None


class DrillFile(pytest.File):
    """One drill file; collecting it reads and validates it, and touches no engine."""

    drill: Drill
    names: tuple[str, ...]

    def collect(self) -> Iterator[DrillItem]:
        from harness.model.verdict import OBJECTIVES

        self.drill = self.stages().read_drill(self.path)
        gc.freeze()  # it lives until the end: with a thousand drills, looking through them all takes seconds
        self.names = (*(use.name for use in self.drill.checks), *OBJECTIVES)
        for name in self.names:
            yield DrillItem.from_parent(self, name=name)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Mistakes of the file's author as lines, without a traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, PortalDrillError) else super().repr_failure(excinfo)

    def stages(self) -> Stages:
        return self.config.hook.pytest_portal_drill_stages(config=self.config)  # type: ignore[no-any-return]  # hooks are untyped

    def performed(self) -> Performed:
        """The drill's outcome; the first to ask runs it."""
        done = self.config.stash[_PERFORMED]
        if self.path not in done:
            try:
                done[self.path] = self._perform()
            except PortalDrillError as error:
                done[self.path] = Performed("", None, str(error))
            except Exception as error:  # a broken harness is UNKNOWN, and says where it broke
                done[self.path] = Performed("", None, "".join(traceback.format_exception(error)))
        return done[self.path]

    def _perform(self) -> Performed:
        stages = self.stages()
        plan = stages.make_plan(self.drill, self._only())
        given = self.config.getoption("--restore-point")
        with (
            _progress(self.config) as progress,
            stages.drill_run(
                self.drill,
                plan,
                root=self.config.rootpath,
                progress=progress,
                restore_point=self.config.invocation_params.dir / given if given else None,
                keep=self.config.getoption("--portal-drill-keep"),
            ) as run,
        ):
            pass
        folder = os.path.relpath(run.folder, self.config.rootpath)
        return Performed(folder, run.verdict, "" if run.verdict else "the run ended without a verdict")

    def _only(self) -> tuple[str, ...]:
        """What the session asks of this file; empty if it asks for all of it."""
        asked = {item.name for item in self.session.items if isinstance(item, DrillItem) and item.path == self.path}
        return () if asked == set(self.names) else tuple(name for name in self.names if name in asked)


class DrillItem(pytest.Item):
    """One check or objective of a drill."""

    def runtest(self) -> None:
        from harness.report.rows import asked_row
        from harness.report.sentences import explain_row

        file = self.getparent(DrillFile)
        assert file is not None
        performed = file.performed()
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whatever ends an item but a FAIL of the verdict is UNKNOWN; the mark survives the way from a worker."""
    report = yield
    if isinstance(item, DrillItem) and report.failed and call.excinfo and not call.excinfo.errisinstance(PortalFailed):
        report.user_properties.append(_UNKNOWN)
    return report


def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    if isinstance(report, pytest.TestReport) and _UNKNOWN in [tuple(each) for each in report.user_properties]:
        return "unknown", "U", ("UNKNOWN", {"yellow": True})
    return None


@contextmanager
def _progress(config: pytest.Config) -> Iterator[Progress]:
    """Live progress on the terminal, past pytest's capture; silent on a worker and with `-q`."""
    capture = config.pluginmanager.getplugin("capturemanager")
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if hasattr(config, "workerinput") or terminal is None or config.get_verbosity() < 0:
        from harness.model.progress import Silent

        yield Silent()
        return
    from harness.report.progress import TerminalProgress

    with capture.global_and_fixture_disabled():
        terminal.ensure_newline()
        with TerminalProgress() as progress:
            yield progress


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a worker: hand the verdicts over. Else: nothing is green unless every verdict is."""
    texts = session.config.stash[_RECEIVED]
    for done in session.config.stash[_PERFORMED].values():
        texts.extend([(done.folder, done.verdict.model_dump_json(by_alias=True))] if done.verdict else [])
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_FROM_WORKERS] = texts
        return
    if session.exitstatus == pytest.ExitCode.OK and any(json.loads(text)["outcome"] != "PASS" for _, text in texts):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    sent = getattr(node, "workeroutput", {}).get(_FROM_WORKERS, [])
    node.config.stash[_RECEIVED].extend((folder, text) for folder, text in sent)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker runs one drill whole; a session that asks for no drill keeps its scheduler."""
    asked = [config.invocation_params.dir / argument.split("::", 1)[0] for argument in config.args]
    if any(path.name.endswith(SUFFIXES) or next(path.rglob("*.drill.y*ml"), None) for path in asked):
        from harness.drills_on_workers import scheduler

        return scheduler(config, log, SUFFIXES)
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    unknown = terminalreporter.stats.get("unknown", [])
    if unknown:
        terminalreporter.section("UNKNOWN: could not tell", yellow=True)
    for report in unknown:
        terminalreporter.write_line(report.nodeid, yellow=True)
        terminalreporter.write_line(report.longreprtext)
    received = config.stash[_RECEIVED]
    if received:
        from harness.model.verdict import Verdict
        from harness.report.terminal import as_text
    for folder, text in sorted(received):
        verdict = Verdict.model_validate_json(text)
        terminalreporter.section(f"drill {verdict.drill}")
        terminalreporter.write_line(as_text(verdict, folder, color=terminalreporter.hasmarkup))
