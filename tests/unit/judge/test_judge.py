"""The judge on hand-written evidence: what it may never call a pass, or a proof of recovery."""

from __future__ import annotations

from datetime import timedelta

import pytest
from written_run import DIFFERENCE, DRILL, LINES, PLAN, POINT, POINT_ID, START, at, mark, step

from harness.errors import HarnessBroken
from harness.judge.judge import judge
from harness.model.drill import CheckUse, Drill, Waiver
from harness.model.evidence import Evidence, Line, Observation, Seen, StepState
from harness.model.inventory import Named
from harness.model.plan import Action, Plan, Step
from harness.model.restore_point import FaultNote, RestorePoint
from harness.model.verdict import Outcome, Verdict, worst
from harness.report.files import verdict_bytes
from harness.report.sentences import verdict_sentence

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


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


def test_refusal_of_what_was_restored_is_an_answer_and_a_failure() -> None:
    refused = Observation(name="freshness", seen=Seen.REFUSED, reason="exit 1: read-only", data=["nonce"], at=at(25))
    verdict = judged((*without("freshness"), refused))
    assert (outcome_of(verdict, "freshness"), verdict.outcome, verdict.recovered) == (FAIL, FAIL, False)
    found = next(result.found for result in verdict.checks if result.name == "freshness")
    assert found == "what was restored refuses: exit 1: read-only"


def test_refusal_of_a_check_that_cannot_fail_is_unknown() -> None:
    refused = Observation(name="teardown", seen=Seen.REFUSED, reason="no", data=[], at=at(27))
    verdict = judged((*without("teardown"), refused))
    assert (outcome_of(verdict, "teardown"), verdict.outcome) == (UNKNOWN, UNKNOWN)


LOOKING = Step(id="inventory_after:database", action=Action.INVENTORY_AFTER, subject="database", deadline_s=9)
# A step that no check judges: only the judge itself sees that it did not end.
SETTLED = Step(id="observe:settled", action=Action.OBSERVE, subject="settled", deadline_s=9)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "not run"),
        (StepState.FAILED, "failed: why"),
        (StepState.BROKEN, "broken: why"),
        (StepState.SKIPPED, "skipped: why"),
    ],
)
def test_planned_step_that_did_not_end_well_makes_a_pass_unknown(state: StepState | None, said: str) -> None:
    plan = PLAN.model_copy(update={"recover": (*PLAN.recover, SETTLED)})
    verdict = judged((*LINES, *([step(SETTLED.id, state, "why")] if state else [])), plan=plan)
    assert {check.outcome for check in verdict.checks} == {PASS}
    assert (verdict.outcome, verdict.recovered) == (UNKNOWN, False)
    assert verdict.partial == (f"steps that did not end well: step observe:settled: {said}",)
    assert judged((*LINES, step(SETTLED.id)), plan=plan).recovered


def found_in(verdict: Verdict, check: str) -> str:
    return next(result.found for result in verdict.checks if result.name == check)


def test_what_an_interrupt_left_open_says_so_first() -> None:
    """The step that was under way names it, and every check that has no answer for it."""
    cut = (
        *LINES[:4],
        mark("interrupted", 11, "back_up:database", reason="interrupted by Ctrl-C"),
        step("back_up:database", StepState.BROKEN, "interrupted by Ctrl-C"),
        mark("source_removed", 12, leftovers=[]),
    )
    verdict = judged(cut, point=None)
    assert (verdict.outcome, verdict.recovered) == (UNKNOWN, False)
    assert found_in(verdict, "capture") == "back_up:database: interrupted by Ctrl-C"
    said = found_in(verdict, "freshness")
    assert said.startswith("interrupted by Ctrl-C in step back_up:database; ")
    assert found_in(verdict, "teardown") == "nothing is left"
    assert verdict_sentence(verdict).startswith(
        "Partial run: Could not tell whether it recovers: capture: back_up:database: interrupted by Ctrl-C"
    )


