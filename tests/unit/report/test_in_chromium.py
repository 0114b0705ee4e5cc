"""The pages as a browser shows them: a phone, a desk, the dark, paper. Measured in headless Chromium.

Given: Chromium (`fixtures/setup/chromium.sh`, which `make prove` runs).
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from large_run import RUN, START, large_run

from harness.model.verdict import Outcome, Verdict
from harness.pipeline import report_saved
from harness.report.files import RECORD, write_verdict
from harness.report.index import write_index
from harness.report.run_ids import is_run_id

pytestmark = pytest.mark.prove

ROOT = Path(__file__).parents[3]
MOST_PAGES = 7  # fewer than eight
WITHIN_S = 120
WIDTHS = (320, 375, 768, 1280)

# Runs in a page around the report, which has no script of its own. Names what is wider than the page although no box
# of its own scrolls it, and words of a drawing that lie on one another.
LOOK = """
onload = () => {
  const page = document.querySelector("iframe").contentDocument, seen = [];
  const name = e => `${e.tagName} ${(e.textContent || "").trim().slice(0, 40)}`;
  for (const e of page.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    if (e.closest(".wide, pre, .unseen") && !e.matches(".wide")) continue;
    if (box.width && (box.right > innerWidthOf(page) + 1 || box.left < -1)) seen.push("wide: " + name(e));
  }
  for (const svg of page.querySelectorAll(".axis svg")) {
    const boxes = [...svg.querySelectorAll("text")].map(e => e.getBoundingClientRect()).filter(b => b.width);
    for (let i = 1; i < boxes.length; i++) if (boxes[i].left < boxes[i - 1].right) seen.push(`overlap: label ${i}`);
  }
  const style = page.defaultView.getComputedStyle(page.body);
  document.body.dataset.seen = JSON.stringify({
    width: page.documentElement.scrollWidth, problems: seen, paper: style.backgroundColor, text: style.color,
    height: page.documentElement.scrollHeight, loaded: page.defaultView.performance.getEntriesByType("resource").length,
  });
};
const innerWidthOf = page => page.documentElement.clientWidth;
"""


def chromium(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "Chromium is not there: fixtures/setup/chromium.sh installs it"
    always = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
    return subprocess.run([program, *always, *arguments], capture_output=True, text=True, timeout=WITHIN_S, check=True)


def looked_at(text: str, width: int, folder: Path, *arguments: str) -> dict[str, Any]:
    """What the script saw in the page, shown that wide."""
    around = folder / "around.html"
    frame = f'<iframe style="border: 0; width: {width}px; height: 900px" srcdoc="{html.escape(text)}"></iframe>'
    around.write_text(f"<!doctype html><body>{frame}<script>{LOOK}</script>", encoding="utf-8")
    said = chromium(*arguments, "--window-size=1600,1000", "--dump-dom", around.as_uri())
    assert "CONSOLE" not in said.stderr
    found = re.search(r'data-seen="([^"]*)"', said.stdout)
    assert found, said.stderr[-2000:]
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    return seen


def pages_of(text: str, folder: Path) -> int:
    """How many sheets of paper it prints to."""
    page, printed = folder / "page.html", folder / "page.pdf"
    page.write_text(text, encoding="utf-8")
    chromium("--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri())
    return len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes()))


def saved_runs(root: Path) -> list[Path]:
    """The newest real runs that lie in reports/ or were left by tests, such with a fault in them too; all came as far
    as a restore point."""
    places = (root / "reports", *(root / ".portal-drill" / "tests").glob("**/reports"))
    folders = [path for reports in places for path in reports.glob("*/**/") if is_run_id(path.name)]
    whole = [path for path in folders if all((path / name).is_file() for name in ("verdict.json", RECORD))]
    return sorted(whole, key=lambda path: path.name)[-6:]


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_and_the_page_scrolls_one_way_only(width: int, outcome: Outcome, tmp_path: Path) -> None:
    seen = looked_at(large_run(outcome, ("the capture",)).html(), width, tmp_path)
    assert seen["problems"] == []
    assert seen["width"] == width
    assert seen["loaded"] == 0


def test_the_look_itself_notices_what_is_too_wide(tmp_path: Path) -> None:
    wide = large_run(Outcome.PASS).html().replace("<main>", '<main><p style="width: 900px">too wide</p>')
    seen = looked_at(wide, 375, tmp_path)
    assert "wide: P too wide" in seen["problems"]
    assert seen["width"] > 375


@pytest.mark.parametrize(("scheme", "paper"), [("0", "rgb(19, 23, 27)"), ("1", "rgb(255, 255, 255)")])
def test_dark_is_dark_and_light_is_light(scheme: str, paper: str, tmp_path: Path) -> None:
    text = large_run(Outcome.PASS).html()
    seen = looked_at(text, 1280, tmp_path, f"--blink-settings=preferredColorScheme={scheme}")
    assert seen["paper"] == paper
    assert seen["text"] != paper


@pytest.mark.parametrize("outcome", list(Outcome))
def test_largest_report_prints_to_less_than_eight_pages(outcome: Outcome, tmp_path: Path) -> None:
    assert 1 < pages_of(large_run(outcome).html(), tmp_path) <= MOST_PAGES


def test_real_runs_that_lie_here_print_and_fit(tmp_path: Path) -> None:
    """`make prove` has just left some."""
    found = saved_runs(ROOT)
    if not found:
        pytest.skip("no run lies in reports/ or .portal-drill/tests/: nothing to look at, as on a fresh clone")
    for folder in found:
        text = report_saved(folder)
        assert 1 < pages_of(text, tmp_path) <= MOST_PAGES, folder
        assert looked_at(text, 375, tmp_path)["problems"] == [], folder


def test_runs_that_tests_have_left_are_found_too(tmp_path: Path) -> None:
    told = {
        "reports/shop/20261121T075100Z-aaaa": ("verdict.json", RECORD),
        ".portal-drill/tests/healthy/reports/shop/20261121T075200Z-bbbb": ("verdict.json", RECORD),
        ".portal-drill/tests/sabotage/key/reports/shop/proofs/20261121T075300Z-cccc": ("verdict.json", RECORD),
        ".portal-drill/tests/healthy/reports/shop/20261121T075400Z-dddd": ("verdict.json",),
    }
    for folder, names in told.items():
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / folder / name).touch()
    assert [path.name[-4:] for path in saved_runs(tmp_path)] == ["aaaa", "bbbb", "cccc"]


@pytest.mark.parametrize("width", WIDTHS)
def test_index_fits(width: int, tmp_path: Path, verdict_of: Callable[[str], Verdict]) -> None:
    for number, verdict in enumerate((large_run(Outcome.PASS).verdict, verdict_of("not_recovered"))):
        folder = tmp_path / f"drill-with-a-long-name-{number}" / RUN
        folder.mkdir(parents=True)
        write_verdict(folder, verdict)
    write_index(tmp_path, {"never-run": ""}, START)
    seen = looked_at((tmp_path / "index.html").read_text(encoding="utf-8"), width, tmp_path)
    assert (seen["problems"], seen["width"]) == ([], width)
