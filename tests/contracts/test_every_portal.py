"""What every portal adapter owes, asked of each: first on an application in memory, then on the real ones.

The tests of one pair share one running source: each writes what it needs under a word of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from guestbook_in_memory import OPTIONS, Guestbook
from notes_in_memory import Notes, StackInMemory

from harness.clock import new_id
from harness.containers.engine import connect
from harness.kinds import registry
from harness.kinds.contracts import ListsIndex, PortalAccess, PortalKind, Probe
from harness.kinds.portals import http
from harness.model.drill import Drill
from harness.model.evidence import Instant, Mark
from harness.model.plan import Action
from harness.model.progress import Silent
from harness.model.restore_point import Canary
from harness.prepare import make_plan, read_drill
from harness.run.journal import Journal
from harness.run.session import Session
from harness.run.source import OwnedSource
from harness.run.waiting import wait_for

PROJECT = Path(__file__).parents[2]
PAIRS = {
    "http in memory": "drills/notes.drill.yaml",
    "http in memory, in HTML": "drills/notes.drill.yaml",
    "http on notes": "drills/notes.drill.yaml",
    "sql on postgresql": "drills/postgresql.drill.yaml",
    "wagtail on liferay": "drills/liferay-dxp.drill.yaml",
    "jackrabbit on xl-release": "drills/xl-release-7.2.drill.yaml",
    "jackrabbit_embedded on xl-release-embedded": "drills/xl-release-7.2-embedded.drill.yaml",
    "http on liferay": "tests/variants/liferay-http.yaml",
}
MARKS = {
    "http in memory": [],
    "http in memory, in HTML": [],
    "http on notes": [pytest.mark.engine],
    "sql on postgresql": [pytest.mark.engine],
    "wagtail on liferay": [pytest.mark.engine, pytest.mark.prove],
    "jackrabbit on xl-release": [pytest.mark.engine, pytest.mark.prove],
    "jackrabbit_embedded on xl-release-embedded": [pytest.mark.engine, pytest.mark.prove],
    "http on liferay": [pytest.mark.engine, pytest.mark.prove],
}
MARK = Mark(name="canary_written", at=Instant(monotonic_s=1, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one"))
NUMBERS = count(1)


@dataclass(frozen=True)
class Asked:
    """A portal that runs."""

    kind: PortalKind
    access: PortalAccess

    def write(self) -> Canary:
        number = next(NUMBERS)
        token = f"contract{new_id()[-4:]}x{number}"
        refs = dict(self.kind.write_canary(self.access, number, token))
        return Canary(number=number, token=token, refs=refs, acknowledged=True, mark=MARK)

    def edit(self, earlier: Canary) -> Canary:
        token = f"{earlier.token}edited"
        refs = dict(self.kind.edit_canary(self.access, earlier, token))
        return earlier.model_copy(update={"token": token, "refs": refs})

    def kept(self, canary: Canary) -> dict[str, bool]:
        return {tier: kept for _, tier, kept in self.kind.kept_canaries(self.access, [canary])}


def in_time(ask: Callable[[], bool]) -> bool:
    """What is written shows in the search after a second or so."""
    return wait_for(lambda: Probe("it", ask(), "", ""), within_s=10, every_s=0.2, progress=Silent()).ok


def started(drill: Drill, folder: Path) -> Iterator[Asked]:
    """The drill's source, installed and seeded as a run does it."""
    engine, plan = connect(), make_plan(drill)
    journal = Journal(folder / "evidence.jsonl", frozenset())
    session = Session(folder, new_id(), folder, folder, drill, plan, journal, Silent(), engine)
    source = OwnedSource(session)
    try:
        source.start(next(step for step in plan.capture if step.action is Action.START_SOURCE))
        yield Asked(session.portal_kind, source.access)
    finally:
        assert source.stack.remove() == ()
        journal.close()
        engine.close()


@pytest.fixture(scope="module", params=[pytest.param(name, marks=MARKS[name]) for name in PAIRS])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    drill = read_drill(PROJECT / PAIRS[request.param])
    if request.param == "http in memory":
        stack: Any = StackInMemory(Notes())
        yield Asked(registry.portal_of(drill.portal), PortalAccess(drill.portal, stack, drill))
    elif request.param == "http in memory, in HTML":
        stack, portal = StackInMemory(Guestbook()), drill.portal.model_copy(update={"options": OPTIONS})
        assert list(http.misfits(OPTIONS, ["database"], ["web"])) == []
        yield Asked(registry.portal_of(portal), PortalAccess(portal, stack, drill))
    else:
        yield from started(drill, tmp_path_factory.mktemp("portal"))


