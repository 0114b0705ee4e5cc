"""What all runs of a drill say together: a drill that does not run is not green."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from harness.model.verdict import Verdict
from harness.report.files import write_verdict
from harness.report.history import MOST_RUNS, History, histories, troubles
from harness.report.index import curve, index_text, write_index
from harness.report.status import print_status

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
VerdictOf = Callable[[str], Verdict]


def run(reports: Path, verdict: Verdict, name: str, hours_ago: float, drill: str = "shop") -> None:
    started = NOW - timedelta(hours=hours_ago)
    folder = reports / drill / f"{started:%Y%m%dT%H%M%SZ}-{name}"
    folder.mkdir(parents=True)
    write_verdict(folder, verdict.model_copy(update={"run": folder.name, "started_utc": started, "drill": drill}))
    (folder / "drill.json").write_text(json.dumps({"schedule_s": 86400}), encoding="utf-8")


def only(reports: Path) -> History:
    (history,) = histories(reports)
    return history


def test_fresh_pass_is_green(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 3)
    assert list(troubles(only(tmp_path), NOW)) == []


def test_old_pass_is_not_green_by_the_drills_own_schedule(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 37)
    assert list(troubles(only(tmp_path), NOW)) == ["its last PASS is 37 h old, at most 36 h is allowed"]
    assert list(troubles(only(tmp_path), NOW, 40 * 3600)) == []


@pytest.mark.parametrize(("name", "outcome"), [("not_recovered", "FAIL"), ("unknown", "UNKNOWN")])
def test_last_run_counts_though_an_earlier_one_passed(
    name: str, outcome: str, tmp_path: Path, verdict_of: VerdictOf
) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 5)
    run(tmp_path, verdict_of(name), "bbbb", 3)
    assert list(troubles(only(tmp_path), NOW)) == [f"its last run ended with {outcome}"]


def test_partial_pass_proves_no_recovery(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("partial"), "aaaa", 3)
    assert "no run has proved recovery" in list(troubles(only(tmp_path), NOW))


def test_run_that_was_broken_off_is_not_green(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 3)
    (tmp_path / "shop" / f"{NOW:%Y%m%dT%H%M%SZ}-cccc").mkdir()
    (trouble,) = troubles(only(tmp_path), NOW)
    assert "has no verdict" in trouble


def test_drill_that_never_ran_is_not_green(tmp_path: Path) -> None:
    (history,) = histories(tmp_path / "absent", ["shop"])
    assert list(troubles(history, NOW)) == ["it has never run"]
    assert not print_status((history,), NOW, None, Console(quiet=True))
    assert not print_status((), NOW, None, Console(quiet=True))


def test_proofs_are_no_runs(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 3)
    run(tmp_path / "shop", verdict_of("proved"), "bbbb", 1, drill="proofs")
    assert [past.run for past in only(tmp_path).runs] == ["20261122T050000Z-aaaa"]


def test_only_the_newest_runs_are_read(tmp_path: Path, verdict_of: VerdictOf) -> None:
    for number in range(MOST_RUNS + 5):
        run(tmp_path, verdict_of("recovered"), f"{number:04x}", number + 1)
    history = only(tmp_path)
    assert len(history.runs) == MOST_RUNS
    assert history.runs[-1].run.endswith("-0000")


def test_status_names_what_is_wrong(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("not_recovered"), "aaaa", 3)
    console = Console(record=True, width=200, file=io.StringIO())
    assert not print_status(histories(tmp_path), NOW, None, console)
    text = console.export_text()
    assert "its last run ended with FAIL; no run has proved recovery" in text
    assert "Not all drills are green." in text


def test_curve_is_drawn_to_scale_with_a_near_limit(tmp_path: Path, verdict_of: VerdictOf) -> None:
    recovered = verdict_of("recovered")
    rto = recovered.objectives["rto"]
    for number, seconds in enumerate((50.0, 100.0)):
        objectives = recovered.objectives | {"rto": rto.model_copy(update={"measured_s": seconds, "limit_s": 200.0})}
        run(tmp_path, recovered.model_copy(update={"objectives": objectives}), f"{number:04x}", 5 - number)
    drawn = curve(only(tmp_path), "rto")
    top = 200 * 1.1
    assert [point.y for point in drawn.points] == [round(100 * (1 - s / top), 1) for s in (50, 100)]
    assert drawn.limit_y == round(100 * (1 - 200 / top), 1)
    assert (drawn.latest, drawn.limit) == ("1 min 40 s", "3 min 20 s")


def test_far_limit_is_not_drawn(tmp_path: Path, verdict_of: VerdictOf) -> None:
    recovered = verdict_of("recovered")
    rto = recovered.objectives["rto"].model_copy(update={"measured_s": 10.0, "limit_s": 3600.0})
    run(tmp_path, recovered.model_copy(update={"objectives": {"rto": rto}}), "aaaa", 1)
    assert curve(only(tmp_path), "rto").limit_y is None


def test_index_links_every_run_and_loads_nothing(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 30)
    run(tmp_path, verdict_of("not_recovered"), "bbbb", 3)
    write_index(tmp_path, NOW)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert text == index_text(histories(tmp_path), NOW)
    for name in ("20261121T020000Z-aaaa", "20261122T050000Z-bbbb"):
        assert f'href="shop/{name}/report.html"' in text
    assert "its last run ended with FAIL" in text
    assert "<script" not in text
    assert "http" not in text
