"""What the index may lack or have too much for the time between two captures, in both directions (skew)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import written_drill, written_point

from harness.kinds.checks import index_consistency
from harness.kinds.contracts import CheckAccess, ContentItem, Judgement, Query, Record, Trace
from harness.model.drill import Component
from harness.model.evidence import Evidence, Instant, LogLine, Mark, Observation
from harness.model.plan import Plan
from harness.model.restore_point import Artefact
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
START = datetime(2026, 11, 21, 7, 51, tzinfo=UTC)
ID = "20261121T075100Z-4f3a"
OLD = ContentItem("page:001", "1", START - timedelta(days=1), "Home")
Span = tuple[float, float]
DATABASE_FIRST: tuple[Span, Span] = ((10, 20), (30, 40))
INDEX_FIRST: tuple[Span, Span] = ((30, 40), (10, 20))


def new(second: float | None, revision: str = "1") -> ContentItem:
    """An item that was committed so many seconds after the start; None: it is not known when."""
    when = None if second is None else START + timedelta(seconds=second)
    return ContentItem("page:002", revision, when, "News")


class PortalWithIndex:
    """Content and an engine's list in memory; every item is found by its own word."""

    CONTENT_TIER = "database"
    INDEX_TIER = "search"

    def __init__(self, database: list[ContentItem], index: list[ContentItem]) -> None:
        self._database, self._index = database, index

    def items(self, access: Any) -> Iterator[ContentItem]:
        yield from self._database

    def index_items(self, access: Any) -> Iterator[ContentItem]:
        yield from self._index

    def queries(self, access: Any) -> Iterator[Query]:
        for item in self._database:
            yield Query(f"word of {item.key}", frozenset({item.key}))

    def search(self, access: Any, query: str) -> frozenset[str]:
        return frozenset(item.key for item in self._index if query == f"word of {item.key}")


class PortalWithTraces(PortalWithIndex):
    """Also says where the inventories have an item."""

    def inventory_keys(self, key: str) -> dict[str, str]:
        return {"database": f"row/{key}", "search": f"document/{key}"}


def log(second: float, set_by_s: float = 0.0) -> LogLine:
    utc = START + timedelta(seconds=second + set_by_s)
    return LogLine(text="", at=Instant(monotonic_s=second, utc=utc, boot_id="one"))


def artefact(component: str, span: Span) -> Artefact:
    started, finished = (
        Mark(
            name=f"capture_{word}",
            subject=component,
            at=Instant(monotonic_s=second, utc=START + timedelta(seconds=second), boot_id="one"),
        )
        for word, second in zip(("started", "finished"), span, strict=True)
    )
    return Artefact(
        component=component,
        engine="any",
        folder=f"artefacts/{component}",
        files=(),
        pairing_id=ID,
        started=started,
        finished=finished,
        capture_point=started,
    )


def judged(
    database: list[ContentItem],
    index: list[ContentItem],
    spans: tuple[Span, Span],
    *,
    strategy: dict[str, str] | None = None,
    artefacts: tuple[str, ...] = ("database", "search"),
    traces: dict[str, dict[str, Trace]] | None = None,
    portal: type[PortalWithIndex] = PortalWithIndex,
    clock_set_by_s: float = 0.0,
) -> tuple[Judgement, dict[str, Any]]:
    """The check's result, and what it observed."""
    drill = written_drill(
        components=(
            Component(name="database", kind="postgresql", service="db", engine="pg_dump"),
            Component(name="search", kind="opensearch", service="search", engine="snapshot"),
        ),
        restore_strategy=strategy or {},
    )
    point = written_point(
        captured_utc=START,
        artefacts=tuple(
            artefact(name, span) for name, span in zip(("database", "search"), spans, strict=True) if name in artefacts
        ),
        evidence=Evidence(
            lines=(log(1), log(2, set_by_s=clock_set_by_s)),
            complete=False,
            sha256="0" * 64,
        ),
    )
    plan = Plan(drill="shop", components=drill.components, services=(), capture=(), recover=())
    nothing: Any = None
    access = CheckAccess(
        drill=drill,
        plan=plan,
        stack=nothing,
        portal=nothing,
        portal_kind=portal(database, index),  # type: ignore[arg-type]
        component_kinds={},
        restore_point=point,
        canaries=(),
        differences={},
        queries=lambda: tuple(portal(database, index).queries(nothing)),
        trace=lambda tier, keys: {k: t for k, t in (traces or {}).get(tier, {}).items() if k in keys},
    )
    options = index_consistency.Options()
    data = index_consistency.observe(access, options)
    assert isinstance(data, dict)
    seen = Observation(name="index_consistency", data=data, at=point.artefacts[0].started.at)
    evidence = Evidence(lines=(seen,), complete=True, sha256="0" * 64)
    return index_consistency.judge(Record(drill, plan, point, evidence, True), options), data


