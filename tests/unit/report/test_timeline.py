"""The drawn run: positions to scale, writes as they were judged, nothing where there is no common clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from large_run import TIERS, large_run

from harness.model.evidence import Evidence, Instant, Line, Mark, StepLine, StepState
from harness.model.verdict import ObjectiveResult, Outcome, TierLoss, Verdict
from harness.report.timeline import MOST_TICKS, Lane, Timeline, timeline

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
    mark("canary_indeterminate", 140, number=3),
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


def draw(lines: tuple[Line, ...], verdict: Verdict) -> Timeline | None:
    run = large_run(Outcome.PASS)
    return timeline(verdict, run.drill, None, Evidence(lines=lines, complete=True, sha256=""))


def lanes(drawn: Timeline | None) -> dict[str, Lane]:
    assert drawn is not None
    return {lane.name: lane for lane in drawn.lanes}


def large_lanes() -> dict[str, Lane]:
    run = large_run(Outcome.PASS)
    return lanes(timeline(run.verdict, run.drill, run.point, run.evidence))


def test_positions_are_to_scale(verdict: Verdict) -> None:
    database = lanes(draw(LINES, verdict))["database"]
    assert [(bar.kind, bar.start, bar.width) for bar in database.bars] == [
        ("capture", 10.0, 10.0),
        ("restore", 60.0, 20.0),
    ]
    assert [bar.text for bar in database.bars] == ["backup of database: 10 s", "restore of database: 20 s"]


def test_each_write_stands_as_it_was_judged(verdict: Verdict) -> None:
    writes = lanes(draw(LINES, verdict))["writes in database"]
    assert [(dot.at, dot.kind) for dot in writes.dots] == [(0.0, "kept"), (30.0, "lost"), (40.0, "unknown")]


def test_writes_of_a_tier_without_a_result_are_not_drawn_as_kept(verdict: Verdict) -> None:
    nobody = TierLoss(tier="database", outcome=Outcome.UNKNOWN, measured_s=None, indeterminate=(3,), reason="not seen")
    rpo = verdict.objectives["rpo"].model_copy(update={"per_tier": (nobody,)})
    writes = lanes(draw(LINES, verdict.model_copy(update={"objectives": {"rpo": rpo}})))["writes in database"]
    assert {dot.kind for dot in writes.dots} == {"unknown"}
    assert writes.said == "0 kept, 0 lost, 1 not known: not seen"


def test_portal_has_its_instants(verdict: Verdict) -> None:
    portal = lanes(draw(LINES, verdict))["servers and portal"]
    assert [(dot.at, dot.text) for dot in portal.dots] == [(95.0, "product healthy"), (100.0, "first correct search")]


@pytest.mark.parametrize("hours", [0, 1, 30])
def test_ticks_are_few_and_count_from_the_disaster(hours: float, verdict: Verdict) -> None:
    lines = (*LINES, mark("index_consistent", 200 + 3600 * hours))
    drawn = draw(lines, verdict)
    assert drawn is not None
    assert 1 <= len(drawn.ticks) <= MOST_TICKS + 1
    assert (drawn.disaster, "disaster", False) in drawn.ticks


def test_clocks_of_two_boots_are_not_drawn(verdict: Verdict) -> None:
    lines = (*LINES, mark("product_started", 3, boot="two"))
    assert draw(lines, verdict) is None


def test_run_without_disaster_is_not_drawn(verdict: Verdict) -> None:
    lines = tuple(line for line in LINES if not (isinstance(line, Mark) and line.name == "disaster"))
    assert draw(lines, verdict) is None


def test_loss_is_seen_from_the_last_write_that_survived_to_the_disaster(verdict: Verdict) -> None:
    drawn = draw(LINES, verdict)
    assert drawn is not None
    (loss,) = (bar for bar in lanes(drawn)["writes in database"].bars if bar.kind == "loss")
    assert (loss.start, round(loss.start + loss.width, 2)) == (30.0, drawn.disaster)
    assert lanes(drawn)["writes in database"].said == "1 kept, 1 lost, 1 not known: 20 s"


def test_skew_is_the_band_between_the_capture_points_of_a_group() -> None:
    found = large_lanes()
    points = [dot.at for tier in TIERS for dot in found[f"writes in {tier}"].dots if dot.kind == "capture_point"]
    for tier in TIERS:
        (band,) = (bar for bar in found[f"writes in {tier}"].bars if bar.kind == "skew")
        assert abs(band.start - min(points)) < 0.02
        assert abs(band.start + band.width - max(points)) < 0.02
        assert band.text == "spread of the capture points of portal_state: 2 s"


def test_capture_points_of_another_runs_restore_point_are_not_drawn() -> None:
    run = large_run(Outcome.PASS)
    assert run.point is not None
    other = run.point.model_copy(update={"id": "20261120T000000Z-0000"})
    found = lanes(timeline(run.verdict, run.drill, other, run.evidence))
    assert not {bar.kind for tier in TIERS for bar in found[f"writes in {tier}"].bars} & {"skew"}


def test_chain_says_where_its_limit_is() -> None:
    run = large_run(Outcome.PASS)
    assert large_lanes()["RTO chain"].said == "16 s; limit 15 min, beyond the drawing"
    rto = run.verdict.objectives["rto"].model_copy(update={"limit_s": 10.0, "outcome": Outcome.FAIL})
    verdict = run.verdict.model_copy(update={"objectives": {"rto": rto}})
    chain = lanes(timeline(verdict, run.drill, run.point, run.evidence))["RTO chain"]
    assert chain.said == "16 s; limit 10 s"
    assert [dot.kind for dot in chain.dots] == ["rto_limit"]


def test_the_look_of_the_harness_lies_in_no_stage() -> None:
    found = large_lanes()
    (look,) = found["the harness looks"].bars
    stages = found["RTO chain"].bars
    assert stages
    assert not [s for s in stages if s.start < look.start + look.width - 0.02 and look.start + 0.02 < s.start + s.width]


@pytest.mark.parametrize(
    ("hours", "labels"), [(0, {"disaster", "−10 s", "+50 s"}), (1, {"+10 min", "+60 min"}), (30, {"+4 h", "+28 h"})]
)
def test_ticks_have_one_unit(hours: float, labels: set[str], verdict: Verdict) -> None:
    drawn = draw((*LINES, mark("index_consistent", 200 + 3600 * hours)), verdict)
    assert drawn is not None
    assert labels <= {tick.label for tick in drawn.ticks}
    assert sum(not tick.minor for tick in drawn.ticks) <= 5
