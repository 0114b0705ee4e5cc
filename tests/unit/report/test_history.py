"""What all runs of a drill say together: a drill that does not run is not green."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from harness.model.verdict import Outcome, Verdict
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
    (history,) = histories(reports, {})
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
    (history,) = histories(tmp_path / "absent", {"shop": ""})
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
    text = index_text((history,), NOW)
    assert f"the newest {MOST_RUNS} of {MOST_RUNS + 5} runs" in text
    assert text.count('/report.html"') == 1 + MOST_RUNS  # the last run is linked in its heading too


def test_a_pass_older_than_the_listed_runs_still_counts(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 30)
    for number in range(MOST_RUNS):
        (tmp_path / "shop" / f"{NOW - timedelta(minutes=number):%Y%m%dT%H%M%SZ}-{number:04x}").mkdir()
    history = only(tmp_path)
    assert history.older == 1
    (trouble,) = troubles(history, NOW)  # neither "never run to its end" nor "no run has proved recovery"
    assert "has no verdict" in trouble
    assert "Last PASS that proved recovery: 2026-11-21 02:00 UTC, <strong>30 h ago</strong>" in index_text(
        (history,), NOW
    )


def test_status_names_what_is_wrong(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("not_recovered"), "aaaa", 3)
    console = Console(record=True, width=200, file=io.StringIO())
    assert not print_status(histories(tmp_path, {}), NOW, None, console)
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
    write_index(tmp_path, {}, NOW)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert text == index_text(histories(tmp_path, {}), NOW)
    for name in ("20261121T020000Z-aaaa", "20261122T050000Z-bbbb"):
        assert f'href="shop/{name}/report.html"' in text
    assert "its last run ended with FAIL" in text
    assert "<script" not in text
    assert "http" not in text


def test_index_says_of_each_drill_how_old_its_last_pass_is_and_may_be(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 3)
    run(tmp_path, verdict_of("recovered"), "bbbb", 40, drill="wiki")
    known = {"shop": "", "notes": "", "wiki": "drills/wiki.drill.yaml:3:7: found 900; expected a <span>"}
    text = index_text(histories(tmp_path, known), NOW)
    assert "<h1>1 of 3 drills is green</h1>" in text
    assert "Made at 2026-11-22 08:00:00 UTC" in text
    assert "<code>portal-drill status</code> says it as of now" in text
    headings = re.findall(r'<h2 id="drill-\d">(\S+) <span class="word (\w+)">', text)
    assert headings == [("notes", "UNKNOWN"), ("shop", "PASS"), ("wiki", "PASS")]
    notes, shop, wiki = re.findall(r"<article.*?</article>", text, re.DOTALL)
    said = "Last PASS that proved recovery: "
    assert (
        f"{said}2026-11-22 05:00 UTC, <strong>3 h ago</strong>; at most 36 h allowed, until 2026-11-23 17:00 UTC</p>"
        in shop
    )
    assert "Not green" not in shop
    assert f"{said}<strong>none</strong>" in notes
    assert "Not green:</strong></li><li>it has never run</li>" in notes
    assert "<strong>40 h ago</strong>; at most 36 h allowed, until" in wiki
    assert "<li>its file is wrong: drills/wiki.drill.yaml:3:7: found 900; expected a &lt;span&gt;</li>" in wiki
    assert "<li>its last PASS is 40 h old, at most 36 h is allowed</li>" in wiki


def test_index_draws_rto_and_rpo_against_their_limits(tmp_path: Path, verdict_of: VerdictOf) -> None:
    recovered = verdict_of("recovered")
    for number, (rto_s, outcome) in enumerate(((50.0, "PASS"), (250.0, "FAIL"))):
        rto = recovered.objectives["rto"].model_copy(
            update={"measured_s": rto_s, "limit_s": 200.0, "outcome": Outcome(outcome)}
        )
        rpo = recovered.objectives["rpo"].model_copy(update={"measured_s": 0.5, "limit_s": 90000.0})
        verdict = recovered.model_copy(update={"objectives": {"rto": rto, "rpo": rpo}})
        run(tmp_path, verdict, f"{number:04x}", 5 - number)
    rto_drawn, rpo_drawn = re.findall(r"<figure>.*?</figure>", index_text(histories(tmp_path, {}), NOW), re.DOTALL)
    assert "<strong>RTO</strong> 4 min 10 s</span>" in rto_drawn
    assert ">limit 3 min 20 s</span>" in rto_drawn
    assert rto_drawn.count('<line class="limit"') == rto_drawn.count('<line class="between"') == 1
    assert re.findall(r'<circle class="([^"]+)"', rto_drawn) == ["PASS", "FAIL ring"]
    assert "20261122T040000Z-0001: 4 min 10 s, FAIL</title>" in rto_drawn
    assert "<span>2026-11-22 03:00</span><span>2026-11-22 04:00</span>" in rto_drawn
    assert "<strong>RPO</strong> 0.5 s</span>" in rpo_drawn
    assert ">limit 25 h, far above</span>" in rpo_drawn
    assert 'class="limit"' not in rpo_drawn
    assert rpo_drawn.count("<circle") == 2


def test_status_breaks_no_row_where_there_are_but_80_columns(tmp_path: Path, verdict_of: VerdictOf) -> None:
    run(tmp_path, verdict_of("recovered"), "aaaa", 36.2, drill="a-drill-with-a-long-name")
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    print_status(histories(tmp_path, {"shop": "shop.drill.yaml:3:7: " + "found " * 20}), NOW, None, console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 7  # heading, rule, two drills, what is wrong with each, the sentence
    assert re.search(r"20261120T194800Z-aaaa +PASS +36 h 12 min ago +41 s of 15 min +0 s of 25 h", lines[2])
    assert re.search(r"^shop +none +none +never", lines[3])