@pytest.mark.parametrize("set_by_s", [-3600.0, 3600.0])
def test_clock_that_was_set_makes_what_time_would_tell_unknown(set_by_s: float) -> None:
    """Neither is a true loss excused by a window that was set over it, nor a write in flight called a loss."""
    for second in (8, 25):
        result, _ = judged([OLD], [OLD, new(second)], DATABASE_FIRST, clock_set_by_s=set_by_s)
        assert result.outcome is UNKNOWN
        assert result.found.startswith("the clock was set by 3600 s during the backup")
    result, _ = judged([OLD, new(25)], [OLD, new(25)], DATABASE_FIRST, clock_set_by_s=set_by_s)
    assert result.outcome is PASS


def kinds(data: dict[str, Any]) -> dict[str, int]:
    names = ("missing", "ghost", "stale", "skew", "search_missing", "search_unexpected")
    return {name: data[name]["count"] for name in names if data[name]["count"]}


def test_lists_that_agree_pass_in_either_order() -> None:
    for spans in (DATABASE_FIRST, INDEX_FIRST):
        result, data = judged([OLD, new(25)], [OLD, new(25)], spans)
        assert (result.outcome, kinds(data), data["covered_by_queries"]) == (PASS, {}, 2)


@pytest.mark.parametrize(
    ("spans", "second", "outcome"),
    [
        # the index was captured later: it may be ahead, by what was written from the database's start on
        (DATABASE_FIRST, 10.5, PASS),
        (DATABASE_FIRST, 25, PASS),
        (DATABASE_FIRST, 40, PASS),
        (DATABASE_FIRST, 8, FAIL),
        (DATABASE_FIRST, 42, FAIL),
        (DATABASE_FIRST, None, FAIL),
        # the index was captured first: what only it has was never in the database
        (INDEX_FIRST, 15, FAIL),
        (INDEX_FIRST, 25, FAIL),
        (INDEX_FIRST, 35, FAIL),
    ],
)
def test_item_that_only_the_index_has(spans: tuple[Span, Span], second: float | None, outcome: Outcome) -> None:
    result, data = judged([OLD], [OLD, new(second)], spans)
    assert (result.outcome, kinds(data)) == (outcome, {"skew": 1} if outcome is PASS else {"ghost": 1})


@pytest.mark.parametrize(
    ("spans", "second", "outcome"),
    [
        # the index was captured first: it may lack what was committed after its capture had started
        (INDEX_FIRST, 10.5, PASS),
        (INDEX_FIRST, 25, PASS),
        (INDEX_FIRST, 40, PASS),
        (INDEX_FIRST, 8, FAIL),
        (INDEX_FIRST, None, FAIL),
        # the index was captured later: what the database had by then, it must have
        (DATABASE_FIRST, 15, FAIL),
        (DATABASE_FIRST, 25, FAIL),
        (DATABASE_FIRST, 8, FAIL),
    ],
)
def test_item_that_the_index_lacks(spans: tuple[Span, Span], second: float | None, outcome: Outcome) -> None:
    result, data = judged([OLD, new(second)], [OLD], spans)
    wrong = {"missing": 1, "search_missing": 1}
    assert (result.outcome, kinds(data)) == (outcome, {"skew": 1} if outcome is PASS else wrong)