def test_an_interrupt_between_steps_is_named_without_one() -> None:
    verdict = judged((*without("freshness"), mark("interrupted", 24, reason="interrupted by SIGTERM")))
    assert (verdict.outcome, outcome_of(verdict, "freshness")) == (UNKNOWN, UNKNOWN)
    assert found_in(verdict, "freshness").startswith("interrupted by SIGTERM; ")


def test_step_of_the_capture_that_was_not_run_makes_a_pass_unknown() -> None:
    verdict = judged(plan=PLAN.model_copy(update={"capture": (*PLAN.capture, LOOKING)}))
    assert (verdict.outcome, verdict.recovered) == (UNKNOWN, False)
    assert verdict.partial == ("steps that did not end well: step inventory_after:database: not run",)


def test_step_that_did_not_end_well_hides_no_failure() -> None:
    lines = (*without("freshness"), Observation(name="freshness", data=["of yesterday"], at=at(25)))
    assert judged(lines, plan=PLAN.model_copy(update={"recover": (*PLAN.recover, SETTLED)})).outcome is FAIL


def test_steps_of_a_capture_that_was_not_made_here_are_not_asked_for() -> None:
    verdict = judged(without("capture_began"), plan=PLAN.model_copy(update={"capture": (*PLAN.capture, LOOKING)}))
    assert (verdict.outcome, len(verdict.partial)) == (PASS, 1)


ISOLATION = "the isolation: it was not shown that the sandbox is cut from the host's own services"


@pytest.mark.parametrize(
    "network",
    [
        None,
        Observation(name="network", subject="sandbox", data={"cut_from_host": False}, at=at(17)),
        Observation(name="network", subject="sandbox", data={"cut_from_host": "true"}, at=at(17)),
        Observation(name="network", subject="sandbox", data={}, at=at(17)),
        Observation(name="network", subject="sandbox", data=None, at=at(17)),
        Observation(name="network", subject="source", data={"cut_from_host": True}, at=at(17)),
    ],
    ids=["not seen", "not cut", "a word", "not said", "no data", "of the source"],
)
def test_sandbox_not_shown_to_be_cut_from_the_host_is_not_recovered(network: Observation | None) -> None:
    verdict = judged((*without("network"), *([network] if network else [])))
    assert (verdict.outcome, verdict.recovered, verdict.partial) == (PASS, False, (ISOLATION,))


def test_volume_that_no_component_looks_into_keeps_a_run_from_being_recovered() -> None:
    volume = "the volume media at /srv/media of web: no component looks into it"
    verdict = judged(plan=PLAN.model_copy(update={"uncovered": (volume,)}))
    assert (verdict.outcome, verdict.recovered, verdict.partial) == (PASS, False, (volume,))


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


def lacked(*troubles: str, moment: str = "as_restored", seen: Seen = Seen.SEEN, reason: str = "") -> Observation:
    return Observation(name="troubles", subject=moment, data=[*troubles], seen=seen, reason=reason, at=at(26))


STALE = (*without("freshness"), Observation(name="freshness", data=["of yesterday"], at=at(25)))


def test_failure_seen_in_a_sandbox_without_memory_is_unknown() -> None:
    verdict = judged((*STALE, lacked("the sandbox is too small: memory ran out in db")))
    assert (outcome_of(verdict, "freshness"), verdict.outcome) == (UNKNOWN, UNKNOWN)
    found = next(check.found for check in verdict.checks if check.name == "freshness")
    assert found.startswith("the sandbox is too small: memory ran out in db; then found: the newest nonce is")


def test_failure_is_unknown_if_what_the_sandbox_lacked_could_not_be_asked() -> None:
    verdict = judged((*STALE, lacked(seen=Seen.COULD_NOT_ASK, reason="no engine")))
    assert outcome_of(verdict, "freshness") is UNKNOWN


@pytest.mark.parametrize("note", [lacked(), lacked("memory ran out in web", moment="settled")])
def test_failure_stays_one_if_the_sandbox_lacked_nothing_at_that_moment(note: Observation) -> None:
    assert outcome_of(judged((*STALE, note)), "freshness") is FAIL


