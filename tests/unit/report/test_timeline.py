"""The drawn run: positions to scale, writes as they were judged, nothing where there is no common clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.model.evidence import Evidence, Instant, Line, Mark, StepLine, StepState
from harness.model.verdict import ObjectiveResult, Outcome, TierLoss, Verdict
from harness.report.timeline import MOST_TICKS, Lane, timeline

START = datetime(2026, 11, 21, 7, 51, tzinfo=UTC)


def at(second: float, boot: str = "one") -> Instant:
    return Instant(monotonic_s=second, utc=START + timedelta(seconds=second), boot_id=boot)


def mark(name: str, second: float, subject: str = "", boot: str = "one", **facts: Any) -> Mark:
    return Mark(name=name, subject=subject, at=at(second, boot), facts=facts)


LINES: tuple[Line, ...] = (
    mark("canary_written", 100, "database", number=1),
    mark("capture_started", 110, "database"),
    mark("capture_finished", 120, "database"),
    mark("canary_written", 130, "database", number=2),
    mark("canary_written", 140, "database", number=3),
    mark("disaster", 150),
    StepLine(step="restore:database", state=StepState.ENDED, duration_s=20, at=at(180)),
    mark("component_restored", 180, "database"),
    StepLine(step="start_portal", state=StepState.ENDED, duration_s=10, at=at(195)),
    mark("product_healthy", 195),
    mark("first_correct_search", 200),
)


@pytest.fixture
def verdict(verdict_of: Callable[[str], Verdict]) -> Verdict:
    loss = TierLoss(tier="database", outcome=Outcome.PASS, measured_s=20, lost=(2,), indeterminate=(3,), kept=1)
    rpo = ObjectiveResult(name="rpo", outcome=Outcome.PASS, limit_s=None, measured_s=20, per_tier=(loss,))
    return verdict_of("recovered").model_copy(update={"objectives": {"rpo": rpo}})


def lanes(lines: tuple[Line, ...], verdict: Verdict) -> dict[str, Lane]:
    drawn = timeline(verdict, Evidence(lines=lines, complete=True, sha256=""))
    assert drawn is not None
    return {lane.name: lane for lane in drawn.lanes}


def test_positions_are_to_scale(verdict: Verdict) -> None:
    database = lanes(LINES, verdict)["database"]
    assert [(bar.kind, bar.start, bar.width) for bar in database.bars] == [
        ("capture", 100.0, 100.0),
        ("restore", 600.0, 200.0),
    ]
    assert [bar.text for bar in database.bars] == ["backup of database: 10 s", "restore of database: 20 s"]


def test_each_write_stands_as_it_was_judged(verdict: Verdict) -> None:
    writes = lanes(LINES, verdict)["writes in database"]
    assert [(dot.at, dot.kind) for dot in writes.dots] == [(0.0, "kept"), (300.0, "lost"), (400.0, "unknown")]


def test_portal_has_its_instants(verdict: Verdict) -> None:
    portal = lanes(LINES, verdict)["servers and portal"]
    assert [(dot.at, dot.text) for dot in portal.dots] == [(950.0, "product healthy"), (1000.0, "first correct search")]


@pytest.mark.parametrize("hours", [0, 1, 30])
def test_ticks_are_few_and_count_from_the_disaster(hours: float, verdict: Verdict) -> None:
    lines = (*LINES, mark("index_consistent", 200 + 3600 * hours))
    drawn = timeline(verdict, Evidence(lines=lines, complete=True, sha256=""))
    assert drawn is not None
    assert 1 <= len(drawn.ticks) <= MOST_TICKS + 1
    assert (drawn.disaster, "disaster") in drawn.ticks


def test_clocks_of_two_boots_are_not_drawn(verdict: Verdict) -> None:
    lines = (*LINES, mark("product_started", 3, boot="two"))
    assert timeline(verdict, Evidence(lines=lines, complete=True, sha256="")) is None


def test_run_without_disaster_is_not_drawn(verdict: Verdict) -> None:
    lines = tuple(line for line in LINES if not (isinstance(line, Mark) and line.name == "disaster"))
    assert timeline(verdict, Evidence(lines=lines, complete=True, sha256="")) is None
