"""What each check judges from hand-written records: PASS, FAIL and UNKNOWN."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import written_drill, written_point

from harness.errors import CouldNotAsk
from harness.kinds import registry
from harness.kinds.checks import portal_health
from harness.kinds.contracts import Judgement, Loosens, Probe, Record
from harness.model.drill import Component, Drill, Portal
from harness.model.evidence import Evidence, Instant, Line, Mark, Observation, StepLine, StepState
from harness.model.inventory import Difference, Named
from harness.model.plan import Action, Plan, Step
from harness.model.restore_point import Artefact, ArtefactFile, RestorePoint
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
AT = Instant(monotonic_s=1.0, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one")
MARK = Mark(name="capture_started", at=AT)
ID = "20261121T075100Z-4f3a"


def component(name: str, **changes: Any) -> Component:
    return Component(**{"name": name, "kind": "postgresql", "service": "db", "engine": "pg_dump"} | changes)


def drill(*components: Component, **changes: Any) -> Drill:
    return written_drill(components=components, portal=Portal(kind="sql", service="db", port=5432), **changes)


def plan(components: tuple[Component, ...], capture: tuple[str, ...] = (), recover: tuple[str, ...] = ()) -> Plan:
    def steps(names: tuple[str, ...]) -> tuple[Step, ...]:
        parts = [(name, *name.partition(":")[::2]) for name in names]
        return tuple(Step(id=name, action=Action(action), subject=s, deadline_s=9) for name, action, s in parts)

    return Plan(drill="shop", components=components, services=(), capture=steps(capture), recover=steps(recover))


def point(sizes: dict[str, tuple[int, ...]], evidence: tuple[Line, ...] = ()) -> RestorePoint:
    return written_point(
        portal="sql",
        captured_utc=AT.utc,
        artefacts=tuple(
            Artefact(
                component=name,
                engine="pg_dump",
                folder=f"artefacts/{name}",
                files=tuple(ArtefactFile(path=str(n), size_bytes=s, sha256="0" * 64) for n, s in enumerate(files)),
                pairing_id=ID,
                started=MARK,
                finished=MARK,
                capture_point=MARK,
            )
            for name, files in sizes.items()
        ),
        evidence=Evidence(lines=evidence, complete=False, sha256="0" * 64),
    )


def judged(
    check: str, *lines: Line, of: RestorePoint | None = None, by: Plan | None = None, within: Drill | None = None,
    here: bool = True, differences: dict[str, Difference] | None = None, **options: Any,
) -> Judgement:  # fmt: skip
    kind = registry.check(check)
    record = Record(
        within or drill(component("database")),
        by or plan((component("database"),)),
        of,
        Evidence(lines=lines, complete=True, sha256="0" * 64),
        here,
        differences or {},
    )
    return kind.judge(record, kind.Options(**options))


def seen(name: str, data: Any) -> Observation:
    return Observation(name=name, data=data, at=AT)


def step(name: str, state: StepState = StepState.ENDED, reason: str = "") -> StepLine:
    return StepLine(step=name, state=state, reason=reason, duration_s=1, at=AT)


# ---------------------------------------------------------------- capture

CAPTURE = plan((component("database"),), ("survey", "back_up:database"))
BOTH = (step("survey"), step("back_up:database"))


def test_capture_with_content_passes() -> None:
    assert judged("capture", *BOTH, by=CAPTURE, of=point({"database": (1, 2)})).outcome is PASS


@pytest.mark.parametrize(
    ("size_bytes", "said"), [(9, "9 B"), (40_000, "40,000 B"), (100_000, "0.1 MB"), (41_234_567, "41.2 MB")]
)
def test_what_is_one_is_said_as_one_and_a_small_backup_is_not_nothing(size_bytes: int, said: str) -> None:
    of = point({"database": (size_bytes,)})
    good = judged("capture", *BOTH, by=CAPTURE, of=of)
    assert (good.expected, good.found) == ("1 component backed up, each with content", f"1 component, {said}")
    held = seen("restore_point", {"disagreements": [], "nonce": "n"})
    assert judged("restore_point", held, of=of).found == "1 file verified by SHA-256"


@pytest.mark.parametrize("sizes", [{}, {"database": ()}, {"database": (0, 0)}])
def test_artefact_that_is_absent_or_empty_fails_whatever_the_command_said(sizes: dict[str, tuple[int, ...]]) -> None:
    result = judged("capture", *BOTH, by=CAPTURE, of=point(sizes))
    assert (result.outcome, result.items.first) == (FAIL, ("database: nothing was written",))


@pytest.mark.parametrize(("state", "outcome"), [(StepState.FAILED, FAIL), (StepState.BROKEN, UNKNOWN)])
def test_step_of_the_capture_that_went_wrong(state: StepState, outcome: Outcome) -> None:
    result = judged("capture", step("survey", state, "why"), by=CAPTURE)
    assert (result.outcome, result.found) == (outcome, "survey: why")


def test_failed_step_outweighs_a_broken_one() -> None:
    lines = (step("survey", StepState.BROKEN, "ours"), step("back_up:database", StepState.FAILED, "theirs"))
    assert judged("capture", *lines, by=CAPTURE).found == "back_up:database: theirs"


def test_capture_that_was_cut_off_is_unknown() -> None:
    assert judged("capture", step("survey"), by=CAPTURE).outcome is UNKNOWN
    assert judged("capture", by=CAPTURE).outcome is UNKNOWN


def test_earlier_capture_is_judged_by_its_own_evidence() -> None:
    good = point({"database": (1,)}, BOTH)
    assert judged("capture", by=CAPTURE, of=good, here=False).outcome is PASS
    bad = point({"database": (1,)}, (step("back_up:database", StepState.FAILED, "exit 1"),))
    assert judged("capture", by=CAPTURE, of=bad, here=False).outcome is FAIL


def test_earlier_capture_without_evidence_of_its_backup_is_unknown() -> None:
    assert judged("capture", by=CAPTURE, of=point({"database": (1,)}), here=False).outcome is UNKNOWN


# ---------------------------------------------------------------- restore_point, restore


def test_restore_point_that_agrees_passes() -> None:
    good = seen("restore_point", {"disagreements": []})
    assert judged("restore_point", good, of=point({"database": (1,)})).outcome is PASS


def test_restore_point_that_disagrees_fails_by_name() -> None:
    bad = seen("restore_point", {"disagreements": ["database/dump is missing"]})
    result = judged("restore_point", bad, of=point({"database": (1,)}))
    assert (result.outcome, result.found, result.items.count) == (FAIL, "database/dump is missing", 1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"drill": "intranet"}, "the restore point is of the drill intranet, not of shop"),
        ({"product": "liferay-dxp-7.4"}, "the restore point is of the product liferay-dxp-7.4, not of plain"),
        ({"portal": "wagtail"}, "the restore point is of the portal wagtail, not of sql"),
        ({"id": "other"}, f"database is paired with {ID}, not with other"),
    ],
)
def test_restore_point_of_another_drill_or_capture_fails_by_name(change: dict[str, str], found: str) -> None:
    good = seen("restore_point", {"disagreements": []})
    result = judged("restore_point", good, of=point({"database": (1,)}).model_copy(update=change))
    assert (result.outcome, result.found) == (FAIL, found)


@pytest.mark.parametrize(
    ("lines", "of"),
    [
        ((), point({"database": (1,)})),
        ((seen("restore_point", None),), point({"database": (1,)})),
        ((seen("restore_point", {"disagreements": []}),), None),
        ((seen("restore_point", {"disagreements": []}),), point({})),
    ],
)
def test_restore_point_that_nobody_verified_is_unknown(lines: tuple[Line, ...], of: RestorePoint | None) -> None:
    assert judged("restore_point", *lines, of=of).outcome is UNKNOWN


RESTORE = plan((component("database"),), (), ("disaster", "restore:database", "start_portal", "tear_down"))
MARKED = Mark(name="component_restored", subject="database", at=AT)
RESTORED = (step("disaster"), MARKED, step("restore:database"), step("start_portal"))


def test_restore_of_which_every_step_ended_passes() -> None:
    assert judged("restore", *RESTORED, by=RESTORE).outcome is PASS


def test_restore_with_a_failed_step_fails_and_names_what_was_skipped() -> None:
    lines = (
        *RESTORED[:1],
        step("restore:database", StepState.FAILED, "exit 1"),
        step("start_portal", StepState.SKIPPED),
    )
    result = judged("restore", *lines, by=RESTORE)
    assert (result.outcome, result.found, result.items.count) == (FAIL, "restore:database: exit 1", 2)


@pytest.mark.parametrize(
    "lines",
    [(), RESTORED[:3], (*RESTORED[:3], step("start_portal", StepState.BROKEN)),
     (*RESTORED[:3], step("start_portal", StepState.SKIPPED)), (*RESTORED[:1], *RESTORED[2:])],
)  # fmt: skip
def test_restore_with_a_step_that_is_missing_broken_or_skipped_is_unknown(lines: tuple[Line, ...]) -> None:
    assert judged("restore", *lines, by=RESTORE).outcome is UNKNOWN


def test_component_that_no_step_restores_fails_though_every_step_ended() -> None:
    both = drill(component("database"), component("files"))
    result = judged("restore", *RESTORED, by=RESTORE, within=both)
    assert (result.outcome, result.found) == (FAIL, "files: no step restores it")


def test_component_that_is_rebuilt_need_not_be_restored() -> None:
    both = drill(component("database"), component("search"), restore_strategy={"search": "rebuild"})
    assert judged("restore", *RESTORED, by=RESTORE, within=both).outcome is PASS


def test_plan_without_a_step_restores_nothing() -> None:
    assert judged("restore", by=plan(())).outcome is UNKNOWN


# ---------------------------------------------------------------- data_parity


def difference(**parts: Any) -> Difference:
    given = {"component": "database", "source_count": 1000, "restored_count": 1000} | parts
    counts = {"judged_count": given["source_count"], "compared_count": given["source_count"]}
    return Difference(**counts | given)


def test_equal_data_passes() -> None:
    result = judged("data_parity", differences={"database": difference()})
    assert (result.outcome, result.found) == (PASS, "1,000 items of 1 component are equal")


@pytest.mark.parametrize("part", ["missing", "extra", "changed"])
def test_any_difference_fails_and_is_named(part: str) -> None:
    named = Named(count=30, first=("row/a/1", "row/a/2"))
    result = judged("data_parity", differences={"database": difference(**{part: named})})
    assert (result.outcome, result.items.count) == (FAIL, 30)
    assert result.items.first[:3] == (
        f"database: {part} row/a/1",
        f"database: {part} row/a/2",
        f"database: {part} 28 more",
    )


def test_component_that_was_not_compared_is_unknown() -> None:
    two = (component("database"), component("files"))
    result = judged("data_parity", by=plan(two), within=drill(*two), differences={"database": difference()})
    assert (result.outcome, "files: not compared" in result.found) == (UNKNOWN, True)


def test_failure_of_one_component_outweighs_the_unknown_of_another() -> None:
    two = (component("database"), component("files"))
    found = {"database": difference(missing=Named(count=1, first=("x",)))}
    assert judged("data_parity", by=plan(two), within=drill(*two), differences=found).outcome is FAIL


@pytest.mark.parametrize(("may_be_empty", "outcome"), [(None, UNKNOWN), ("no plugin so far", PASS)])
def test_component_that_is_empty_on_both_sides(may_be_empty: str | None, outcome: Outcome) -> None:
    one = component("database", may_be_empty=may_be_empty)
    empty = {"database": difference(source_count=0, restored_count=0)}
    assert judged("data_parity", by=plan((one,)), within=drill(one), differences=empty).outcome is outcome


@pytest.mark.parametrize(("transient", "outcome"), [(10, PASS), (11, UNKNOWN)])
def test_bracket_that_excuses_too_much_is_unknown(transient: int, outcome: Outcome) -> None:
    found = {"database": difference(transient=Named(count=transient, first=("row/a/1",)))}
    assert judged("data_parity", differences=found).outcome is outcome


def test_bracket_may_be_widened_by_the_drill() -> None:
    found = {"database": difference(transient=Named(count=50, first=("row/a/1",)))}
    assert judged("data_parity", differences=found, max_transient_percent=5).outcome is PASS


@pytest.mark.parametrize(
    ("items", "transient", "outcome"),
    [(50, 10, PASS), (50, 11, UNKNOWN), (7, 3, PASS), (7, 4, UNKNOWN), (1, 1, UNKNOWN), (2, 1, PASS)],
)
def test_few_items_of_a_small_component_may_change_if_half_of_it_is_compared(
    items: int, transient: int, outcome: Outcome
) -> None:
    changed = difference(source_count=items, restored_count=items, transient=Named(count=transient, first=("x",)))
    assert judged("data_parity", differences={"database": changed}).outcome is outcome


@pytest.mark.parametrize(
    ("items", "grown", "transient", "outcome"),
    [
        (3, 3, 0, PASS),
        (412, 12, 10, PASS),
        (412, 12, 11, UNKNOWN),
        (4, 3, 1, UNKNOWN),  # logs that grew buy no excuses: half of the one other item must be compared
        (1200, 100, 11, PASS),
        (1200, 100, 12, UNKNOWN),
    ],
)
def test_logs_that_grew_use_up_no_excuse_and_buy_none(items: int, grown: int, transient: int, outcome: Outcome) -> None:
    logs, others = Named(count=grown, first=("logs/a",)), Named(count=transient, first=("x",))
    found = difference(source_count=items, grown=logs, transient=others)
    assert judged("data_parity", differences={"database": found}).outcome is outcome


def test_difference_of_before_logs_were_counted_apart_is_judged_as_it_was() -> None:
    written = difference(transient=Named(count=11, first=("logs/a",))).model_dump(mode="json")
    del written["grown"]
    old = {"database": Difference.model_validate(written)}
    assert (old["database"].grown.count, judged("data_parity", differences=old).outcome) == (0, UNKNOWN)


def test_component_whose_items_are_all_ignored_proves_nothing() -> None:
    found = {"database": difference(judged_count=0, canary_count=8, ignored={"disposable: sessions": 1000})}
    result = judged("data_parity", differences=found)
    assert (result.outcome, result.found) == (UNKNOWN, "database: none of its 1,008 items is of a class that is judged")


def test_component_of_which_nothing_is_judged_is_not_hidden_by_another() -> None:
    two = (component("database"), component("files"))
    found = {"database": difference(), "files": difference(judged_count=0, canary_count=9)}
    assert judged("data_parity", by=plan(two), within=drill(*two), differences=found).outcome is UNKNOWN


def test_items_that_are_not_judged_buy_no_excuses() -> None:
    """300 files that all changed meanwhile, beside a million files of a cache."""
    files = {"source_count": 1_000_300, "ignored": {"disposable: a cache": 1_000_000}}
    changed = difference(**files, judged_count=300, transient=Named(count=300, first=("osgi/modules/shop.jar",)))
    result = judged("data_parity", differences={"database": changed})
    assert (result.outcome, "over the 10 that may" in result.found) == (UNKNOWN, True)


@pytest.mark.parametrize(
    ("items", "between", "outcome"),
    [(4, 1, PASS), (4, 2, UNKNOWN), (500, 5, PASS), (500, 6, UNKNOWN), (100_000, 10, PASS), (100_000, 11, UNKNOWN)],
)
def test_few_items_may_come_back_as_neither_inventory_has_them(items: int, between: int, outcome: Outcome) -> None:
    named = Named(count=between, first=("row/a/1",))
    found = difference(source_count=items, transient=named, between=named)
    result = judged("data_parity", differences={"database": found})
    assert result.outcome is outcome
    if outcome is UNKNOWN:
        assert f"{between} items changed meanwhile and came back as neither reading has them" in result.found


def test_items_of_which_nobody_knows_whether_they_were_there_are_unknown() -> None:
    named = Named(count=1, first=("row/a/1",))
    result = judged("data_parity", differences={"database": difference(undecided=named)})
    assert (result.outcome, "database: 1 items are in neither reading so" in result.found) == (UNKNOWN, True)


def test_what_changed_meanwhile_is_never_called_equal() -> None:
    changed = {"transient": Named(count=9, first=("x",)), "between": Named(count=2, first=("x",)), "as_read_count": 6}
    grown = Named(count=12, first=("logs/a",))
    result = judged("data_parity", differences={"database": difference(compared_count=979, grown=grown, **changed)})
    assert result.outcome is PASS
    assert result.found == (
        "979 items of 1 component are equal; 6 changed meanwhile and are as before or after, 2 in between, "
        "12 logs grew, 1 began anew as logs do or came and went"
    )


def test_drill_without_a_component_proves_nothing() -> None:
    assert judged("data_parity", by=plan(()), within=drill()).outcome is UNKNOWN


def test_component_of_which_much_is_wrong_hides_no_other() -> None:
    two = (component("database"), component("files"))
    many = difference(changed=Named(count=400, first=tuple(f"row/a/{n}" for n in range(20))))
    found = {"database": many, "files": difference(extra=Named(count=1, first=("old.war",)))}
    result = judged("data_parity", by=plan(two), within=drill(*two), differences=found)
    assert (result.outcome, result.items.count, len(result.items.first)) == (FAIL, 401, 20)
    assert "files: extra old.war" in result.items.first


# ---------------------------------------------------------------- freshness, teardown, portal_health


def written(number: int, second: float, tier: str = "database") -> Mark:
    at = AT.model_copy(update={"monotonic_s": second})
    return Mark(name="canary_written", subject=tier, at=at, facts={"number": number, "token": f"x{number}"})


def kept(*numbers: int, lost: tuple[int, ...] = (), tier: str = "database") -> Observation:
    entries = [{"number": n, "tier": tier, "kept": True} for n in numbers]
    return seen("canaries", entries + [{"number": n, "tier": tier, "kept": False} for n in lost])


CAPTURED_S = AT.monotonic_s  # when the capture of every artefact of `point` started
WRITTEN = point({"database": (1,)}, (written(1, CAPTURED_S - 0.5), written(2, CAPTURED_S + 0.5)))


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (["today"], PASS),
        (["yesterday", "today"], PASS),
        (["yesterday"], FAIL),
        (["today", "tomorrow"], FAIL),
        ([], FAIL),
        (None, UNKNOWN),
    ],
)
def test_newest_nonce_decides(data: Any, outcome: Outcome) -> None:
    assert judged("freshness", seen("freshness", data), kept(1), of=WRITTEN).outcome is outcome


def test_write_from_before_the_capture_that_is_lost_fails_by_name() -> None:
    result = judged("freshness", seen("freshness", ["today"]), kept(2, lost=(1,)), of=WRITTEN)
    assert (result.outcome, "canary 1 in database" in result.found) == (FAIL, True)


def test_write_from_after_the_capture_may_be_lost() -> None:
    assert judged("freshness", seen("freshness", ["today"]), kept(1, lost=(2,)), of=WRITTEN).outcome is PASS


@pytest.mark.parametrize(
    "lines",
    [(), (seen("canaries", None),), (kept(),), (kept(2),), (kept(1, tier="files"),)],
    ids=["not looked", "no data", "none", "only later ones", "another tier"],
)
def test_right_nonce_without_a_write_from_before_the_capture_is_unknown(lines: tuple[Line, ...]) -> None:
    assert judged("freshness", seen("freshness", ["today"]), *lines, of=WRITTEN).outcome is UNKNOWN


def test_nonce_that_nobody_asked_for_is_unknown() -> None:
    assert judged("freshness", kept(1), of=WRITTEN).outcome is UNKNOWN
    assert judged("freshness", seen("freshness", ["today"]), kept(1)).outcome is UNKNOWN


REMOVED = Mark(name="sandbox_removed", at=AT, facts={"leftovers": []})


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ((REMOVED, seen("teardown", [])), PASS),
        ((REMOVED, seen("teardown", ["volume x"])), UNKNOWN),
        ((), UNKNOWN),
        ((seen("teardown", []),), UNKNOWN),  # nothing says that the sandbox was removed
        ((REMOVED,), UNKNOWN),
        ((REMOVED, seen("teardown", None)), UNKNOWN),
        ((REMOVED, seen("teardown", []), Mark(name="kept", at=AT)), UNKNOWN),
        ((Mark(name="source_removed", at=AT, facts={"leftovers": []}),), PASS),
        ((Mark(name="source_removed", at=AT, facts={"leftovers": ["volume x"]}),), UNKNOWN),
    ],
)
def test_leftovers_are_unknown_for_isolation_was_not_shown(lines: tuple[Line, ...], outcome: Outcome) -> None:
    assert judged("teardown", *lines).outcome is outcome


def probe(name: str, ok: bool) -> dict[str, Any]:
    return {"name": name, "ok": ok, "expected": "valid", "found": "none", "requirements": []}


@pytest.mark.parametrize(
    ("probes", "ignored", "outcome"),
    [
        ([probe("login", True)], [], PASS),
        ([probe("login", True), probe("licence", False)], [], FAIL),
        ([probe("login", True), probe("licence", False)], ["licence"], PASS),
        ([probe("licence", False)], ["licence"], UNKNOWN),
        ([], [], UNKNOWN),
        (None, [], UNKNOWN),
    ],
)
def test_every_probe_must_be_good(probes: Any, ignored: list[str], outcome: Outcome) -> None:
    assert judged("portal_health", seen("portal_health", probes), ignore=ignored).outcome is outcome


def test_portal_that_nobody_looked_at_is_not_said_to_give_no_answer() -> None:
    assert judged("portal_health").found == "no probe was asked: the portal was not looked at"
    assert judged("portal_health", seen("portal_health", [])).found == "no probe was asked"


class Facts:
    """A portal that says one thing of itself."""

    def __init__(self, page: str) -> None:
        self.page = page

    def healthy(self, access: Any) -> Probe:
        return Probe("answer", True, "", "")

    def facts(self, access: Any) -> dict[str, str]:
        return {"page": self.page}

    def probes(self, access: Any, expected: dict[str, str]) -> Iterator[Probe]:
        yield Probe("page", self.page == expected["page"], expected["page"], self.page)

    def versions(self, access: Any) -> dict[str, str]:
        return {"Shop": "7.2.1", "PostgreSQL": "15.8"}


@pytest.mark.parametrize(
    ("after", "restored", "good"),
    [
        ({"page": "Welcome"}, "Home", True),  # renamed after its capture
        ({"page": "Welcome"}, "Welcome", True),  # renamed before it
        ({"page": "Welcome"}, "Start", False),
        ({"page": "Home"}, "Welcome", False),
        (None, "Welcome", False),
    ],
)
def test_fact_that_changed_at_the_source_may_have_either_value(
    after: dict[str, str] | None, restored: str, good: bool
) -> None:
    survey: dict[str, Any] = {"facts": {"page": "Home"}} | ({"facts_after": after} if after else {})
    access: Any = SimpleNamespace(
        restore_point=SimpleNamespace(survey=survey, versions={}),
        drill=SimpleNamespace(rewire=()),
        portal=None,
        portal_kind=Facts(restored),
    )
    seen_probes = portal_health.observe(access, portal_health.Options())
    assert isinstance(seen_probes, list)
    assert [probe["ok"] for probe in seen_probes if isinstance(probe, dict)] == [True, good]


@pytest.mark.parametrize(
    ("version", "good"),
    [
        *[("7.2.1", True), ("7.2", True), ("7.1.12", True), ("7.2.10", False), ("8.0", False)],
        *[("7.2.1.0", True), ("7.2.1rc2", True), ("7.2.1-9f3e", True), ("Shop 7.3", False)],
    ],
)
def test_software_is_not_older_than_at_the_source(version: str, good: bool) -> None:
    """XLR-D6; what the source says of more than the portal (its container engine) has nothing to be held against."""
    access: Any = SimpleNamespace(
        restore_point=SimpleNamespace(
            survey={"facts": {"page": "Home"}}, versions={"Shop": version, "container engine": "99"}
        ),
        drill=SimpleNamespace(rewire=()),
        portal=None,
        portal_kind=Facts("Home"),
    )
    seen_probes = portal_health.observe(access, portal_health.Options())
    assert isinstance(seen_probes, list)
    found = {probe["name"]: probe["ok"] for probe in seen_probes if isinstance(probe, dict)}
    assert found == {"answer": True, "page": True, "version of Shop": good}


def test_versions_that_cannot_be_asked_for_are_not_known_and_hide_nothing() -> None:
    def broken(access: Any) -> dict[str, str]:
        raise CouldNotAsk("connection reset")

    for page, outcome in (("Home", Outcome.UNKNOWN), ("Start", Outcome.FAIL)):
        portal: Any = Facts(page)
        portal.versions = broken
        point = SimpleNamespace(survey={"facts": {"page": "Home"}}, versions={"Shop": "7"})
        access: Any = SimpleNamespace(
            restore_point=point, drill=SimpleNamespace(rewire=()), portal=None, portal_kind=portal
        )
        data: Any = portal_health.observe(access, portal_health.Options())
        assert judged("portal_health", seen("portal_health", data)).outcome is outcome


# ---------------------------------------------------------------- writable


def tier(name: str, acknowledged: bool, there: bool, refused: str = "") -> dict[str, Any]:
    return {"tier": name, "acknowledged": acknowledged, "there": there, "refused": refused}


@pytest.mark.parametrize(
    ("tiers", "outcome", "found"),
    [
        ([tier("database", True, True)], PASS, "written and found in database"),
        ([tier("database", True, True), tier("search", True, True)], PASS, "written and found in database, search"),
        ([tier("database", True, True), tier("search", True, False)], FAIL, "search: it is not there"),
        ([tier("database", False, False), tier("search", True, True)], FAIL, "database: not acknowledged"),
        ([tier("database", False, True)], FAIL, "database: not acknowledged"),
        ([tier("database", False, False, "exit 1")], FAIL, "database: not acknowledged; exit 1"),
        ([], UNKNOWN, "nothing was written"),
        (None, UNKNOWN, "nothing was written"),
    ],
)
def test_new_item_must_be_acknowledged_and_there_in_every_tier(tiers: Any, outcome: Outcome, found: str) -> None:
    result = judged("writable", seen("writable", tiers))
    assert (result.outcome, result.found) == (outcome, found)
    assert result.items.count == (outcome is FAIL)


def test_portal_to_which_nobody_wrote_is_unknown() -> None:
    assert judged("writable").outcome is UNKNOWN


# ---------------------------------------------------------------- index_consistency

NONE = {"count": 0, "first": []}
KINDS = ("missing", "ghost", "stale", "skew", "search_missing", "search_unexpected")


def index(**changes: Any) -> Observation:
    data = {"engine_list": True, "database_count": 10, "engine_count": 10, "queries": 4, "covered_by_queries": 10}
    return seen("index_consistency", data | dict.fromkeys(KINDS, NONE) | changes)


def test_index_that_agrees_passes() -> None:
    assert judged("index_consistency", index()).outcome is PASS


def test_portal_without_an_index_list_is_judged_by_its_searches_and_says_so() -> None:
    found = judged("index_consistency", index(engine_list=False, database_count=0, engine_count=0), floor=100)
    assert (found.outcome, found.found) == (PASS, "no index list; 4 searches find all they must, 10 items among them")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "skew"])
def test_index_that_differs_fails_by_name(kind: str) -> None:
    result = judged("index_consistency", index(**{kind: {"count": 3, "first": ["page:1 “Home”"]}}))
    assert (result.outcome, result.items.count) == (FAIL, 3)
    assert "page:1 “Home”" in result.found


def test_skew_is_not_judged_as_a_difference() -> None:
    assert judged("index_consistency", index(skew={"count": 2, "first": ["page:1"]})).outcome is PASS


@pytest.mark.parametrize(
    "changes",
    [
        {"queries": 0, "covered_by_queries": 0},
        {"covered_by_queries": 0},
        {"database_count": 0},
        {"database_count": 9, "floor": 10},
    ],
)
def test_index_with_nothing_to_compare_is_unknown(changes: dict[str, int]) -> None:
    floor = changes.pop("floor", 1)
    assert judged("index_consistency", index(**changes), floor=floor).outcome is UNKNOWN


def test_index_that_nobody_looked_at_is_unknown() -> None:
    assert judged("index_consistency").outcome is UNKNOWN


@pytest.mark.parametrize("name", registry.names("checks"))
def test_check_with_options_says_which_of_them_loosen_it(name: str) -> None:
    """An option that lets more pass makes a run partial: a check has to say so, if only that none of them does."""
    kind = registry.check(name)
    if kind.Options.model_fields:
        assert isinstance(kind, Loosens), f"{name} has options and no function `loosened`"
        assert [*kind.loosened(kind.Options())] == []


def test_probe_that_is_not_judged_is_said() -> None:
    assert [*portal_health.loosened(portal_health.Options(ignore=["log"]))] == ["the probe log is not judged"]
