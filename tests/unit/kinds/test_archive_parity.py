"""Items that a job moves between two databases: in one each, in both, in neither; what may have been deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes import written_drill

from harness.kinds.checks import archive_parity
from harness.kinds.contracts import CheckAccess, Judgement, Placed, Record, SourceAccess, Trace
from harness.model.evidence import AT_SOURCE, Evidence, Instant, Observation
from harness.model.frozen import JsonValue
from harness.model.inventory import Item
from harness.model.plan import Plan
from harness.model.restore_point import RestorePoint
from harness.model.verdict import Outcome
from harness.run.inventory_lines import keep_items, kept_items

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
START = datetime(2026, 11, 21, 7, 51, tzinfo=UTC)
ID = "20261121T075100Z-4f3a"
AT = Instant(monotonic_s=1, utc=START, boot_id="one")
DRILL = written_drill()
OPTIONS = archive_parity.Options()
SOURCE = {"database": ("one", "two"), "archive": ("three",)}


class Side:
    """A portal whose databases hold these items, each in a row of its name."""

    def __init__(self, held: Mapping[str, tuple[str, ...]]) -> None:
        self.held = held

    def placed(self, access: Any) -> Iterator[Placed]:
        placed = [Placed(name, one, f"row/{name}") for one, names in self.held.items() for name in names]
        yield from sorted(placed, key=lambda one: one.name)


def judged(
    restored: object,
    source: object | None = None,
    traces: Mapping[str, Trace] | None = None,
    *,
    seen: bool = True,
    folder: Path | None = None,
    longest: int = 2000,
) -> Judgement:
    """The verdict on what was restored, with a look at the source (none: nobody looked). No line of evidence is
    longer than `longest`; items are kept in memory, or in `folder`."""
    held: list[Item] = []

    def keep(name: str, items: Iterable[Item]) -> JsonValue:
        held.extend(items)
        return {"name": name}

    kept = partial(kept_items, folder) if folder else lambda known: iter(held)
    plan = Plan(drill="shop", components=(), services=(), capture=(), recover=())
    given: dict[str, Any] = {"drill": DRILL, "plan": plan, "stack": None, "portal": None, "component_kinds": {}}
    lines: list[Observation] = []
    if source is not None:
        keeping = partial(keep_items, folder) if folder else keep
        data = archive_parity.look(SourceAccess(**given, portal_kind=source, keep=keeping), OPTIONS)  # type: ignore[arg-type]
        lines.append(Observation(name="archive_parity", subject=AT_SOURCE, data=data, at=AT))
    point = RestorePoint(
        id=ID, drill="shop", drill_sha256="0" * 64, product="plain", portal="http", harness_version="0",
        captured_utc=START, nonce="n", artefacts=(), inventories=(), survey={}, versions={}, canaries=(),
        evidence=Evidence(lines=tuple(lines), complete=True, sha256="0" * 64),
    )  # fmt: skip
    known = traces or {}
    sandbox = CheckAccess(
        **given, portal_kind=restored, restore_point=point, canaries=(), differences={},  # type: ignore[arg-type]
        trace=lambda component, keys: {key: known[key] for key in keys if key in known}, kept=kept,
    )  # fmt: skip
    found = Observation(name="archive_parity", data=archive_parity.observe(sandbox, OPTIONS), at=AT)
    assert all(len(line.model_dump_json()) < longest for line in (*lines, found))
    evidence = Evidence(lines=(found,) if seen else (), complete=True, sha256="0" * 64)
    return archive_parity.judge(Record(DRILL, plan, point, evidence, True), OPTIONS)


def test_items_in_one_database_each_pass() -> None:
    result = judged(Side(SOURCE), Side(SOURCE))
    assert (result.outcome, result.found) == (PASS, "3 items in one each; at the source 1 in archive, 2 in database")


def test_item_that_was_written_after_the_look_passes() -> None:
    assert judged(Side(SOURCE | {"database": ("one", "two", "canary")}), Side(SOURCE)).outcome is PASS


def test_item_that_moved_before_the_backup_passes() -> None:
    assert judged(Side({"database": ("one",), "archive": ("two", "three")}), Side(SOURCE)).outcome is PASS


def test_item_in_both_fails() -> None:
    result = judged(Side({"database": ("one", "two"), "archive": ("two", "three")}), Side(SOURCE))
    assert (result.outcome, result.items.first) == (FAIL, ("in archive and database: two",))


def test_item_in_both_at_the_source_fails_and_says_so() -> None:
    both = Side({"database": ("one",), "archive": ("one",)})
    assert judged(both, both).items.first == ("in archive and database: one, already at the source",)


@pytest.mark.parametrize(("name", "where"), [("two", "database"), ("three", "archive")])
def test_item_in_neither_fails(name: str, where: str) -> None:
    left = {component: tuple(one for one in names if one != name) for component, names in SOURCE.items()}
    stayed = {f"row/{name}": Trace(before="a", after="a", restored=None)}
    result = judged(Side(left), Side(SOURCE), stayed)
    assert (result.outcome, result.items.first) == (FAIL, (f"in none: {name}, which was in {where}",))


@pytest.mark.parametrize("left", [{"row/two": Trace(before="a", after=None, restored=None)}, {}])
def test_item_that_left_its_place_by_the_end_of_the_backup_is_unknown(left: Mapping[str, Trace]) -> None:
    """Moved, or deleted, and maybe between the look and the first inventory: nobody can tell."""
    result = judged(Side(SOURCE | {"database": ("one",)}), Side(SOURCE), left)
    assert (result.outcome, result.items.first) == (UNKNOWN, ("two",))


MANY = tuple(f"release {number:06d}" for number in range(30_000))


def test_evidence_of_many_items_is_a_few_lines_and_names_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_parity, "AT_ONCE", 7_000)
    stayed = {f"row/{name}": Trace(before="a", after="a", restored=None) for name in MANY}
    left = {f"row/{name}": Trace(before="a", after=None, restored=None) for name in MANY[:10]}
    source = Side({"database": MANY, "archive": ()})
    assert judged(source, source, folder=tmp_path).found == "30,000 items in one each; at the source 30,000 in database"
    result = judged(Side({"database": MANY[-1:], "archive": MANY[-2:]}), source, stayed | left, folder=tmp_path)
    assert (result.outcome, result.items.count) == (FAIL, 1 + 29_988)
    assert result.items.first[:2] == (
        f"in archive and database: {MANY[-1]}",
        f"in none: {MANY[10]}, which was in database",
    )


def test_nothing_to_move_is_unknown() -> None:
    assert judged(Side({}), Side({})).outcome is UNKNOWN


def test_portal_that_knows_of_no_such_items_is_unknown() -> None:
    result = judged(object(), object())
    assert (result.outcome, result.found) == (UNKNOWN, "this portal's adapter does not know which items are moved")


def test_source_that_nobody_looked_at_is_unknown() -> None:
    assert judged(Side(SOURCE)).outcome is UNKNOWN


def test_sandbox_that_nobody_looked_at_is_unknown() -> None:
    assert judged(Side(SOURCE), Side(SOURCE), seen=False).outcome is UNKNOWN


def test_what_was_moved_after_the_look_is_counted() -> None:
    found = judged(Side({"database": ("one",), "archive": ("three", "two")}), Side(SOURCE))
    assert found.outcome is PASS and found.found.endswith("2 in database; 1 moved since"), found
