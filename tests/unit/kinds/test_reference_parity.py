"""Rows and the files that they name: what agrees, what is lost, what only changed while the backup ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import written_drill

from harness.errors import CouldNotAsk
from harness.kinds.checks import _reference_join, reference_parity
from harness.kinds.contracts import CheckAccess, Judgement, Record, Reference, SourceAccess, StoredFile
from harness.model.drill import Component
from harness.model.evidence import AT_SOURCE, Evidence, Instant, Mark, Observation
from harness.model.inventory import ClassRule, Difference, ItemClass, Named
from harness.model.plan import Plan
from harness.model.restore_point import Artefact, RestorePoint
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
START = datetime(2026, 11, 21, 7, 51, tzinfo=UTC)
ID = "20261121T075100Z-4f3a"
LOOKED, DATABASE, FILES = 50.0, (100.0, 110.0), (120.0, 130.0)  # seconds after START
OLD = 10.0
NONE = Named()
Files = Mapping[str, tuple[int | None, float]]  # size, second of its last change
DRILL = written_drill()
LIBRARY = Component(
    name="library",
    kind="file_tree",
    service="web",
    engine="tar",
    classes=(ClassRule(match="documents/tmp-*", item_class=ItemClass.DISPOSABLE, reason="half an upload"),),
)


class Side:
    """One portal's rows and files in memory: portal and component at once."""

    CONTENT_TIER = "database"
    REFERENCED: Mapping[str, tuple[str, ...]] = {"library": ("documents/**",)}

    def __init__(self, rows: Mapping[str, int | None], stored: Files) -> None:
        self.rows, self.stored = rows, stored

    def references(self, access: Any) -> Iterator[Reference]:
        for number, (key, size) in enumerate(sorted(self.rows.items(), key=lambda pair: pair[0].encode())):
            yield Reference("library", key.partition("#")[0], f"document/{number}", size)

    def files(self, access: Any) -> Iterator[StoredFile]:
        for key, (size, second) in sorted(self.stored.items(), key=lambda pair: pair[0].encode()):
            yield StoredFile(key, size, START + timedelta(seconds=second))


def mark(second: float) -> Mark:
    return Mark(name="any", at=Instant(monotonic_s=second, utc=START + timedelta(seconds=second), boot_id="one"))


def artefact(component: str, span: tuple[float, float]) -> Artefact:
    started, finished = mark(span[0]), mark(span[1])
    return Artefact(
        component=component, engine="any", folder=component, files=(), pairing_id=ID,
        started=started, finished=finished, capture_point=started,
    )  # fmt: skip


def judged(
    restored: Side,
    source: Side | None = None,
    *,
    changed: Named = NONE,
    gone: Named = NONE,
    grown: Named = NONE,
    spans: tuple[tuple[float, float], tuple[float, float]] = (DATABASE, FILES),
    compared: bool = True,
    components: tuple[Component, ...] = (LIBRARY,),
) -> Judgement:
    """The verdict on what was restored, with a look at the source (none: nobody looked)."""
    plan = Plan(drill="shop", components=components, services=(), capture=(), recover=())
    given: dict[str, Any] = {"drill": DRILL, "plan": plan, "stack": None, "portal": None}
    options = reference_parity.Options()
    lines: list[Observation] = []
    if source is not None:
        access = SourceAccess(**given, portal_kind=source, component_kinds={"library": source})  # type: ignore[arg-type]
        looked = mark(LOOKED).at
        data = reference_parity.look(access, options)
        lines.append(Observation(name="reference_parity", subject=AT_SOURCE, data=data, at=looked))
    point = RestorePoint(
        id=ID, drill="shop", drill_sha256="0" * 64, product="plain", portal="wagtail", harness_version="0",
        captured_utc=START, nonce="n", artefacts=(artefact("database", spans[0]), artefact("library", spans[1])),
        inventories=(), survey={}, versions={}, canaries=(),
        evidence=Evidence(lines=tuple(lines), complete=True, sha256="0" * 64),
    )  # fmt: skip
    of_files = {"transient": changed, "gone": gone, "grown": grown}
    difference = Difference(component="library", source_count=9, restored_count=9, **of_files)
    sandbox = CheckAccess(
        **given,
        portal_kind=restored,  # type: ignore[arg-type]
        component_kinds={"library": restored},  # type: ignore[dict-item]
        restore_point=point,
        canaries=(),
        differences={"library": difference} if compared else {},
    )
    seen = Observation(name="reference_parity", data=reference_parity.observe(sandbox, options), at=mark(200).at)
    evidence = Evidence(lines=(seen,), complete=True, sha256="0" * 64)
    return reference_parity.judge(Record(DRILL, plan, point, evidence, True), options)


