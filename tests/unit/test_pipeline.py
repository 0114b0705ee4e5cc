"""The end of a run, without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from harness.model.progress import Silent
from harness.pipeline import DrillRun, _Stages
from harness.prepare import make_plan, read_drill
from harness.run.journal import Journal, read_evidence
from harness.run.session import Session

ROOT = Path(__file__).parents[2]
RUN = "20261121T075100Z-4f3a"


def test_a_run_shows_on_the_page_every_drill_that_has_a_file(tmp_path: Path) -> None:
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "shop.drill.yaml").write_text("drill: never-run\n", encoding="utf-8")
    drill = read_drill(ROOT / "drills" / "postgresql.drill.yaml")
    folder = tmp_path / "reports" / drill.name / RUN
    no_engine: Any = None
    journal = Journal(folder / "evidence.jsonl")
    journal.mark("run_started", run=RUN)
    session = Session(tmp_path, RUN, folder, tmp_path / "state", drill, make_plan(drill), journal, Silent(), no_engine)
    _Stages(session, None, None).finish(DrillRun(RUN, folder))
    page = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert "<h1>0 of 2 drills are green</h1>" in page
    assert '<h2 id="drill-1">never-run <span class="word UNKNOWN">' in page
    assert "its file is wrong: shop.drill.yaml:1:1" in page


@pytest.mark.parametrize("under_way", ["", "survey"])
def test_a_run_that_is_left_by_an_interrupt_says_so_in_its_evidence_once(tmp_path: Path, under_way: str) -> None:
    drill = read_drill(ROOT / "drills" / "postgresql.drill.yaml")
    folder, no_engine = tmp_path / "reports" / drill.name / RUN, cast("Any", None)
    journal = Journal(folder / "evidence.jsonl")
    journal.mark("run_started", run=RUN)
    session = Session(tmp_path, RUN, folder, tmp_path / "state", drill, make_plan(drill), journal, Silent(), no_engine)
    run = DrillRun(RUN, folder)
    try:
        if under_way:
            journal.mark("interrupted", under_way, reason="interrupted by Ctrl-C")
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        _Stages(session, None, None).finish(run)
    marks = read_evidence(folder / "evidence.jsonl").marks("interrupted")
    assert [(mark.subject, mark.facts["reason"]) for mark in marks] == [
        (under_way, "interrupted by Ctrl-C" if under_way else "interrupted")
    ]
    assert run.verdict is not None and run.verdict.outcome == "UNKNOWN"
    assert all(check.found.startswith("interrupted") for check in run.verdict.checks if check.outcome == "UNKNOWN")
    assert f"interrupted by Ctrl-C in step {under_way}" in (folder / "report.html").read_text() or not under_way


@pytest.mark.parametrize(("reason", "host_name"), [(None, "db-restored"), ("step 3 of the runbook", "db")])
def test_only_the_sandbox_has_other_host_names_and_only_if_nobody_says_why_not(
    tmp_path: Path, reason: str | None, host_name: str
) -> None:
    drill = read_drill(ROOT / "drills" / "postgresql.drill.yaml").model_copy(update={"keep_host_names": reason})
    no_engine: Any = None
    journal, plan = Journal(tmp_path / "evidence.jsonl"), make_plan(drill)
    session = Session(tmp_path, RUN, tmp_path, tmp_path / "state", drill, plan, journal, Silent(), no_engine)
    assert session.new_stack("source").services == plan.services
    names = {service.name: service.host_name for service in session.new_stack("sandbox").services}
    assert names["db"] == host_name
    assert names.keys() == {service.name for service in plan.services}
    journal.close()