@pytest.mark.parametrize(
    ("spans", "mine", "theirs", "outcome"),
    [
        (DATABASE_FIRST, new(-500, "1"), new(25, "2"), PASS),  # the index is newer, and was captured later
        (DATABASE_FIRST, new(25, "2"), new(-500, "1"), FAIL),  # the index is older, though captured later
        (INDEX_FIRST, new(25, "2"), new(-500, "1"), PASS),
        (INDEX_FIRST, new(-500, "1"), new(25, "2"), FAIL),
        (DATABASE_FIRST, new(-500, "1"), new(-400, "2"), FAIL),
        (INDEX_FIRST, new(-400, "2"), new(-500, "1"), FAIL),
    ],
)
def test_item_of_which_the_index_has_another_revision(
    spans: tuple[Span, Span], mine: ContentItem, theirs: ContentItem, outcome: Outcome
) -> None:
    result, data = judged([OLD, mine], [OLD, theirs], spans)
    assert (result.outcome, kinds(data)) == (outcome, {"skew": 1} if outcome is PASS else {"stale": 1})


def test_item_of_the_same_revision_with_another_title_is_stale() -> None:
    result, data = judged([OLD], [replace(OLD, title="Start")], DATABASE_FIRST)
    assert (result.outcome, kinds(data)) == (FAIL, {"stale": 1})
    assert "Home" in result.found and "Start" in result.found


def test_captures_at_the_same_time_excuse_both_directions_within_them() -> None:
    spans: tuple[Span, Span] = ((10, 30), (20, 40))
    assert judged([OLD], [OLD, new(25)], spans)[0].outcome is PASS
    assert judged([OLD, new(25)], [OLD], spans)[0].outcome is PASS
    assert judged([OLD, new(15)], [OLD], spans)[0].outcome is FAIL
    assert judged([OLD], [OLD, new(45)], spans)[0].outcome is FAIL


def test_nothing_is_excused_of_an_index_that_was_built_anew_or_without_both_captures() -> None:
    rebuilt = judged([OLD], [OLD, new(25)], DATABASE_FIRST, strategy={"search": "rebuild"})
    assert (rebuilt[0].outcome, kinds(rebuilt[1])) == (FAIL, {"ghost": 1})
    for only in (("database",), ("search",)):
        result, data = judged([OLD], [OLD, new(25)], DATABASE_FIRST, artefacts=only)
        assert (result.outcome, kinds(data)) == (FAIL, {"ghost": 1})


def test_index_of_which_no_search_reaches_an_item_is_unknown() -> None:
    result, data = judged([], [], DATABASE_FIRST)
    assert (result.outcome, data["covered_by_queries"]) == (UNKNOWN, 0)


# ---------------------------------------------------------------- what the source's own inventories say


def traces(database: tuple[str | None, ...], index: tuple[str | None, ...]) -> dict[str, dict[str, Trace]]:
    """Of the item `page:002`: its digests before, after and restored."""
    return {"database": {"row/page:002": Trace(*database)}, "search": {"document/page:002": Trace(*index)}}


LONG_AGO = new(-5000)
DELETED = traces(("a", None, "a"), ("i", None, None))  # the database was captured before, the index after
DELETED_LATER = traces(("a", None, None), ("i", None, "i"))  # the other way round


@pytest.mark.parametrize(
    ("spans", "told", "outcome"),
    [
        (DATABASE_FIRST, DELETED, PASS),
        (INDEX_FIRST, DELETED, FAIL),  # it was captured first, and lacks what was deleted only later
        (DATABASE_FIRST, traces(("a", "a", "a"), ("i", None, None)), FAIL),  # its row was never deleted
        (DATABASE_FIRST, traces(("a", None, "a"), ("i", "i", None)), FAIL),  # the source's index has it still
        (DATABASE_FIRST, traces(("a", "b", "a"), ("i", "j", None)), FAIL),  # changed, but the index has not the last
        (DATABASE_FIRST, traces(("a", None, "b"), ("i", None, None)), PASS),  # edited, dumped, deleted
        (DATABASE_FIRST, {}, FAIL),
        (DATABASE_FIRST, {"database": DELETED["database"]}, FAIL),
        (((10, 30), (20, 40)), DELETED, PASS),
    ],
)
def test_item_that_was_deleted_between_the_captures(
    spans: tuple[Span, Span], told: dict[str, dict[str, Trace]], outcome: Outcome
) -> None:
    result, data = judged([OLD, LONG_AGO], [OLD], spans, traces=told, portal=PortalWithTraces)
    wrong = {"missing": 1, "search_missing": 1}
    assert (result.outcome, kinds(data)) == (outcome, {"skew": 1} if outcome is PASS else wrong)


