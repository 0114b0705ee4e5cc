"""The first correct search: what changed in both tiers while they were captured is no reason to wait for ever."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.kinds.contracts import Query, Trace
from harness.model.plan import Action, Step
from harness.model.progress import Silent
from harness.run.journal import Journal
from harness.run.restored_portal import RestoredPortal
from harness.run.waiting import wait_for

CHANGED, SAME = Trace("a", "b", "a"), Trace("a", "a", "a")
STEP = Step(id="first_search", action=Action.FIRST_SEARCH, subject="", deadline_s=0.2)


class Portal:
    """Finds for every word what `hits` says; `page:1` and `page:2` are what it must find."""

    CONTENT_TIER, INDEX_TIER = "database", "search"

    def __init__(self, hits: set[str]) -> None:
        self.hits = frozenset(hits)

    def queries(self, access: Any) -> list[Query]:
        return [Query("word", frozenset({"page:1", "page:2"}))]

    def search(self, access: Any, word: str) -> frozenset[str]:
        return self.hits

    def kept_canaries(self, access: Any, canaries: Any) -> list[tuple[int, str, bool]]:
        return [(canary.number, "database", True) for canary in canaries]

    def canary_query(self, canary: Any) -> Query:
        return Query("token", frozenset({"page:1", "page:2"}))

    def inventory_keys(self, key: str) -> dict[str, str]:
        return {"database": f"row/{key}", "search": f"document/{key}"}


def marks(folder: Path, portal: Any, database: Trace, index: Trace, canaries: tuple[Any, ...] = ()) -> set[str]:
    told = {"database": {"row/page:2": database}, "search": {"document/page:2": index}}
    journal = Journal(folder / "evidence.jsonl", frozenset())
    box: Any = SimpleNamespace(
        session=SimpleNamespace(journal=journal),
        kind=portal,
        access=None,
        canaries=canaries,
        survived={},
        queries=lambda: tuple(portal.queries(None)),
        wait_for=lambda ask, within_s: wait_for(ask, within_s=within_s, every_s=0.05, progress=Silent()),
        trace=lambda tier, keys: {key: trace for key, trace in told[tier].items() if key in keys},
    )
    RestoredPortal(box).first_search(STEP)
    journal.close()
    return {line.name for line in journal.so_far().lines} & {"first_correct_search", "search_incorrect"}


@pytest.mark.parametrize(
    ("hits", "database", "index", "mark"),
    [
        ({"page:1", "page:2"}, SAME, SAME, "first_correct_search"),
        ({"page:1"}, CHANGED, CHANGED, "first_correct_search"),
        ({"page:1"}, CHANGED, SAME, "search_incorrect"),
        ({"page:1"}, SAME, CHANGED, "search_incorrect"),
        ({"page:2"}, CHANGED, CHANGED, "search_incorrect"),  # page:1 is in no inventory
        ({"page:1", "page:2", "page:3"}, CHANGED, CHANGED, "search_incorrect"),
    ],
)
def test_only_what_changed_in_both_tiers_may_be_found_or_not(
    tmp_path: Path, hits: set[str], database: Trace, index: Trace, mark: str
) -> None:
    assert marks(tmp_path, Portal(hits), database, index) == {mark}


def test_search_of_the_newest_canary_has_no_excuse(tmp_path: Path) -> None:
    canary = SimpleNamespace(number=1, refs={"database": "2"}, edit_of=None)
    assert marks(tmp_path, Portal({"page:1"}), CHANGED, CHANGED, (canary,)) == {"search_incorrect"}
    tmp_path.joinpath("evidence.jsonl").unlink()
    assert marks(tmp_path, Portal({"page:1", "page:2"}), SAME, SAME, (canary,)) == {"first_correct_search"}


def test_portal_that_cannot_say_where_its_items_lie_has_no_excuse(tmp_path: Path) -> None:
    portal = Portal({"page:1"})
    bare = SimpleNamespace(
        **{name: getattr(portal, name) for name in ("queries", "search", "kept_canaries", "canary_query")},
        CONTENT_TIER="database",
        INDEX_TIER="search",
    )
    assert marks(tmp_path, bare, CHANGED, CHANGED) == {"search_incorrect"}
