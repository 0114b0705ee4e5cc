from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from harness.model.drill import Drill
from harness.model.evidence import CommandLine, Evidence
from harness.model.plan import Plan
from harness.model.verdict import Verdict
from harness.report.html import MOST_COMMANDS, html_text, links

VerdictOf = Callable[[str], Verdict]
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Holds that tags are closed in order; collects text, tags and all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(text: str) -> Page:
    parsed = Page()
    parsed.feed(text)
    parsed.close()
    assert parsed.open == []
    return parsed


@pytest.mark.parametrize("name", ["recovered", "not_recovered", "unknown", "partial", "proved"])
def test_the_report_is_well_formed_and_loads_nothing(
    name: str, verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    text = html_text(verdict_of(name), drill, plan, evidence)
    parsed = page(text)
    assert not parsed.tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not {name for name, _ in parsed.attributes} & {"src", "srcset", "action", "onclick", "onload"}
    assert all(str(value).startswith("#") for name, value in parsed.attributes if name == "href")
    assert not re.search(r"https?://|@import|url\(", text)
    assert text == html_text(verdict_of(name), drill, plan, evidence)


def test_the_report_says_all_that_a_reader_asks(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    parsed = page(html_text(verdict_of("not_recovered"), drill, plan, evidence))
    for said in (
        "NOT recovered: data_parity: 12 rows missing",
        "Wagtail for Liferay DXP",
        "document_library 10/[draft] <b>plan</b>.pdf",
        "13 in all, the first 4",
        "LR-22, GEN-D3",
        "30, 31, 32",
        "public.blog:18 <script>alert(1)</script>",
        "disposable: sessions",
        "restore:database",
        "no <such> file",
        "component mail: waived",
        "kept by <another> team",
        "the activation key comes from the image",
        "15.10",
    ):
        assert said in parsed.text


def test_option_values_and_environment_never_reach_the_report(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    text = html_text(verdict_of("recovered"), drill, plan, evidence)
    assert "hunter2" not in text
    assert "DB_PASSWORD" not in text


def test_incomplete_evidence_is_announced(verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence) -> None:
    cut = evidence.model_copy(update={"complete": False})
    assert "The evidence is not complete" in html_text(verdict_of("unknown"), drill, plan, cut)


def test_thousands_of_commands_are_cut_short_and_counted(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    command = next(line for line in evidence.lines if isinstance(line, CommandLine))
    many = evidence.model_copy(update={"lines": (command,) * (MOST_COMMANDS + 7)})
    text = html_text(verdict_of("recovered"), drill, plan, many)
    assert text.count('<summary class="small"><code>database$') == MOST_COMMANDS
    assert f"{MOST_COMMANDS + 7} in all" in text


def test_the_drawn_chain_is_laid_end_to_end(verdict_of: VerdictOf) -> None:
    drawn = links(verdict_of("recovered").objectives["rto"])
    assert drawn[0].start_percent == 0
    assert abs(drawn[-1].start_percent + drawn[-1].width_percent - 100) < 0.05


def test_every_id_leads_to_its_text(verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence) -> None:
    text = html_text(verdict_of("not_recovered"), drill, plan, evidence)
    parsed = page(text)
    targets = {f"#{value}" for name, value in parsed.attributes if name == "id"}
    assert {value for name, value in parsed.attributes if name == "href"} <= targets
    assert '<dt id="LR-22">LR-22</dt><dd>The database is the central store' in text