@pytest.mark.parametrize(("spans", "outcome"), [(INDEX_FIRST, PASS), (DATABASE_FIRST, FAIL)])
def test_ghost_of_an_item_that_was_deleted_meanwhile(spans: tuple[Span, Span], outcome: Outcome) -> None:
    result, data = judged([OLD], [OLD, LONG_AGO], spans, traces=DELETED_LATER, portal=PortalWithTraces)
    assert (result.outcome, kinds(data)) == (outcome, {"skew": 1} if outcome is PASS else {"ghost": 1})


def test_portal_that_cannot_say_where_its_items_lie_excuses_no_deletion() -> None:
    result, data = judged([OLD, LONG_AGO], [OLD], DATABASE_FIRST, traces=DELETED)
    assert (result.outcome, kinds(data)) == (FAIL, {"missing": 1, "search_missing": 1})


def test_nothing_is_looked_up_for_an_index_that_was_built_anew() -> None:
    result, _ = judged(
        [OLD, LONG_AGO],
        [OLD],
        DATABASE_FIRST,
        traces=DELETED,
        portal=PortalWithTraces,
        strategy={"search": "rebuild"},
    )
    assert result.outcome is FAIL


class Moved(PortalWithTraces):
    """Both lists agree, but a plain user finds `page:002` no more: it was moved where only some may read."""

    def search(self, access: Any, query: str) -> frozenset[str]:
        return super().search(access, query) - {"page:002"}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (traces(("a", "b", "a"), ("i", "j", "j")), PASS),
        (traces(("a", "a", "a"), ("i", "j", "j")), FAIL),
        (traces(("a", "b", "b"), ("i", "j", "i")), FAIL),
    ],
)
def test_item_that_was_moved_between_the_captures_is_found_or_not(
    told: dict[str, dict[str, Trace]], outcome: Outcome
) -> None:
    result, data = judged([OLD, LONG_AGO], [OLD, LONG_AGO], DATABASE_FIRST, traces=told, portal=Moved)
    assert (result.outcome, kinds(data)) == (outcome, {"skew": 1} if outcome is PASS else {"search_missing": 1})


def test_more_differences_than_are_looked_up_are_unknown_and_none_of_them_a_loss() -> None:
    many = [ContentItem(f"page:{n:06}", "1", None) for n in range(10_001)]
    told = {
        "database": {f"row/{item.key}": Trace("a", None, "a") for item in many},
        "search": {f"document/{item.key}": Trace("i", None, None) for item in many},
    }
    result, data = judged(many, [], DATABASE_FIRST, traces=told, portal=PortalWithTraces)
    assert (result.outcome, data["missing"]["count"], data["not_looked_up"]["count"]) == (UNKNOWN, 0, 1)
    assert "1 more differ, and were not looked up" in result.found
    result, data = judged(many[1:], [], DATABASE_FIRST, traces=told, portal=PortalWithTraces)
    assert (kinds(data), data["not_looked_up"]["count"]) == ({"skew": 10_000}, 0)
    told["search"]["document/page:000000"] = Trace("i", "i", None)  # a loss among those that were
    result, _ = judged(many, [], DATABASE_FIRST, traces=told, portal=PortalWithTraces)
    assert (result.outcome, "; 1 more differ" in result.found) == (FAIL, True)


def test_more_searches_that_differ_than_are_looked_up_are_unknown() -> None:
    """Both lists agree, and a plain user finds nothing more: all was moved where only some may read."""

    class Hidden(PortalWithTraces):
        def search(self, access: Any, query: str) -> frozenset[str]:
            return frozenset()

    many = [ContentItem(f"page:{n:06}", "1", None) for n in range(10_001)]
    told = {
        "database": {f"row/{item.key}": Trace("a", "b", "a") for item in many},
        "search": {f"document/{item.key}": Trace("i", "j", "j") for item in many},
    }
    result, data = judged(many, many, DATABASE_FIRST, traces=told, portal=Hidden)
    assert (result.outcome, kinds(data), data["not_looked_up"]["count"]) == (UNKNOWN, {"skew": 10_000}, 1)
