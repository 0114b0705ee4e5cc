from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

from harness.model.verdict import CheckResult, Outcome, Verdict
from harness.report.junit import in_xml, junit_bytes

VerdictOf = Callable[[str], Verdict]


def suite(verdict: Verdict) -> ElementTree.Element:
    found = ElementTree.fromstring(junit_bytes(verdict)).find("testsuite")
    assert found is not None
    return found


def test_fail_is_a_failure_and_unknown_an_error(verdict_of: VerdictOf) -> None:
    failed = suite(verdict_of("not_recovered"))
    assert (failed.get("tests"), failed.get("failures"), failed.get("errors"), failed.get("skipped")) == (
        "8",
        "4",
        "0",
        "0",
    )
    assert [c.get("name") for c in failed if c.find("failure") is not None] == [
        "data_parity",
        "index_consistency",
        "rto",
        "rpo",
    ]
    unknown = suite(verdict_of("unknown"))
    assert [c.get("name") for c in unknown if c.find("error") is not None] == ["isolation", "rto"]
    assert (unknown.get("failures"), unknown.get("errors")) == ("0", "2")


def test_pass_is_plain_and_what_was_not_exercised_is_skipped(verdict_of: VerdictOf) -> None:
    assert all(len(case) == 0 for case in suite(verdict_of("recovered")).iter("testcase"))
    assert [c.get("name") for c in suite(verdict_of("partial")) if c.find("skipped") is not None] == ["rpo"]


def test_each_check_and_objective_is_one_case(verdict_of: VerdictOf) -> None:
    cases = [(c.get("classname"), c.get("name")) for c in suite(verdict_of("recovered")).iter("testcase")]
    assert cases[0] == ("liferay-nightly.checks", "capture")
    assert cases[-1] == ("liferay-nightly.objectives", "downtime")
    assert len(set(cases)) == 8


def test_characters_that_xml_cannot_carry_are_escaped(verdict_of: VerdictOf) -> None:
    check = CheckResult(name="x", when="", outcome=Outcome.FAIL, expected="a", found="red \x1b[31m\x00 <&> ü \ufffe")
    verdict = verdict_of("recovered").model_copy(update={"checks": (check,)})
    failure = suite(verdict).find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "red \\x1b[31m\\x00 <&> ü \\xfffe"
    assert in_xml("tab\tand\nline") == "tab\tand\nline"


def test_the_same_verdict_gives_the_same_bytes(verdict_of: VerdictOf) -> None:
    assert junit_bytes(verdict_of("unknown")) == junit_bytes(verdict_of("unknown"))
