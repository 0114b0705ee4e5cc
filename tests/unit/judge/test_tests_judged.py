"""The check `tests` on written evidence: a failure, what nobody knows, and what was left out."""

from __future__ import annotations

from typing import Any

import pytest
from written_run import DRILL, LINES, PLAN, POINT, at

from harness.judge.judge import judge
from harness.model.drill import CheckUse
from harness.model.evidence import Evidence, Observation, Seen
from harness.model.verdict import CheckResult, Outcome, Verdict

WITH_TESTS = DRILL.model_copy(
    update={"checks": (*DRILL.checks, CheckUse(name="tests", default=True)), "tests": {"test_shop.py": "0" * 64}}
)


def begun(*chosen: str, not_chosen: tuple[str, ...] = ()) -> Observation:
    return Observation(name="tests", data={"chosen": [*chosen], "not_chosen": [*not_chosen]}, at=at(60))


def test(name: str, outcome: str | None, said: str = "", seen: Seen = Seen.SEEN, place: str = "") -> Observation:
    data = {"outcome": outcome, "said": said, "place": place, "duration_s": 0.1}
    reason = "" if seen is Seen.SEEN else said
    return Observation(name="test", subject=name, data=data, seen=seen, reason=reason, at=at(61))


test.__test__ = False  # type: ignore[attr-defined]  # it writes a line


def judged(*lines: Observation, **plan: Any) -> Verdict:
    evidence = Evidence(lines=(*LINES, *lines), complete=True, sha256="1" * 64)
    return judge(WITH_TESTS, PLAN.model_copy(update=plan), POINT, evidence)


def row(verdict: Verdict) -> CheckResult | None:
    return next((check for check in verdict.checks if check.name == "tests"), None)


def test_tests_that_hold_pass() -> None:
    verdict = judged(begun("a", "b[1]"), test("a", "passed"), test("b[1]", "passed"))
    found = row(verdict)
    assert found is not None
    assert (found.outcome, found.found) == (Outcome.PASS, "2 hold: a, b[1]")
    assert found.expected == "every test in test_shop.py holds"
    assert not [left for left in verdict.partial if left.startswith("tests")]


def test_one_that_fails_is_a_fail_and_is_named_with_its_place() -> None:
    verdict = judged(begun("a", "b"), test("a", "passed"), test("b", "failed", "assert 1 == 2", place="test_shop.py:7"))
    found = row(verdict)
    assert found is not None
    assert found.outcome is Outcome.FAIL
    assert found.items.first == ("b: assert 1 == 2 (test_shop.py:7)",)
    assert found.found == "b: assert 1 == 2 (test_shop.py:7); 1 hold: a"
    assert verdict.outcome is Outcome.FAIL


@pytest.mark.parametrize("seen", [Seen.CRASHED, Seen.TIMED_OUT, Seen.COULD_NOT_ASK])
def test_one_of_which_nobody_knows_is_unknown(seen: Seen) -> None:
    verdict = judged(begun("a", "b"), test("a", "passed"), test("b", None, "gone", seen))
    found = row(verdict)
    assert found is not None
    assert (found.outcome, found.items.first) == (Outcome.UNKNOWN, ("b: gone",))


def test_one_without_a_result_is_unknown() -> None:
    found = row(judged(begun("a", "b"), test("a", "passed")))
    assert found is not None
    assert (found.outcome, found.items.first) == (Outcome.UNKNOWN, ("b: not run to its end",))


def test_a_failure_counts_more_than_what_nobody_knows() -> None:
    found = row(judged(begun("a", "b"), test("a", None, "gone", Seen.CRASHED), test("b", "failed", "no")))
    assert found is not None
    assert found.outcome is Outcome.FAIL
    assert found.items.first == ("b: no", "a: gone")


def test_what_was_skipped_or_not_chosen_makes_the_run_partial() -> None:
    lines = (begun("a", "b", not_chosen=("c",)), test("a", "passed"), test("b", "skipped", "skipped: no licence"))
    verdict = judged(*lines)
    found = row(verdict)
    assert found is not None
    assert found.outcome is Outcome.PASS
    assert [left for left in verdict.partial if left.startswith("tests")] == [
        "tests: b: skipped: no licence",
        "tests: c: not chosen",
    ]
    assert not verdict.recovered


def test_nothing_but_skipped_has_no_row() -> None:
    verdict = judged(begun("a"), test("a", "skipped", "skipped"))
    assert row(verdict) is None
    assert "tests: a: skipped" in verdict.partial


def test_a_run_without_them_says_so() -> None:
    verdict = judged()
    assert row(verdict) is None
    assert "tests: those of test_shop.py were not run" in verdict.partial
    assert not verdict.recovered


def test_tests_that_could_not_be_read_are_unknown() -> None:
    verdict = judged(Observation(name="tests", seen=Seen.CRASHED, reason="SyntaxError", at=at(60)))
    found = row(verdict)
    assert found is not None
    assert found.outcome is Outcome.UNKNOWN
    assert "SyntaxError" in found.found


def test_a_failure_in_a_sandbox_without_memory_is_ours() -> None:
    short = Observation(name="troubles", subject="tested", data=["the sandbox is too small: out of memory"], at=at(62))
    found = row(judged(begun("a"), test("a", "failed", "no answer"), short))
    assert found is not None
    assert found.outcome is Outcome.UNKNOWN
    assert found.found.startswith("the sandbox is too small")


def test_a_run_of_other_checks_only_does_not_speak_of_them() -> None:
    verdict = judged(only_checks=("data_parity",))
    assert row(verdict) is None
    assert not [left for left in verdict.partial if left.startswith("tests")]
