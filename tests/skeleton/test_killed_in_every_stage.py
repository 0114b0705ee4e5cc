"""`kill -9`, SIGTERM and Ctrl-C in every stage: evidence kept, never a pass, `gc` leaves nothing, the next works."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from drill_bench import DRILL_FILE, Bench, Finished

from harness.pipeline import collect_garbage, judge_saved
from harness.prepare import make_plan, read_drill
from harness.run.journal import read_evidence

pytestmark = pytest.mark.engine

PLAN = make_plan(read_drill(DRILL_FILE))
STEPS = [f"capture {step.id}" for step in PLAN.capture] + [f"recover {step.id}" for step in PLAN.recover]
WRITING = ["verdict.json", "report.html", "latest"]
IN_CI = {
    ("capture back_up:database", "SIGKILL"),
    ("recover disaster", "SIGKILL"),
    ("recover observe:as_restored", "SIGINT"),
    ("capture survey", "SIGTERM"),
}
PROGRAM = [sys.executable, str(Path(__file__).with_name("killed_run.py"))]


def cases(stages: list[str], *signals: str) -> list[object]:
    return [
        pytest.param(stage, name, marks=[] if (stage, name) in IN_CI else pytest.mark.prove, id=f"{name}-{stage}")
        for stage in stages
        for name in signals
    ]


def ended_in(bench: Bench, stage: str, name: str) -> tuple[int, Finished]:
    if "preflight" in stage:
        shutil.rmtree(bench.root / ".portal-drill" / "preflight", ignore_errors=True)
    before = set((bench.root / "reports" / "postgresql").glob("*Z-*"))
    command = [*PROGRAM, stage, name, "--root", str(bench.root), "run", str(DRILL_FILE)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=150)
    (folder,) = set((bench.root / "reports" / "postgresql").glob("*Z-*")) - before
    assert "Traceback" not in said.stderr, said.stderr
    assert ("tearing down" in said.stderr) is (name != "SIGKILL")
    return said.returncode, Finished(folder.name, folder)


def assert_next_run_works(bench: Bench, point: Path) -> None:
    collect_garbage(bench.root)
    assert bench.garbage() == []
    run = bench.perform(point=point)
    verdict = run.verdict
    wrong = {c["name"]: c["found"] for c in verdict["checks"] if c["outcome"] != "PASS"}
    wrong |= {name: o for name, o in verdict["objectives"].items() if o["outcome"] == "FAIL"}
    assert verdict["outcome"] == "PASS", wrong


@pytest.mark.parametrize(("stage", "name"), cases(STEPS, "SIGKILL"))
def test_killed_in_a_step(stage: str, name: str, bench: Bench, point: Path) -> None:
    code, run = ended_in(bench, stage, name)
    assert code == -9
    assert not (run.folder / "verdict.json").exists()
    assert not read_evidence(run.folder / "evidence.jsonl").complete
    verdict = judge_saved(run.folder)
    assert (verdict.outcome, verdict.recovered) == ("UNKNOWN", False)
    assert "FAIL" not in {check.outcome for check in verdict.checks}
    assert_next_run_works(bench, point)


@pytest.mark.parametrize(("stage", "name"), cases(STEPS, "SIGTERM", "SIGINT"))
def test_interrupted_in_a_step(stage: str, name: str, bench: Bench, point: Path) -> None:
    code, run = ended_in(bench, stage, name)
    assert code == 130
    assert read_evidence(run.folder / "evidence.jsonl").complete
    assert (run.verdict["outcome"], run.verdict["recovered"]) == ("UNKNOWN", False)
    assert "FAIL" not in run.outcomes.values()
    reason = f"interrupted by {'Ctrl-C' if name == 'SIGINT' else 'SIGTERM'}"
    mark = read_evidence(run.folder / "evidence.jsonl").mark("interrupted")
    assert mark is not None and mark.facts["reason"] == reason
    assert any(reason in check["found"] for check in run.verdict["checks"])
    assert bench.left() == []
    assert_next_run_works(bench, point)


@pytest.mark.parametrize(("stage", "name"), cases(WRITING, "SIGKILL", "SIGTERM", "SIGINT"))
def test_ended_while_the_report_is_written(stage: str, name: str, bench: Bench, point: Path) -> None:
    """All was seen and nothing is left, so judging the evidence gives the verdict. Interrupted, the report is brought
    to its end first; killed, `latest` shows an earlier run."""
    code, run = ended_in(bench, stage, name)
    assert code == (-9 if name == "SIGKILL" else 130)
    assert read_evidence(run.folder / "evidence.jsonl").complete
    assert ((run.folder.parent / "latest").resolve() == run.folder) is (name != "SIGKILL")
    assert judge_saved(run.folder).outcome == "PASS"
    assert bench.left() == []
    assert_next_run_works(bench, point)
