"""Whether tiers are of the instant that their artefacts claim, from hand-written marks."""

from __future__ import annotations

from typing import Any

import pytest
from test_checks import AT, component, drill, judged, plan, point, seen

from harness.kinds.contracts import Judgement
from harness.model.drill import Component, Drill, Group
from harness.model.evidence import Mark, Observation
from harness.model.restore_point import RestorePoint
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
COMPONENTS = (component("database"), component("files"), component("search"))
GROUP = Group(name="state", order=("database", "files", "search"), max_skew_s=120)
TIERS = ("database", "files")
MARKS = ("started", "capture_point", "finished")
Spans = dict[str, tuple[float, float, float]]  # started, capture point, finished

# Writes 1 to 20 are acknowledged at 1.0 to 20.0, by all tiers.
SPANS: Spans = {"database": (10.2, 10.2, 11.5), "files": (12.2, 13.1, 13.1), "search": (13.2, 13.2, 14.1)}
ENDS = {"database": 10, "files": 13}


def mark(name: str, second: float, subject: str = "", boot: str = "one", **facts: Any) -> Mark:
    at = AT.model_copy(update={"monotonic_s": second, "boot_id": boot})
    return Mark(name=name, subject=subject, at=at, facts=facts)


def writes(count: int = 20, *extra: Mark) -> tuple[Mark, ...]:
    made = [mark("canary_written", float(n), tier, number=n) for n in range(1, count + 1) for tier in TIERS]
    return (*made, *extra)


def captured(spans: Spans = SPANS, marks: tuple[Mark, ...] | None = None) -> RestorePoint:
    of = point(dict.fromkeys(spans, (1,)), writes() if marks is None else marks)
    artefacts = tuple(
        artefact.model_copy(
            update={
                name: mark(name, second)
                for name, second in zip(
                    ("started", "capture_point", "finished"), spans[artefact.component], strict=True
                )
            }
        )
        for artefact in of.artefacts
    )
    return of.model_copy(update={"artefacts": artefacts})


def survived(ends: dict[str, int] = ENDS, but: tuple[tuple[str, int], ...] = (), count: int = 20) -> Observation:
    entries = [
        {"tier": tier, "number": n, "kept": n <= end and (tier, n) not in but}
        for tier, end in ends.items()
        for n in range(1, count + 1)
    ]
    return seen("canaries", entries)


def result(
    of: RestorePoint | None, *lines: Any, within: Drill | None = None, components: tuple[Component, ...] = COMPONENTS
) -> Judgement:
    within = within or drill(*components, groups=(GROUP,))
    return judged("skew", *lines, of=of, by=plan(components), within=within, here=False)


def test_tiers_that_end_where_their_captures_did_pass() -> None:
    good = result(captured(), survived())
    assert good.outcome is PASS
    assert good.found == (
        "state: database and search lie 3.0 s apart, database ends with write 10, as its capture does, "
        "files ends with write 13, as its capture does"
    )


def test_write_in_flight_at_the_end_of_a_capture_may_be_kept_or_lost() -> None:
    """Write 12 was begun before 11.5, when the database's capture ended, and acknowledged after it; and a tree may
    hold a later file of the time in which it was copied, and lack an earlier one."""
    assert result(captured(), survived({"database": 12, "files": 13})).outcome is PASS
    assert result(captured(), survived({"database": 11, "files": 13})).outcome is PASS
    long = captured(SPANS | {"files": (5.2, 13.1, 13.1)})
    assert result(long, survived(but=(("files", 7),))).outcome is PASS


def test_group_in_another_order_fails() -> None:
    bad = result(captured(SPANS | {"files": (8.2, 9.1, 13.1)}), survived())
    assert (bad.outcome, bad.items.first) == (FAIL, ("state: files was captured before database, by 1.1 s",))


def test_group_over_its_limit_fails_and_without_one_does_not() -> None:
    late: Spans = SPANS | {"files": (12.2, 613.1, 613.1), "search": (613.2, 613.2, 614.0)}
    marks = writes(
        20, mark("canary_written", 700.0, "files", number=21), mark("canary_written", 701, "files", number=22)
    )
    kept = survived({"database": 10, "files": 20})
    bad = result(captured(late, marks), kept)
    assert (bad.outcome, bad.items.first) == (
        FAIL,
        ("state: database and search lie 603.0 s apart, allowed are 120 s",),
    )
    free = drill(*COMPONENTS, groups=(GROUP.model_copy(update={"max_skew_s": None}),))
    assert "apart, allowed" not in result(captured(late, marks), kept, within=free).found