def test_what_the_sandbox_lacked_excuses_no_manifest_and_allows_no_pass() -> None:
    wrong = Observation(name="restore_point", data={"disagreements": ["database/dump is missing"]}, at=at(14))
    note = lacked("memory ran out in db", moment="at_rest")
    assert outcome_of(judged((*without("restore_point"), wrong, note)), "restore_point") is FAIL
    verdict = judged((*LINES, note))
    assert ({check.outcome for check in verdict.checks}, verdict.outcome) == ({PASS}, UNKNOWN)
    assert verdict.partial[-1] == "a sandbox that had what it needs: memory ran out in db"


def test_slow_recovery_in_a_sandbox_without_memory_is_unknown() -> None:
    hasty = DRILL.model_copy(update={"objectives": DRILL.objectives.model_copy(update={"rto_s": 0.1})})
    assert judged(drill=hasty).objectives["rto"].outcome is FAIL
    rto = judged((*LINES, lacked("memory ran out in db")), drill=hasty).objectives["rto"]
    assert (rto.outcome, rto.reason.startswith("memory ran out in db")) == (UNKNOWN, True)


@pytest.mark.parametrize(
    ("options", "partial"),
    [
        ({"max_transient_percent": 0.5}, ()),
        ({}, ()),
        (
            {"max_transient_percent": 40},
            ("data_parity: up to 40 % of the items may change during the backup, not 1 %",),
        ),
    ],
)
def test_option_that_loosens_a_check_keeps_a_run_from_being_recovered(
    options: dict[str, float], partial: tuple[str, ...]
) -> None:
    checks = tuple(
        use.model_copy(update={"options": options}) if use.name == "data_parity" else use for use in DRILL.checks
    )
    verdict = judged(drill=DRILL.model_copy(update={"checks": checks}))
    assert (verdict.outcome, verdict.partial, verdict.recovered) == (PASS, partial, not partial)


def moved(line: Line, by_s: float) -> Line:
    instant = line.at.model_copy(update={"utc": line.at.utc + timedelta(seconds=by_s)})  # type: ignore[union-attr]  # no end line
    return line.model_copy(update={"at": instant})


@pytest.mark.parametrize("by_s", [-86_400.0, 86_400.0])
@pytest.mark.parametrize("since", [1, 5, 9, 13])
def test_clock_that_was_set_during_the_run_makes_a_pass_unknown(by_s: float, since: int) -> None:
    """No check and no objective takes it for a failure or a loss; but what was written while the backup ran is told
    by its time."""
    lines = (*LINES[:since], *(moved(line, by_s) for line in LINES[since:]))
    before, after = judged(), judged(lines)
    assert (after.checks, after.objectives) == (before.checks, before.objectives)
    assert (before.outcome, after.outcome, after.recovered) == (PASS, UNKNOWN, False)
    assert after.partial == ("the order of what was written: the clock was set by 86400 s meanwhile",)
    assert Evidence(lines=lines, complete=True, sha256="").clock_moved_s() == 86_400.0


def test_clock_that_was_set_during_an_earlier_capture_makes_a_pass_unknown() -> None:
    lines = tuple(moved(line, 60.0) for line in POINT.evidence.lines[1:])
    evidence = POINT.evidence.model_copy(update={"lines": (*POINT.evidence.lines[:1], *lines)})
    verdict = judged(point=POINT.model_copy(update={"evidence": evidence}))
    assert (verdict.outcome, len(verdict.partial)) == (UNKNOWN, 1)


def test_clock_that_is_kept_right_by_small_steps_is_no_doubt() -> None:
    lines = (*LINES[:9], *(moved(line, 0.9) for line in LINES[9:]))
    assert judged(lines).recovered


def test_clock_that_was_set_hides_no_failure() -> None:
    lines = (*without("freshness"), Observation(name="freshness", data=["of yesterday"], at=at(25)))
    assert judged((*lines[:9], *(moved(line, 60.0) for line in lines[9:]))).outcome is FAIL
