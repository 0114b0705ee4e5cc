"""What the check `source_health` asks, and what it judges from data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakeStack
from test_checks import AT, component, drill, judged

from harness.errors import CommandFailed
from harness.kinds.checks import source_health
from harness.kinds.contracts import ContentItem, Judgement, PortalAccess, Probe, SourceAccess
from harness.model.evidence import AT_SOURCE, Observation
from harness.model.plan import Plan
from harness.model.verdict import Outcome

GOOD, BAD = Probe("login", True, "yes", "yes"), Probe("log", False, "no error", "1 line")


class Portal:
    def __init__(self, *probes: Probe) -> None:
        self.asked = probes

    def healthy(self, access: PortalAccess) -> Probe:
        return Probe("up", True, "yes", "yes")

    def facts(self, access: PortalAccess) -> dict[str, str]:
        return {"title": "Shop"}

    def probes(self, access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
        assert expected == {"title": "Shop"}
        yield from self.asked


class Listing(Portal):
    """A portal that lists its index too."""

    def __init__(self, content: list[ContentItem], index: list[ContentItem]) -> None:
        super().__init__(GOOD)
        self.content, self.index = content, index

    def items(self, access: PortalAccess) -> Iterator[ContentItem]:
        yield from self.content

    def index_items(self, access: PortalAccess) -> Iterator[ContentItem]:
        yield from self.index


def looked(portal: Any, kind: Any = None) -> Any:
    one = component("database")
    of = drill(one)
    plan = Plan(drill="shop", components=(one,), services=(), capture=(), recover=())
    stack = FakeStack()
    access = SourceAccess(
        of, plan, stack, PortalAccess(of.portal, stack, of), portal, {"database": kind or SimpleNamespace()}
    )
    return source_health.look(access, source_health.Options())


def outcome(data: Any) -> Judgement:
    return judged("source_health", Observation(name="source_health", subject=AT_SOURCE, data=data, at=AT))


def item(number: int, revision: str = "1", age_s: float = 3600) -> ContentItem:
    return ContentItem(f"page:{number:03}", revision, AT.utc - timedelta(seconds=age_s))


def test_all_good_passes() -> None:
    found = outcome(looked(Portal(GOOD)))
    assert (found.outcome, found.found) == (Outcome.PASS, "2 of 2 probes good")


def test_bad_probe_of_the_portal_fails() -> None:
    found = outcome(looked(Portal(GOOD, BAD)))
    assert (found.outcome, found.items.first) == (Outcome.FAIL, ("portal log: expected no error, found 1 line",))


def test_bad_probe_of_a_component_fails() -> None:
    kind = SimpleNamespace(verify=lambda access: iter([BAD]))
    assert outcome(looked(Portal(GOOD), kind)).items.first == ("database log: expected no error, found 1 line",)


def test_component_that_refuses_fails() -> None:
    def verify(access: object) -> Iterator[Probe]:
        yield GOOD
        raise CommandFailed("invalid page in block 3")

    found = outcome(looked(Portal(GOOD), SimpleNamespace(verify=verify)))
    assert (found.outcome, found.items.count) == (Outcome.FAIL, 1)
    assert "invalid page" in found.found


@pytest.mark.parametrize(
    ("content", "index", "text"),
    [
        ([item(1), item(2)], [item(1)], "missing in the index: page:002"),
        ([item(1)], [item(1), item(2)], "ghost in the index: page:002"),
        ([item(1, "2")], [item(1, "1")], "stale in the index: page:001"),
        ([ContentItem("page:001", "1", None)], [], "missing in the index: page:001"),
    ],
)
def test_index_that_disagrees_fails(content: list[ContentItem], index: list[ContentItem], text: str) -> None:
    found = outcome(looked(Listing(content, index)))
    assert (found.outcome, found.items.first) == (Outcome.FAIL, (text,))


def test_what_was_written_in_the_last_minute_may_be_under_way() -> None:
    found = outcome(looked(Listing([item(1), item(2, age_s=30)], [item(1)])))
    assert found.outcome is Outcome.PASS
    assert "2 items (1 of the last minute are under way)" in found.found


def test_an_old_difference_among_many_young_ones_is_named() -> None:
    young = [item(number, age_s=5) for number in range(60)]
    found = outcome(looked(Listing([*young, item(900)], [])))
    assert (found.outcome, found.items.first) == (Outcome.FAIL, ("missing in the index: page:900",))


def test_more_differences_than_are_named_are_counted() -> None:
    found = outcome(looked(Listing([item(number) for number in range(3000)], [])))
    assert found.outcome is Outcome.FAIL
    assert found.items.count == 21
    assert looked(Listing([item(number) for number in range(3000)], []))["different"] == 3000


@pytest.mark.parametrize("data", [{}, {"probes": []}, {"probes": [], "items": 3, "different": 0, "differences": []}])
def test_nothing_asked_is_unknown(data: Any) -> None:
    assert outcome(data).outcome is Outcome.UNKNOWN


def test_no_look_is_unknown() -> None:
    assert judged("source_health").outcome is Outcome.UNKNOWN


class Moving(Listing):
    """Each list shows what it is told for the first look, then for the second."""

    def items(self, access: PortalAccess) -> Iterator[ContentItem]:
        yield from self.content.pop(0)  # type: ignore[misc]

    def index_items(self, access: PortalAccess) -> Iterator[ContentItem]:
        yield from self.index.pop(0)  # type: ignore[misc]


def test_what_a_job_moved_between_the_lists_is_no_difference() -> None:
    """Item 1 left between the first two lists, item 2 between the others; item 3 is missing in the index for good."""
    content = [[item(1), item(2), item(3)], [item(2), item(3)]]
    index = [[item(2)], []]
    data = looked(Moving(content, index))  # type: ignore[arg-type]
    assert outcome(data).names == ["missing in the index: page:003"]
    assert (data["items"], data["different"]) == (2, 1)
    moved = looked(Moving([[item(1)], []], [[], []]))  # type: ignore[arg-type]
    assert outcome(moved).outcome is Outcome.PASS
