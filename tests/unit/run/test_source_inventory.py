"""What a capture notes of the time between its two inventories, and what a recovery makes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.kinds.contracts import HttpReply
from harness.model.drill import Component
from harness.model.evidence import Evidence, Instant, Mark, Observation, StepLine, StepState
from harness.model.plan import Action, Plan, Step
from harness.model.progress import Silent
from harness.run import source_inventory
from harness.run.journal import Journal
from harness.run.sandbox import Sandbox
from harness.run.source_inventory import SourceInventories

SEARCH = Component(name="search", kind="opensearch", service="search", engine="", options={"indices": ["pages"]})
FILES = Component(name="files", kind="file_tree", service="web", engine="tar", options={"path": "/srv"})


class Engine:
    """An index without documents; `deleted` is what the server has counted so far, None: it does not say."""

    deleted: int | None = 0

    def http(self, service: str, port: int) -> Engine:
        return self

    def request(self, method: str, path: str, **given: Any) -> HttpReply:
        body: Any = {}
        if path.endswith("/_stats/indexing"):
            if self.deleted is None:
                return HttpReply(503, {}, b"")
            body = {"indices": {"pages": {"primaries": {"indexing": {"delete_total": self.deleted}}}}}
        elif path.endswith("/_alias"):
            body = {"pages": {"aliases": {}}}
        elif path.endswith("/_search"):
            shards = {"_shards": {"failed": 0}, "timed_out": False, "_scroll_id": "x"}
            body = {"hits": {"total": {"value": 0}, "hits": []}, **shards}
        elif path == "/pages":
            body = {"pages": {"mappings": {}, "settings": {"index": {}}, "aliases": {}}}
        return HttpReply(200, {}, json.dumps(body).encode())


def deletions_noted(folder: Path, *counts: int | None) -> dict[str, Any]:
    """What is observed, if the server says these counts: before, right after the second inventory, at the sealing."""
    engine: Any = Engine()
    journal = Journal(folder / "evidence.jsonl")
    plan = Plan(drill="shop", components=(SEARCH,), services=(), capture=(), recover=())
    session: Any = SimpleNamespace(journal=journal, plan=plan, progress=Silent())
    inventories = SourceInventories(session, engine, folder)
    for moment, action, count in zip(
        ("before", "after"), (Action.INVENTORY_BEFORE, Action.INVENTORY_AFTER), counts, strict=False
    ):
        engine.deleted = count
        inventories.take(Step(id=f"{action}:search", action=action, subject="search", deadline_s=9), moment)
    engine.deleted = counts[2]
    inventories.see_deletions()
    journal.close()
    seen = journal.so_far()
    names = ("deleted", "deleted_later")
    return {name: one.data for name in names if (one := seen.observation(name, "search"))}


@pytest.mark.parametrize(
    ("counts", "noted"),
    [
        ((3, 5, 9), {"deleted": {"document/pages/": 2}, "deleted_later": {"document/pages/": 4}}),
        ((3, 3, 9), {"deleted_later": {"document/pages/": 6}}),
        ((3, 5, 5), {"deleted": {"document/pages/": 2}}),
        ((3, None, 9), {"deleted_later": {"document/pages/": 6}}),
        ((3, 3, 3), {}),
        ((None, 5, 9), {}),
        ((3, 5, None), {"deleted": {"document/pages/": 2}}),
        ((9, 2, 3), {"deleted_later": {"document/pages/": 1}}),  # the server began anew to count
    ],
)
def test_deletions_after_the_second_inventory_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: tuple[int | None, ...], noted: object
) -> None:
    monkeypatch.setattr(source_inventory, "TOLD_WITHIN_S", -1.0)
    assert deletions_noted(tmp_path, *counts) == noted


def test_deletions_told_within_seconds_may_be_of_before_the_second_inventory(tmp_path: Path) -> None:
    """PostgreSQL hears of the last deletions of a session that rests 10 s later."""
    assert deletions_noted(tmp_path, 3, 3, 9) == {"deleted": {"document/pages/": 6}}


def test_file_is_young_from_when_the_first_inventory_of_its_component_began() -> None:
    def at(second: float) -> Instant:
        return Instant(monotonic_s=second, utc=datetime.fromtimestamp(second, UTC), boot_id="one")

    step = StepLine(step="inventory_before:files", state=StepState.ENDED, duration_s=10.5, at=at(1040.0))
    deleted = Observation(name="deleted_later", subject="files", data={"row/a/": 3}, at=at(1060.0))
    lines = (Mark(name="probing_started", at=at(1000.0)), step, deleted)
    artefact = SimpleNamespace(finished=Mark(name="capture_finished", subject="files", at=at(1050.5)))

    def meanwhile(*seen: Any) -> Any:
        evidence = Evidence(lines=seen, complete=True, sha256="")
        point: Any = SimpleNamespace(evidence=evidence, artefact=lambda name: artefact)
        anything: Any = None
        return Sandbox(anything, Path(), point, anything, ()).meanwhile(FILES)

    found = meanwhile(*lines)
    assert (found.window_unix_s, found.written is None) == ((1029, 1050.5), False)
    assert (found.deletions, found.later_deletions) == ({}, {"row/a/": 3})
    assert meanwhile(lines[0]).written is None  # when it began is not known: no file is excused
