from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from large_run import large_run

from harness.model.verdict import ObjectiveResult, Outcome, Stage, Verdict
from harness.report.html import html_text
from harness.report.rows import asked_row, chain, duration, objective_row
from harness.report.sentences import explain_row, verdict_sentence
from harness.report.terminal import as_text

GOLDEN = Path(__file__).parents[2] / "golden" / "terminal"
VerdictOf = Callable[[str], Verdict]


@pytest.mark.parametrize("name", ["recovered", "not_recovered", "unknown", "partial", "proved"])
def test_the_terminal_shows_the_verdict_as_saved(name: str, verdict_of: VerdictOf) -> None:
    verdict = verdict_of(name)
    text = as_text(verdict, f"reports/{verdict.drill}/{verdict.run}", color=False)
    assert text + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_color_is_only_where_it_is_asked_for(verdict_of: VerdictOf) -> None:
    assert "\x1b[" in as_text(verdict_of("unknown"), "", color=True)
    assert "\x1b[" not in as_text(verdict_of("unknown"), "", color=False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (4.25, "4.2 s"),
        (41.3, "41 s"),
        (59.7, "1 min"),
        (185, "3 min 5 s"),
        (90000, "25 h"),
        (3780, "1 h 3 min"),
    ],
)
def test_durations_read_like_the_drill_file(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_printed_chain_adds_up_to_the_printed_sum() -> None:
    stages = tuple(Stage(name=str(number), seconds=1.26) for number in range(50))
    objective = ObjectiveResult(name="rto", outcome=Outcome.PASS, limit_s=None, measured_s=63.0, stages=stages)
    assert round(sum(float(seconds.removesuffix(" s")) for _, seconds in chain(objective)), 1) == 63.0


def test_a_limit_missed_by_a_little_does_not_look_met() -> None:
    objective = ObjectiveResult(name="rto", outcome=Outcome.FAIL, limit_s=30, measured_s=30.2)
    assert objective_row(objective).found == "30.2 s"


def test_an_objective_without_limit_is_measured_and_not_judged() -> None:
    objective = ObjectiveResult(name="skew", outcome=Outcome.PASS, limit_s=None, measured_s=3.0)
    assert (objective_row(objective).expected, objective_row(objective).found) == ("no limit", "3 s")


def test_an_objective_without_anything_to_measure_does_not_apply(verdict_of: VerdictOf) -> None:
    objective = ObjectiveResult(
        name="skew", outcome=Outcome.PASS, limit_s=None, measured_s=None, reason="the drill has no group"
    )
    verdict = verdict_of("recovered").model_copy(update={"objectives": {"skew": objective}})
    (line,) = (line for line in as_text(verdict, "", color=False).splitlines() if line.startswith("skew"))
    assert line.split(maxsplit=2) == ["skew", "PASS", "does not apply: the drill has no group"]
    run = large_run(Outcome.PASS)
    text = html_text(verdict, run.drill, run.plan, run.point, run.evidence)
    tile = text[text.index('<ul class="tiles">') : text.index('<section id="timeline"')]
    assert "does not apply" in tile and "the drill has no group" in tile
    assert "measured" not in tile and "limit" not in tile


def test_without_a_verdict_every_row_is_unknown() -> None:
    row = asked_row(None, "data_parity", "the engine is gone")
    assert row is not None
    assert (row.outcome, row.found) == (Outcome.UNKNOWN, "the engine is gone")


def test_a_check_that_the_verdict_lacks_is_unknown(verdict_of: VerdictOf) -> None:
    row = asked_row(verdict_of("recovered"), "isolation", "")
    assert row is not None
    assert row.outcome is Outcome.UNKNOWN


def test_an_objective_that_only_a_capture_measures_is_not_asked_of_a_recovery(verdict_of: VerdictOf) -> None:
    assert asked_row(verdict_of("partial"), "rpo", "") is None
    assert asked_row(verdict_of("partial"), "downtime", "") is None
    assert asked_row(verdict_of("recovered"), "rpo", "") is not None


def test_a_failure_says_expected_found_names_requirements_and_evidence(verdict_of: VerdictOf) -> None:
    row = verdict_of("not_recovered").checks[2]
    assert explain_row(row, "reports/x/run").splitlines() == [
        "data_parity: FAIL",
        "  expected  what the source held",
        "  found     12 rows missing, 1 file changed",
        "  the first 4 of 13:",
        "    database public.blog:17",
        "    database public.blog:18",
        "    document_library 10/[draft] <b>plan</b>.pdf",
        "    database public.blog:19",
        "  required by LR-22, GEN-D3",
        "  evidence  reports/x/run/evidence.jsonl",
    ]


def test_a_fault_that_was_not_caught_is_not_proved(verdict_of: VerdictOf) -> None:
    proved = verdict_of("proved")
    missed = proved.model_copy(update={"checks": verdict_of("recovered").checks})
    assert verdict_sentence(missed) == (
        "NOT proved: fault lost_rows/blog_posts should make data_parity say FAIL; it said PASS"
    )
    lacking = proved.model_copy(update={"checks": ()})
    assert verdict_sentence(lacking).endswith("say FAIL; it had no result")


def test_an_outcome_that_no_row_explains_is_said(verdict_of: VerdictOf) -> None:
    verdict = verdict_of("recovered").model_copy(update={"outcome": Outcome.UNKNOWN, "recovered": False})
    assert "no check says why" in verdict_sentence(verdict)


def test_sentence_stays_one_though_a_check_found_much(verdict_of: VerdictOf) -> None:
    verdict = verdict_of("not_recovered")
    checks = tuple(
        check.model_copy(update={"found": "database: changed\nrow/public.page/3, " * 40}) for check in verdict.checks
    )
    said = verdict_sentence(verdict.model_copy(update={"checks": checks}))
    assert "…" in said
    assert "\n" not in said
    assert len(said) < 300