def named(*names: str, count: int | None = None) -> Named:
    return Named(count=len(names) if count is None else count, first=names)


ROWS: dict[str, int | None] = {"documents/a.txt": 3, "documents/é.txt": 0, "documents/z": None}
STORED: dict[str, tuple[int | None, float]] = {key: (size or 0, OLD) for key, size in ROWS.items()}
SOURCE = Side(ROWS, STORED)


def test_rows_and_files_agree() -> None:
    result = judged(Side(ROWS, STORED), SOURCE)
    assert (result.outcome, result.items.count) == (PASS, 0)
    assert result.found == "3 rows name files that are all there, in their size"


def test_row_without_file_fails() -> None:
    result = judged(Side(ROWS, {key: one for key, one in STORED.items() if key != "documents/a.txt"}), SOURCE)
    assert (result.outcome, result.items.count) == (FAIL, 1)
    assert result.items.first == ("row without file: library: documents/a.txt (named by document/0)",)


def test_row_without_file_at_the_source_fails_and_says_so() -> None:
    side = Side(ROWS | {"documents/b": 1}, STORED)
    result = judged(side, side)
    assert result.outcome is FAIL
    assert result.items.first == (
        "row without file: library: documents/b (named by document/1), already at the source",
    )


@pytest.mark.parametrize(("size", "outcome"), [(3, PASS), (0, FAIL), (4, FAIL), (None, PASS)])
def test_size_is_the_rows(size: int | None, outcome: Outcome) -> None:
    result = judged(Side(ROWS, STORED | {"documents/a.txt": (size, OLD)}), SOURCE)
    assert result.outcome is outcome
    if outcome is FAIL:
        wanted = f"size differs: library: documents/a.txt (3 bytes in document/0, {size} on disk)"
        assert result.items.first == (wanted,)


def test_each_of_several_rows_of_one_file_is_compared() -> None:
    rows = {"documents/a.txt": 3, "documents/a.txt#copy": 7}
    assert judged(Side(rows, {"documents/a.txt": (3, OLD)}), SOURCE).items.count == 1


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        (OLD, FAIL),  # it had its row when the source was looked at
        (60.0, UNKNOWN),  # after the look, before the capture: an upload that came to nothing, or a lost row
        (96.0, PASS),  # stored shortly before its row's transaction ended
        (105.0, PASS),
        (130.0, PASS),
        (131.0, UNKNOWN),  # after its own backup: the restore did not keep the time
    ],
)
def test_file_without_row_is_skew_only_inside_the_capture_interval(second: float, outcome: Outcome) -> None:
    result = judged(Side(ROWS, STORED | {"documents/new": (1, second)}), SOURCE)
    assert result.outcome is outcome
    assert "documents/new" in result.found
    if outcome is FAIL:
        assert result.items.first == ("file without row: library: documents/new",)


def test_file_without_row_at_the_source_is_listed() -> None:
    source = Side(ROWS, STORED | {"documents/orphan": (1, OLD)})
    result = judged(source, source)
    assert result.outcome is PASS
    assert result.found.endswith("; 1 had no row at the source either: library: documents/orphan")


def test_file_without_row_is_unknown_if_nobody_looked_at_the_source() -> None:
    assert judged(Side(ROWS, STORED | {"documents/orphan": (1, OLD)})).outcome is UNKNOWN
    assert judged(Side(ROWS, STORED)).outcome is PASS


def test_more_orphans_at_the_source_than_names_are_kept_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reference_join, "MOST", 2)
    orphans = {f"documents/orphan-{number}": (1, OLD) for number in range(3)}
    source = Side(ROWS, STORED | orphans)
    assert judged(source, source).outcome is UNKNOWN


@pytest.mark.parametrize("key", ["documents/tmp-1", "other/x"])
def test_file_that_no_row_need_name_is_not_judged(key: str) -> None:
    result = judged(Side(ROWS, STORED | {key: (1, OLD)}), SOURCE)
    assert (result.outcome, "had no row" in result.found) == (PASS, False)


