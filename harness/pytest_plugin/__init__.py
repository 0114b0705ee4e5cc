"""The pytest plugin: a drill file is collected as one item per check and objective, beside its own pytest tests.

The first item of a drill that runs performs it. Its tests are run while the restored portal is up; then it is torn
down and judged, and every check and objective reports its part of the verdict. UNKNOWN counts as failed for pytest
(the exit status is non-zero) and has a letter, a colour, a count and a section of its own. Only this package imports
pytest, and at import only what is cheap: it is loaded by every pytest run of whoever installed it.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness.drill_files import drills_of, is_drill
from harness.pytest_plugin import collecting, reporting, running
from harness.pytest_plugin.collecting import NAMES, PERFORMANCES, DrillFile
from harness.stages import Stages


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
    config.stash[PERFORMANCES] = {}
    config.stash[NAMES] = {}
    for part in (running, reporting):
        config.pluginmanager.register(part, part.__name__)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    session.config.args = collecting.with_tests(session.config.args, session.config.invocation_params.dir)
    enabled = gc.isenabled()
    try:
        return (yield)
    finally:
        if enabled:
            gc.enable()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not is_drill(file_path):
        return None
    gc.disable()  # until all is collected: items live as long as the session, and nothing among them is garbage
    return DrillFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return collecting.tests_module(module_path, parent)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    module = collecting.module_of(collector)
    if module is not None and report.passed:
        module.note(collector, report.result)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """After all others, so that nothing comes between a drill and its tests."""
    yield
    items[:] = collecting.in_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker runs one drill whole; a session that asks for no drill keeps its scheduler."""

    root = config.rootpath

    def drill_of(file: str) -> str | None:
        path = root / file
        return next((str(drill) for drill in (path, *drills_of(path)) if is_drill(drill)), None)

    asked = [config.invocation_params.dir / argument.split("::", 1)[0] for argument in config.args]
    if any(drill_of(str(path)) or next(path.rglob("*.drill.y*ml"), None) for path in asked):
        from harness.pytest_plugin.on_workers import scheduler

        return scheduler(config, log, drill_of)
    return None