def test_every_portal_is_in_this_suite() -> None:
    assert {name.split()[0] for name in PAIRS} == set(registry.names("portals"))


def test_source_is_healthy_and_says_the_same_of_itself_twice(asked: Asked) -> None:
    assert asked.kind.healthy(asked.access).ok
    facts = asked.kind.facts(asked.access)
    assert facts and facts == asked.kind.facts(asked.access)


def test_probes_are_good_on_the_source_and_bad_for_other_facts(asked: Asked) -> None:
    asked.kind.write_nonce(asked.access, "noncefirst")  # as every run does before it asks
    facts = asked.kind.facts(asked.access)
    assert [probe for probe in asked.kind.probes(asked.access, facts) if not probe.ok] == []
    name = next(iter(facts))
    wrong = [probe.name for probe in asked.kind.probes(asked.access, {**facts, name: "of another"}) if not probe.ok]
    assert wrong == [name]


def test_nonces_come_back_with_the_newest_last(asked: Asked) -> None:
    for nonce in ("nonceb", "noncea"):
        asked.kind.write_nonce(asked.access, nonce)
    assert asked.kind.read_nonces(asked.access)[-2:] == ("nonceb", "noncea")


def test_write_is_acknowledged_in_every_tier_and_kept_there(asked: Asked) -> None:
    canary = asked.write()
    assert tuple(canary.refs) and set(canary.refs) == set(asked.kind.TIERS)
    assert in_time(lambda: asked.kept(canary) == dict.fromkeys(asked.kind.TIERS, True))


def test_token_that_was_never_written_is_kept_nowhere(asked: Asked) -> None:
    canary = asked.write()
    other = canary.model_copy(update={"token": canary.token[:-1]})  # a part of a word is not the word
    tiers = {tier for tier, kept in asked.kept(other).items() if kept}
    assert tiers <= {"document_library"}  # the adapter `wagtail` keeps the token beside the file's name


def test_edit_keeps_both_words_and_gives_the_item_a_new_revision(asked: Asked) -> None:
    canary = asked.write()
    query = asked.kind.canary_query(canary)
    assert query is not None
    (key,) = query.must
    before = {item.key: item.revision for item in asked.kind.items(asked.access)}
    edited = asked.edit(canary)
    assert edited.refs and all(in_time(lambda c=one: all(asked.kept(c).values())) for one in (canary, edited))  # type: ignore[misc]
    after = {item.key: item.revision for item in asked.kind.items(asked.access)}
    assert {one for one in after if after[one] != before.get(one)} == {key}


def test_items_come_in_byte_order_with_their_times(asked: Asked) -> None:
    canary = asked.write()
    query = asked.kind.canary_query(canary)
    items = list(asked.kind.items(asked.access))
    keys = [item.key.encode() for item in items]
    assert keys == sorted(set(keys)) and query and {key.encode() for key in query.must} <= set(keys)
    assert all(item.committed_utc is None or item.committed_utc.tzinfo for item in items)


def test_index_lists_what_the_content_does(asked: Asked) -> None:
    if not isinstance(asked.kind, ListsIndex):
        assert asked.kind.INDEX_TIER is None
        return
    index: ListsIndex = asked.kind

    def same() -> bool:
        both = (asked.kind.items(asked.access), index.index_items(asked.access))
        mine, theirs = ([(one.key, one.revision, one.title) for one in items] for items in both)
        return mine == theirs

    assert in_time(same)


def test_search_finds_a_write_and_nothing_for_a_word_that_nobody_wrote(asked: Asked) -> None:
    query = asked.kind.canary_query(asked.write())
    assert query is not None
    assert in_time(lambda: asked.kind.search(asked.access, query.word) == query.must)
    assert asked.kind.search(asked.access, "zqxjkvbwp") == frozenset()


def test_queries_find_exactly_what_the_content_says(asked: Asked) -> None:
    asked.write()
    queries = list(asked.kind.queries(asked.access))
    assert queries
    for query in queries:
        assert in_time(lambda q=query: q.must <= asked.kind.search(asked.access, q.word) <= q.must | q.may)  # type: ignore[misc]