def test_tier_that_is_newer_than_it_claims_fails() -> None:
    bad = result(captured(), survived({"database": 14, "files": 13}))
    assert bad.outcome is FAIL
    assert bad.items.first == (
        "database: holds write 14, made 1.5 s after the end of its capture: it is of another instant than it claims",
    )


def test_tier_that_is_older_than_it_claims_fails_once_and_says_who_kept_it() -> None:
    bad = result(captured(), survived({"database": 4, "files": 13}))
    assert bad.outcome is FAIL
    assert bad.items.first == (
        "database: ends with write 4, though write 10 was made before its capture: it is older than it claims; "
        "files kept what it lost",
    )
    assert "holds no write" in result(captured(), survived({"database": 0, "files": 13})).found


def test_gap_fails() -> None:
    bad = result(captured(), survived(but=(("files", 5),)))
    assert (bad.outcome, bad.items.first) == (
        FAIL,
        ("files: lacks write 5, though it holds write 13; database kept what it lost",),
    )


def test_write_that_was_never_acknowledged_is_neither_kept_nor_lost() -> None:
    marks = tuple(m for m in writes() if m.facts["number"] != 5)
    doubtful = mark("canary_indeterminate", 5.5, number=5)
    assert result(captured(marks=(*marks, doubtful)), survived(but=(("database", 5), ("files", 5)))).outcome is PASS


def test_write_after_one_that_took_long_began_after_it() -> None:
    """What is known of the beginning of a write is the end of the one before, refused and doubtful ones included."""
    marks = tuple(m for m in writes() if m.facts["number"] != 13)
    doubtful = mark("canary_indeterminate", 13.5, number=13)
    seen_14 = seen("canaries", [
        {"tier": t, "number": n, "kept": n <= 14 if t == "database" else n <= 12} for t in TIERS for n in range(1, 21)
    ])  # fmt: skip
    bad = result(captured(marks=(*marks, doubtful)), seen_14)
    assert "holds write 14, made 2.0 s after" in bad.found


@pytest.mark.parametrize(
    ("of", "lines", "found"),
    [
        (None, (survived(),), "no restore point"),
        (captured(), (), "no write from before its capture was looked for"),
        (captured(), (seen("canaries", None),), "no write from before"),
        (captured(), (survived({"database": 10}),), "files: no write from before its capture was looked for"),
        (captured(marks=()), (survived(),), "no write of the drill"),
        (captured(marks=writes(10)), (survived(),), "database: no write from after its capture was looked for"),
        (captured({k: v for k, v in SPANS.items() if k != "files"}), (survived(),), "files has no capture point"),
        (captured(marks=(mark("canary_written", 1, "files", "two", number=1),)), (survived(),), "of two boots"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_unknown(of: RestorePoint | None, lines: tuple[Observation, ...], found: str) -> None:
    unknown = result(of, *lines)
    assert (unknown.outcome, found in unknown.found) == (UNKNOWN, True), unknown.found


def test_drill_without_groups_is_judged_by_its_data_alone() -> None:
    alone = drill(*COMPONENTS)
    assert result(captured(), survived(), within=alone).outcome is PASS
    assert result(captured(), survived({"database": 4, "files": 13}), within=alone).outcome is FAIL


def test_rebuilt_tier_is_skipped() -> None:
    rebuilt = drill(*COMPONENTS, groups=(GROUP,), restore_strategy={"files": "rebuild"})
    assert (
        result(captured(SPANS | {"files": (1, 1, 1)}), survived({"database": 10, "files": 0}), within=rebuilt).outcome
        is PASS
    )


def test_run_that_captured_is_judged_by_all_of_its_writes() -> None:
    """Writes after sealing lie in the run's own evidence, not in the restore point."""
    by = plan(COMPONENTS)
    within = drill(*COMPONENTS, groups=(GROUP,))
    sealed = captured(marks=writes(10))
    good = judged("skew", *writes(), survived(), of=sealed, by=by, within=within, here=True)
    assert good.outcome is PASS