def test_file_that_the_source_deleted_meanwhile_is_listed() -> None:
    rows = ROWS | {"documents/deleted": 4}
    key = named("documents/deleted")
    result = judged(Side(rows, STORED), Side(rows, STORED), changed=key, gone=key)
    assert result.outcome is PASS
    assert "1 changed while the backup ran: library: documents/deleted (named by document/1)" in result.found


def test_file_born_while_the_backup_ran_is_lost_if_its_row_was_kept() -> None:
    """Files first, database last: what was added in between is in neither inventory before, but it is no skew."""
    rows = ROWS | {"documents/born": 4}
    result = judged(Side(rows, STORED), SOURCE, changed=named("documents/born"), spans=(FILES, DATABASE))
    assert (result.outcome, result.items.count) == (FAIL, 1)


def test_too_many_deletions_to_tell_is_unknown() -> None:
    side = Side(ROWS | {"documents/b": 1}, STORED)
    assert judged(side, SOURCE, gone=named("documents/x", count=21)).outcome is UNKNOWN


def test_time_tells_of_an_upload_however_many_others_changed_meanwhile() -> None:
    """A difference keeps the names of the first 20 items: a busy portal has more uploads than that."""
    new = {f"documents/new-{number:02}": (5, 115.0) for number in range(21)}
    changed = named(*[*new][:20], count=21)
    result = judged(Side(ROWS, STORED | new), SOURCE, changed=changed)
    assert (result.outcome, "21 changed while the backup ran" in result.found) == (PASS, True)
    lost = Side(ROWS, STORED | new | {"documents/old": (5, OLD)})
    assert judged(lost, SOURCE, changed=changed).outcome is UNKNOWN  # it may be one that changed, or have lost its row


def test_what_changed_is_not_known_without_a_comparison() -> None:
    side = Side(ROWS | {"documents/b": 1}, STORED)
    assert judged(side, SOURCE, compared=False).outcome is UNKNOWN
    assert judged(Side(ROWS, STORED), SOURCE, compared=False).outcome is PASS


@pytest.mark.parametrize(("spans", "outcome"), [((DATABASE, FILES), PASS), ((FILES, DATABASE), FAIL)])
def test_file_replaced_meanwhile_may_be_newer_than_its_row_never_older(spans: Any, outcome: Outcome) -> None:
    side = Side(ROWS, STORED | {"documents/a.txt": (9, 125.0)})
    assert judged(side, SOURCE, changed=named("documents/a.txt"), spans=spans).outcome is outcome
    assert judged(side, SOURCE, grown=named("documents/a.txt"), spans=spans).outcome is outcome  # of class `append`
    assert judged(side, SOURCE, grown=named("documents/log"), spans=spans).outcome is FAIL


def test_no_rows_at_all_is_unknown_and_their_files_are_a_loss() -> None:
    assert judged(Side({}, {}), Side({}, {})).outcome is UNKNOWN
    assert judged(Side({}, STORED), SOURCE).outcome is FAIL


def test_portal_that_does_not_know_its_references_is_unknown() -> None:
    class Plain:
        CONTENT_TIER = "database"

    result = judged(Plain(), Plain())  # type: ignore[arg-type]
    assert (result.outcome, result.found) == (UNKNOWN, "this portal's adapter does not know which rows name files")


def test_component_that_is_not_in_the_drill_is_unknown() -> None:
    result = judged(SOURCE, SOURCE, components=())
    assert (result.outcome, result.found) == (
        UNKNOWN,
        "rows name files of library, which this drill does not back up",
    )


def test_nobody_compared_is_unknown() -> None:
    evidence = Evidence(lines=(), complete=True, sha256="0" * 64)
    plan = Plan(drill="shop", components=(), services=(), capture=(), recover=())
    record = Record(DRILL, plan, None, evidence, True)
    assert reference_parity.judge(record, reference_parity.Options()).outcome is UNKNOWN


def test_list_out_of_order_could_not_be_compared() -> None:
    rows = [Reference("library", key, "document/1") for key in ("b", "a")]
    with pytest.raises(CouldNotAsk, match="rows out of order: 'a' after 'b'"):
        list(_reference_join.pairs(iter(rows), iter(())))
