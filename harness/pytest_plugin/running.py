"""The part of the plugin that runs: the fixture `restored`, and the drill around the tests beside its file."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.drill_files import drills_in, file_of_tests
from harness.errors import CouldNotAsk, PortalDrillError
from harness.pytest_plugin import collecting, own_tests
from harness.pytest_plugin.collecting import DrillItem
from harness.pytest_plugin.performance import Performance, PortalFailed
from harness.pytest_plugin.reporting import UNKNOWN

if TYPE_CHECKING:
    from harness.containers.restored import Restored


@pytest.fixture(scope="module")
def restored(request: pytest.FixtureRequest) -> Restored:
    """The restored portal of the drill beside which this file of tests stands: `host`, `http`, `sql`, `environment`."""
    module = collecting.module_of(request.node)
    if module is None:
        pytest.fail(_no_drill(request.path), pytrace=False)
    tests = collecting.performance_of(request.session, module.drill).tests
    assert tests is not None  # else no test of the module is set up
    return tests.restored  # type: ignore[no-any-return]  # the protocol of the stages names nothing of containers


def _no_drill(path: Path) -> str:
    expected = [file_of_tests(drill).name for drill in drills_in(path.parent)]
    known = f"those of the drills beside it are {', '.join(expected)}" if expected else "no drill file stands beside it"
    return f"{path.name} belongs to no drill, so that there is nothing restored; {known}"


def _performance(item: pytest.Item) -> Performance | None:
    """The drill whose test this is; None of any other item."""
    module = collecting.module_of(item)
    return collecting.performance_of(item.session, module.drill) if module else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """The drill is entered before its first test, and left after its last one, whatever ends it."""
    performance = _performance(item)
    if performance is None:
        return (yield)
    over = True
    try:
        performance.enter()
        done = yield
        over = nextitem is None or _performance(nextitem) is not performance
        over = over or bool(item.session.shouldfail or item.session.shouldstop)
        if performance.tests is not None and (test := own_tests.result(item)):
            performance.tests.ended(test)
        return done
    except PortalDrillError:  # the evidence cannot be written any more: leaving says so
        over = True
        return True
    finally:
        if over:
            performance.leave()


def _why_not(performance: Performance) -> str:
    """Why there is nothing to run a test on; empty if there is."""
    if performance.tests is None:
        reason = performance.performed.reason if performance.performed else ""
        return reason or "its drill is over: its tests run before its checks"
    try:
        performance.tests.restored  # noqa: B018 -- raises if there is none
    except CouldNotAsk as error:
        return str(error)
    return ""


@contextmanager
def _in_time(item: pytest.Item) -> Iterator[None]:
    """A phase of a test ends by its deadline, unless somebody looks around in a debugger."""
    performance = _performance(item)
    if performance is None or performance.tests is None or item.config.getoption("usepdb"):
        yield
        return
    with performance.tests.in_time():
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with _in_time(item):
        return (yield)


@pytest.hookimpl(tryfirst=True, specname="pytest_runtest_setup")
def pytest_runtest_setup_refused(item: pytest.Item) -> None:
    """Nothing is set up for a test that has nothing to run on."""
    performance = _performance(item)
    if performance is not None and (lacking := _why_not(performance)):
        pytest.fail(lacking, pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with _in_time(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    with _in_time(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whatever ends an item but a FAIL is UNKNOWN; the mark survives the way from a worker."""
    report = yield
    performance = _performance(item)
    failed = bool(isinstance(item, DrillItem) and call.excinfo and call.excinfo.errisinstance(PortalFailed))
    if performance is not None and performance.tests is not None:
        own_tests.note(item, call, report, performance.tests)
        failed = own_tests.is_failure(call, performance.tests)
    if report.failed and not failed and (performance is not None or isinstance(item, DrillItem)):
        report.user_properties.append(UNKNOWN)
    return report
