"""What a test beside a drill file came to, as the drill's evidence has it: from pytest's reports of its phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from harness.pytest_plugin.collecting import name_of

if TYPE_CHECKING:
    from harness.model.evidence import Seen
    from harness.model.own_test import OwnTest
    from harness.stages import OwnTests

NOTED = pytest.StashKey["Noted"]()


@dataclass
class Noted:
    """What was noted of one test so far. A FAIL counts more than what nobody knows, that more than a skip."""

    failed: str = ""
    unknown: str = ""
    unknown_as: Seen | None = None
    skipped: str = ""
    place: str = ""
    duration_s: float = 0.0
    ended: bool = False  # not if it was interrupted: then it has no result


def note(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, tests: OwnTests) -> None:
    """Add one phase. A first one begins anew: the last try of a test that is tried again counts."""
    if report.when == "setup":
        item.stash[NOTED] = Noted()
    noted = item.stash[NOTED]
    if report.when == "call":
        noted.duration_s = call.duration
    if report.failed:
        _note_failed(noted, item, call, report, tests)
    elif hasattr(report, "wasxfail"):
        what = "marked to fail, and passed" if report.passed else "expected to fail, and did"
        noted.skipped = ": ".join(filter(None, [what, str(report.wasxfail).removeprefix("reason: ")]))
    elif report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        noted.skipped = f"skipped: {str(reason).removeprefix('Skipped: ')}"
    noted.ended = report.when == "teardown"


def _note_failed(
    noted: Noted, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, tests: OwnTests
) -> None:
    from harness.model.evidence import Seen

    error = call.excinfo
    if error is None:  # a strict mark that it fails: nothing of the portal is wrong
        noted.unknown, noted.unknown_as = report.longreprtext, Seen.CRASHED
        return
    said = error.exconly().removeprefix("AssertionError: ")
    if is_failure(call, tests):
        noted.failed = said
        own = [entry for entry in error.traceback if entry.path == item.path]
        noted.place = f"{item.path.name}:{own[-1].lineno + 1}" if own else ""
        return
    went = tests.how_it_went(error.value)
    noted.unknown_as = Seen.CRASHED if went is Seen.REFUSED else went
    noted.unknown = said if report.when == "call" else f"in a fixture, {report.when}: {said}"


def is_failure(call: pytest.CallInfo[None], tests: OwnTests) -> bool:
    """Whether the test itself says that something does not hold; a fixture prepares, and says nothing."""
    if call.when != "call" or call.excinfo is None:
        return False
    said_so = isinstance(call.excinfo.value, pytest.fail.Exception)
    return said_so or tests.how_it_went(call.excinfo.value) == "refused"


def result(item: pytest.Item) -> OwnTest | None:
    """None if the test was not run to its end."""
    noted = item.stash.get(NOTED, None)
    if noted is None or not noted.ended:
        return None
    from harness.model.evidence import Seen
    from harness.model.own_test import OwnTest

    name, s = name_of(item), noted.duration_s
    if noted.failed:
        return OwnTest(name=name, outcome="failed", said=noted.failed, place=noted.place, duration_s=s)
    if noted.unknown_as is not None:
        return OwnTest(name=name, seen=noted.unknown_as, said=noted.unknown, duration_s=s)
    if noted.skipped:
        return OwnTest(name=name, outcome="skipped", said=noted.skipped, duration_s=s)
    return OwnTest(name=name, seen=Seen.SEEN, outcome="passed", duration_s=s)
