"""The judge on hand-written evidence: what it may never call a pass, or a proof of recovery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.errors import HarnessBroken
from harness.judge.judge import judge
from harness.model.drill import CheckUse, Component, Drill, Objectives, Portal, Source, Stack, Waiver
from harness.model.evidence import Evidence, Instant, Line, Mark, Observation, Seen, StepLine, StepState
from harness.model.inventory import Difference, Named
from harness.model.plan import Action, Plan, Step
from harness.model.restore_point import Artefact, ArtefactFile, FaultNote, RestorePoint
from harness.model.verdict import Outcome, Verdict, worst
from harness.report.files import verdict_bytes

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
START = datetime(2026, 11, 21, 7, 51, tzinfo=UTC)
POINT_ID = "20261121T075100Z-4f3a"


def at(second: float) -> Instant:
    return Instant(monotonic_s=second, utc=START + timedelta(seconds=second), boot_id="one")


def mark(name: str, second: float, subject: str = "", **facts: Any) -> Mark:
    return Mark(name=name, subject=subject, at=at(second), facts=facts)


def step(name: str, state: StepState = StepState.ENDED) -> StepLine:
    return StepLine(step=name, state=state, duration_s=1.0, at=at(50))


DIFFERENCE = Difference(component="database", source_count=100, restored_count=100)
DRILL = Drill(
    name="shop",
    file="shop.drill.yaml",
    sha256="0" * 64,
    product="plain",
    portal=Portal(kind="sql", service="db", port=5432),
    stand_in=None,
    why="nightly",
    source=Source(stack=Stack(file="compose.yaml", services=())),
    schedule_s=None,
    objectives=Objectives(),
    components=(Component(name="database", kind="postgresql", service="db", engine="pg_dump"),),
    checks=tuple(
        CheckUse(name=name, default=True)
        for name in ("capture", "restore", "restore_point", "data_parity", "freshness", "teardown")
    ),
)
PLAN = Plan(
    drill="shop",
    components=DRILL.components,
    services=(),
    capture=(Step(id="back_up:database", action=Action.BACK_UP, subject="database", deadline_s=9),),
    recover=(Step(id="restore:database", action=Action.RESTORE, subject="database", deadline_s=9),),
)
LINES: tuple[Line, ...] = (
    mark("run_started", 0, run="20261121T075059Z-aaaa"),
    mark("capture_began", 1),
    mark("probing_started", 2),
    mark("canary_written", 3, "database", number=1, token="x1", ref="1"),
    step("back_up:database"),
    mark("canary_written", 12, "database", number=2, token="x2", ref="2"),
    mark("restore_point_sealed", 13, POINT_ID),
    Observation(name="restore_point", data={"disagreements": [], "nonce": "nonce"}, at=at(14)),
    mark("probing_ended", 15, resolution_s=0.3, probes=40),
    mark("disaster", 16),
    mark("component_restored", 20, "database"),
    step("restore:database"),
    Observation(name="difference", subject="database", data=DIFFERENCE.model_dump(mode="json"), at=at(21)),
    mark("product_healthy", 22),
    Observation(
        name="canaries",
        data=[{"number": 1, "tier": "database", "kept": True}, {"number": 2, "tier": "database", "kept": False}],
        at=at(23),
    ),
    mark("first_correct_search", 24),
    Observation(name="freshness", data=["nonce"], at=at(25)),
    mark("sandbox_removed", 26, leftovers=[]),
    Observation(name="teardown", data=[], at=at(27)),
)
POINT = RestorePoint(
    id=POINT_ID,
    drill="shop",
    drill_sha256="0" * 64,
    product="plain",
    portal="sql",
    harness_version="0",
    captured_utc=START,
    nonce="nonce",
    artefacts=(
        Artefact(
            component="database",
            engine="pg_dump",
            folder="artefacts/database",
            files=(ArtefactFile(path="database.dump", size_bytes=9, sha256="0" * 64),),
            pairing_id=POINT_ID,
            started=mark("capture_started", 10, "database"),
            finished=mark("capture_finished", 11, "database"),
            capture_point=mark("capture_started", 10, "database"),
        ),
    ),
    inventories=(),
    survey={},
    versions={"PostgreSQL": "15"},
    canaries=(),
    evidence=Evidence(lines=LINES[:7], complete=False, sha256="0" * 64),
)


def judged(
    lines: tuple[Line, ...] = LINES, *, complete: bool = True, drill: Drill = DRILL, plan: Plan = PLAN,
    point: RestorePoint | None = POINT,
) -> Verdict:  # fmt: skip
    return judge(drill, plan, point, Evidence(lines=lines, complete=complete, sha256="1" * 64))


def without(*names: str) -> tuple[Line, ...]:
    return tuple(line for line in LINES if getattr(line, "name", getattr(line, "step", "")) not in names)


def outcome_of(verdict: Verdict, check: str) -> Outcome:
    return next(result.outcome for result in verdict.checks if result.name == check)


def test_all_good_is_a_pass_and_a_recovery() -> None:
    verdict = judged()
    assert {check.name: check.outcome for check in verdict.checks} == dict.fromkeys(
        ("capture", "restore", "restore_point", "data_parity", "freshness", "teardown"), PASS
    )
    assert (verdict.outcome, verdict.recovered, verdict.partial) == (PASS, True, ())
    assert (verdict.run, verdict.restore_point, verdict.captured_utc) == ("20261121T075059Z-aaaa", POINT_ID, START)
    assert verdict.objectives["rpo"].measured_s == 13.0


def test_same_evidence_gives_the_same_bytes() -> None:
    assert verdict_bytes(judged()) == verdict_bytes(judged())


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], UNKNOWN),
        ([PASS], PASS),
        ([PASS, UNKNOWN], UNKNOWN),
        ([UNKNOWN, FAIL, PASS], FAIL),
    ],
)
def test_worst_outcome(outcomes: list[Outcome], expected: Outcome) -> None:
    assert worst(outcomes) is expected


def test_incomplete_evidence_is_never_a_pass() -> None:
    verdict = judged(complete=False)
    assert (verdict.outcome, verdict.recovered) == (UNKNOWN, False)


def test_incomplete_evidence_that_shows_a_failure_is_a_failure() -> None:
    lines = (*without("freshness"), Observation(name="freshness", data=["of yesterday"], at=at(25)))
    assert judged(lines, complete=False).outcome is FAIL


def test_check_that_crashes_while_judging_is_unknown() -> None:
    lines = (*without("restore_point"), Observation(name="restore_point", data={"no": "disagreements"}, at=at(14)))
    verdict = judged(lines)
    assert (outcome_of(verdict, "restore_point"), verdict.outcome, verdict.recovered) == (UNKNOWN, UNKNOWN, False)
    found = next(result.found for result in verdict.checks if result.name == "restore_point")
    assert found == "the check crashed while judging: KeyError: 'disagreements'"


@pytest.mark.parametrize("seen", [Seen.CRASHED, Seen.COULD_NOT_ASK, Seen.TIMED_OUT])
def test_observation_without_an_answer_is_unknown(seen: Seen) -> None:
    lines = (
        *without("freshness"),
        Observation(name="freshness", seen=seen, reason="no way", data=["nonce"], at=at(25)),
    )
    verdict = judged(lines)
    assert (outcome_of(verdict, "freshness"), verdict.outcome) == (UNKNOWN, UNKNOWN)


def test_check_option_that_is_not_valid_any_more_is_unknown() -> None:
    uses = (*DRILL.checks[:-1], CheckUse(name="teardown", options={"no_such": 1}))
    verdict = judged(drill=DRILL.model_copy(update={"checks": uses}))
    assert (outcome_of(verdict, "teardown"), verdict.outcome) == (UNKNOWN, UNKNOWN)


def test_outcome_that_a_check_does_not_declare_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.kinds.checks import teardown

    monkeypatch.setattr(teardown, "OUTCOMES", frozenset({UNKNOWN}))
    assert outcome_of(judged(), "teardown") is UNKNOWN


def test_no_check_at_all_is_unknown_however_good_the_objectives_are() -> None:
    verdict = judged(drill=DRILL.model_copy(update={"checks": ()}))
    assert (verdict.outcome, verdict.recovered) == (UNKNOWN, False)


@pytest.mark.parametrize(
    "lacking", ["disaster", "product_healthy", "first_correct_search", "canaries", "probing_ended"]
)
def test_missing_mark_is_never_a_pass(lacking: str) -> None:
    assert judged(without(lacking)).outcome is UNKNOWN


def test_difference_that_could_not_be_made_is_unknown() -> None:
    reason = "the restore point lacks the source's inventories"
    none = Observation(name="difference", subject="database", seen=Seen.COULD_NOT_ASK, reason=reason, at=at(21))
    verdict = judged((*without("difference"), none))
    assert outcome_of(verdict, "data_parity") is UNKNOWN
    assert reason in next(check.found for check in verdict.checks if check.name == "data_parity")


def test_failure_is_not_hidden_by_what_is_unknown() -> None:
    broken = DIFFERENCE.model_copy(update={"missing": Named(count=1, first=("row/shop/7",))})
    lines = (
        *without("difference", "disaster"),
        Observation(name="difference", subject="database", data=broken.model_dump(mode="json"), at=at(21)),
    )
    assert judged(lines).outcome is FAIL


def test_partial_run_keeps_its_outcome_and_is_never_recovered() -> None:
    verdict = judged(plan=PLAN.model_copy(update={"only_checks": ("data_parity",)}))
    assert (verdict.outcome, verdict.recovered) == (PASS, False)
    assert verdict.partial == ("only the checks data_parity",)
    assert {"capture", "restore", "restore_point", "data_parity"} == {check.name for check in verdict.checks}


def test_waiver_keeps_a_run_from_being_recovered() -> None:
    waiver = Waiver(what="check portal_health", reason="no login yet", until="2099-12-31")
    verdict = judged(drill=DRILL.model_copy(update={"waivers": (waiver,)}))
    assert (verdict.outcome, verdict.recovered) == (PASS, False)
    assert verdict.partial == ("check portal_health: waived until 2099-12-31, no login yet",)


def test_sandbox_that_was_kept_is_not_recovered() -> None:
    verdict = judged((*without("sandbox_removed", "teardown"), mark("kept", 26)))
    assert (outcome_of(verdict, "teardown"), verdict.outcome, verdict.recovered) == (UNKNOWN, UNKNOWN, False)


def test_recovery_of_an_earlier_restore_point_is_not_recovered() -> None:
    verdict = judged(without("capture_began"))
    assert (verdict.outcome, verdict.recovered) == (PASS, False)


def test_run_with_a_fault_in_it_is_never_recovered() -> None:
    note = FaultNote(fault="truncate", row="dump", caught_by="restore", outcome="FAIL")
    verdict = judged(point=POINT.model_copy(update={"fault": note}))
    assert (verdict.outcome, verdict.recovered, verdict.faults) == (PASS, False, note)
    altered = (LINES[0], mark("plan_altered", 0.5, fault=note.model_dump(mode="json")), *LINES[1:])
    assert (judged(altered).recovered, judged(altered).faults) == (False, note)


def test_run_without_a_restore_point_is_unknown_and_says_at_which_step() -> None:
    lines = (LINES[0], LINES[1], mark("source_removed", 3, leftovers=[]))
    verdict = judged(lines, point=None)
    assert (verdict.outcome, verdict.restore_point, verdict.captured_utc) == (UNKNOWN, None, None)
    capture = next(check for check in verdict.checks if check.name == "capture")
    assert "step back_up:database did not end" in capture.found


def test_failed_capture_is_a_failure() -> None:
    lines = (LINES[0], LINES[1], step("back_up:database", StepState.FAILED))
    verdict = judged(lines, point=None)
    assert (verdict.outcome, outcome_of(verdict, "capture")) == (FAIL, FAIL)


def test_hardly_any_evidence_is_still_judged() -> None:
    assert judged(LINES[:1], complete=False, point=None).outcome is UNKNOWN


def test_evidence_without_a_line_cannot_be_judged() -> None:
    with pytest.raises(HarnessBroken, match="no line to judge"):
        judged((), complete=False, point=None)
