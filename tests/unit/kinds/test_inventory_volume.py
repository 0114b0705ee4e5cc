"""Volumes against those of the restore point that is the measure, from hand-written records."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from test_checks import AT, component, drill, judged, plan, point

from harness.kinds import registry
from harness.kinds.contracts import Judgement, Record
from harness.model.evidence import AT_SOURCE, Evidence, Observation
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
Volumes = dict[str, tuple[int | None, int]]
BACKED_UP = ("back_up:database", "back_up:files")
MEASURE = {"id": "20261120T075100Z-4f3a", "captured_utc": "2026-11-20 07:51", "passed": True}


def data(volumes: Volumes) -> dict[str, Any]:
    return {name: {"items": items, "bytes": size} for name, (items, size) in volumes.items()}


def result(now: Volumes | None, last: Volumes | None, may_be_empty: str | None = None, **options: Any) -> Judgement:
    previous = MEASURE | {"components": data(last)} if last is not None else None
    held = {"components": data(now), "previous": previous} if now is not None else None
    return judge_held(held, may_be_empty, **options)


def judge_held(held: dict[str, Any] | None, may_be_empty: str | None = None, **options: Any) -> Judgement:
    components = (component("database"), component("files", may_be_empty=may_be_empty))
    line = Observation(name="inventory_volume", subject=AT_SOURCE, data=held, at=AT)
    of = point({"database": (1,)}, (line,))
    by = plan(components, BACKED_UP)
    kind = registry.check("inventory_volume")
    nothing = Evidence(lines=(), complete=True, sha256="0" * 64)
    return kind.judge(Record(drill(*components), by, of, nothing, False), kind.Options(**options))


NOW: Volumes = {"database": (5000, 9_000_000), "files": (400, 30_000_000)}


def test_first_run_passes_and_says_that_it_becomes_the_measure() -> None:
    good = result(NOW, None)
    assert (good.outcome, good.found) == (
        PASS,
        "5,400 items, 39.0 MB in 2 components: the first restore point in this vault, compared with nothing; "
        "it becomes the measure",
    )


@pytest.mark.parametrize(("files", "outcome"), [(200, PASS), (201, PASS), (199, FAIL), (800, PASS), (801, FAIL)])
def test_ratio_decides_and_its_ends_belong_to_it(files: int, outcome: Outcome) -> None:
    assert result(NOW | {"files": (files, 30_000_000)}, NOW).outcome is outcome


def test_tenth_of_the_last_backup_fails_by_name() -> None:
    bad = result(NOW | {"database": (5000, 900_000)}, NOW)
    assert (bad.outcome, bad.items.first) == (
        FAIL,
        (
            "database: 900,000 bytes, 0.1 times as many as the 9,000,000 of 20261120T075100Z-4f3a "
            "of 2026-11-20 07:51 UTC",
        ),
    )


def test_measure_is_named_with_its_time_and_what_it_is_worth() -> None:
    held = {"components": data(NOW), "previous": MEASURE | {"components": data(NOW)}}
    named = "5,400 items, 39.0 MB in 2 components, compared with 20261120T075100Z-4f3a of 2026-11-20 07:51 UTC"
    assert judge_held(held).found == named
    held["previous"]["passed"] = False
    assert judge_held(held).found == f"{named}, the oldest: no run of all checks has ended without a failed one"
    held["previous"] = {"id": "20261120T075100Z-4f3a", "components": data(NOW)}  # as it was recorded until 2026-11-30
    assert judge_held(held).found == named.removesuffix(" of 2026-11-20 07:51 UTC")


def test_whoever_meant_the_change_is_told_how_to_allow_it() -> None:
    half = NOW | {"files": (100, 30_000_000)}
    assert result(half, NOW).found.endswith(
        "; a change that was meant is allowed by a wider `within` for one run, which then is the measure"
    )
    assert result(half, NOW, within=[0.2, 2]).outcome is PASS


@pytest.mark.parametrize(
    ("now", "last", "outcome"),
    [
        ((2, 4_000), (5, 10_000), PASS),
        ((12, 10_000), (31, 10_000), PASS),  # 19 items fewer
        ((12, 10_000), (32, 10_000), FAIL),
        ((5, 400_000), (5, 1_399_999), PASS),
        ((5, 400_000), (5, 1_400_000), FAIL),
        ((0, 10_000), (5, 10_000), FAIL),  # all of it gone is no small change
    ],
)
def test_small_change_is_not_judged(now: tuple[int, int], last: tuple[int, int], outcome: Outcome) -> None:
    assert result(NOW | {"files": now}, NOW | {"files": last}).outcome is outcome


def test_floor_and_ratio_are_options() -> None:
    half = NOW | {"files": (100, 30_000_000)}
    assert result(half, NOW).outcome is FAIL
    assert result(half, NOW, within=[0.2, 5]).outcome is PASS
    assert result(half, NOW, floor_items=301).outcome is PASS


@pytest.mark.parametrize("within", [[], [0.5], [0.5, 2, 3], [2.0, 0.5], [1.1, 2], [0.5, 0.9], [-1, 2]])
def test_ratios_that_make_no_sense_are_refused(within: list[float]) -> None:
    with pytest.raises(ValidationError):
        registry.check("inventory_volume").Options(within=within)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (None, "the capture recorded no volumes"),
        ({}, "the capture recorded no volumes"),
        ({"database": (5000, 9)}, "files: it is not known how many items it has"),
        (NOW | {"files": (None, 9)}, "files: it is not known how many items"),
        (NOW | {"files": (0, 10_240)}, "files: has no items"),
        (NOW | {"files": (5, 0)}, "files: has no bytes"),
    ],
)
def test_what_was_not_recorded_or_holds_nothing_is_unknown(now: Volumes | None, found: str) -> None:
    unknown = result(now, None)
    assert (unknown.outcome, found in unknown.found) == (UNKNOWN, True), unknown.found


def test_restore_point_without_the_record_is_unknown() -> None:
    assert judged("inventory_volume", of=point({"database": (1,)})).outcome is UNKNOWN


def test_component_that_may_be_empty_passes() -> None:
    empty = NOW | {"files": (0, 10_240)}
    assert result(empty, NOW | {"files": (5, 10_240)}, "no plugin so far").outcome is PASS


def test_components_that_are_not_in_both_are_named() -> None:
    came = result(NOW, {"database": NOW["database"]})
    assert (came.outcome, "files was not in it" in came.found) == (PASS, True)
    gone = result(NOW, NOW | {"uploads": (1200, 5)})
    assert (gone.outcome, "uploads, of which it held 1,200 items, is no longer backed up" in gone.found) == (PASS, True)


def of_files(items: int, size: int, volatile_items: int = 0, volatile_bytes: int = 0) -> dict[str, Any]:
    counted = {"volatile_items": volatile_items, "volatile_bytes": volatile_bytes}
    return data({"database": (5000, 9_000_000)}) | {"files": {"items": items, "bytes": size, **counted}}


@pytest.mark.parametrize(
    ("now", "last", "said"),
    [
        # a cache and old logs were cleared away, and a cache has filled
        (of_files(400, 30_000_000), of_files(4000, 90_000_000, 3600, 60_000_000), None),
        (of_files(4000, 90_000_000, 3600, 60_000_000), of_files(400, 30_000_000), None),
        # an engine that leaves the cache out anyway: by how much it grew says nothing
        (of_files(400, 30_000_000, 0, 0), of_files(4000, 30_000_000, 3600, 60_000_000), None),
        # what lasts has gone, however much the cache has grown
        (of_files(4000, 30_000_000, 3900, 1_000), of_files(400, 30_000_000), "files: 100 items, 0.25 times"),
        (of_files(400, 9_000_000, 0, 0), of_files(400, 90_000_000, 9, 60_000_000), "files: 9,000,000 bytes, 0.3 times"),
        (of_files(400, 90_000_000, 9, 20_000_000), of_files(400, 30_000_000), "files: 70,000,000 bytes, 2.33 times"),
    ],
)
def test_what_is_volatile_is_not_judged(now: dict[str, Any], last: dict[str, Any], said: str | None) -> None:
    held = {"components": now, "previous": {"id": "20261120T075100Z-4f3a", "components": last}}
    judged = judge_held(held)
    assert judged.outcome is (FAIL if said else PASS)
    assert said is None or judged.found.startswith(said)
