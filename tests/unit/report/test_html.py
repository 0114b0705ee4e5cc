"""`report.html` as text: what it says, its structure, and that it loads nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from large_run import COMPONENTS, HOSTS, TIERS, large_run

from harness.model.drill import Drill, External
from harness.model.evidence import CommandLine, Evidence
from harness.model.inventory import ClassRule, ItemClass
from harness.model.plan import Plan
from harness.model.verdict import ObjectiveResult, Outcome, Verdict
from harness.report.html import MOST_COMMANDS, html_text, links, meter
from harness.report.requirements import REQUIREMENTS
from harness.report.rows import duration

VerdictOf = Callable[[str], Verdict]
VOID = {"meta", "br"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
RUNS = [(outcome, ()) for outcome in Outcome] + [(Outcome.PASS, ("the capture: recovered from an earlier one",))]


class Page(HTMLParser):
    """Holds that tags are closed in order; collects text, tags with their attributes, and headings."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in HEADINGS:
            self.headings.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def values(self, attribute: str) -> list[str]:
        return [str(attributes[attribute]) for _, attributes in self.tags if attribute in attributes]


def page(text: str) -> Page:
    parsed = Page()
    parsed.feed(text)
    parsed.close()
    assert parsed.open == []
    return parsed


def section(text: str, name: str) -> str:
    """The source of one section of the report."""
    return text.partition(f'<section id="{name}"')[2].partition("</section>")[0]


def said(source: str) -> str:
    """What a reader reads of it, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", source)).split())


def table_rows(source: str) -> list[list[str]]:
    """The cells of the rows of all its tables, without their heads."""
    bodies = "".join(re.findall(r"<tbody>(.*?)</tbody>", source, re.DOTALL))
    found = re.findall(r"<tr[^>]*>(.*?)</tr>", bodies, re.DOTALL)
    return [[said(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in found]


@pytest.mark.parametrize("name", ["recovered", "not_recovered", "unknown", "partial", "proved"])
def test_the_report_is_well_formed_and_loads_nothing(
    name: str, verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    text = html_text(verdict_of(name), drill, plan, None, evidence)
    parsed = page(text)
    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    named = {name for _, attributes in parsed.tags for name in attributes}
    assert not named & {"src", "srcset", "action"}
    assert not [name for name in named if name.startswith("on")]
    assert all(value.startswith("#") for value in parsed.values("href"))
    assert not re.search(r"https?://|@import|url\(", text)
    assert text == html_text(verdict_of(name), drill, plan, None, evidence)


def test_the_report_says_all_that_a_reader_asks(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    parsed = page(html_text(verdict_of("not_recovered"), drill, plan, None, evidence))
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
        "the activation key comes from the image",
        "15.10",
    ):
        assert said in parsed.text


def test_option_values_and_environment_never_reach_the_report(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    text = html_text(verdict_of("recovered"), drill, plan, None, evidence)
    assert "hunter2" not in text
    assert "DB_PASSWORD" not in text


def test_incomplete_evidence_is_announced(verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence) -> None:
    cut = evidence.model_copy(update={"complete": False})
    assert "The evidence is not complete" in html_text(verdict_of("unknown"), drill, plan, None, cut)


def test_thousands_of_commands_are_cut_short_and_counted(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    command = next(line for line in evidence.lines if isinstance(line, CommandLine))
    many = evidence.model_copy(update={"lines": (command,) * (MOST_COMMANDS + 7)})
    text = html_text(verdict_of("recovered"), drill, plan, None, many)
    assert text.count("<code>pg_restore --list</code>") == MOST_COMMANDS
    assert f"{MOST_COMMANDS + 7} in all; the first {MOST_COMMANDS} here" in text


def test_the_drawn_chain_is_laid_end_to_end(verdict_of: VerdictOf) -> None:
    drawn = links(verdict_of("recovered").objectives["rto"])
    assert drawn[0].start_percent == 0
    assert abs(drawn[-1].start_percent + drawn[-1].width_percent - 100) < 0.05


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_check_says_what_was_expected_and_beside_each_id_its_text(outcome: Outcome) -> None:
    run = large_run(outcome)
    checks = tuple(
        check.model_copy(update={"expected": f"<{number}> as at the source"})
        for number, check in enumerate(run.verdict.checks)
    )
    text = run._replace(verdict=run.verdict.model_copy(update={"checks": checks})).html()
    shown = {said(part).split()[1]: part for part in section(text, "checks-all").split("<li><div>")[1:]}
    assert shown.keys() == {check.name for check in checks}
    for check in checks:
        terms = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown[check.name])
        assert [(term, said(text)) for term, text in terms] == [
            ("expected", check.expected),
            ("found", check.found),
            *((name, REQUIREMENTS[name]) for name in check.requirements),
        ]


def test_every_objective_says_its_limit(verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence) -> None:
    run = large_run(Outcome.PASS)
    limits = [
        tile.partition('<p class="small">')[2].partition("</p>")[0]
        for tile in section(run.html(), "objectives").split("<li>")[1:]
    ]
    assert [said(limit) for limit in limits] == [
        "limit 15 min",
        "limit 25 h; worst case 24 h by schedule",
        "limit 2 min",
        "limit 0 s; resolution 0.5 s",
    ]
    free = ObjectiveResult(name="rto", outcome=Outcome.PASS, limit_s=None, measured_s=3)
    verdict = verdict_of("recovered").model_copy(update={"objectives": {"rto": free}})
    told = said(section(html_text(verdict, drill, plan, None, evidence), "objectives"))
    assert "no limit: measured, not judged" in told


def test_every_command_has_its_exit_code_and_duration(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    command = next(line for line in evidence.lines if isinstance(line, CommandLine))
    ends = {("true",): (0, 0.2), ("tar", "-x"): (7, 75.0), ("sleep", "9"): (None, 12.0)}
    lines = tuple(
        command.model_copy(update={"argv": argv, "exit_code": code, "duration_s": took_s, "output": ""})
        for argv, (code, took_s) in ends.items()
    )
    text = html_text(verdict_of("recovered"), drill, plan, None, evidence.model_copy(update={"lines": lines}))
    rows = table_rows(section(text, "done"))
    assert [row[2:] for row in rows] == [
        ["no answer" if code is None else str(code), duration(took_s)] for code, took_s in ends.values()
    ]
    assert [row[1].split(" ")[0] for row in rows] == ["true", "tar", "sleep"]
    assert "3 commands, 1 min 27 s, 2 with another exit code than 0" in said(section(text, "done"))


def test_what_a_run_does_not_show_is_said_once(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    systems = (
        External(host="*.warehouse.example", reason="reports <are> read from it", covered_by="warehouse-nightly"),
        External(host="mail.example", reason="keeps nothing"),
    )
    waived = "component mail: waived until 2027-01-31, kept by <another> team"
    partial = (waived, "data_parity: up to 5 % may change, not 1 %")
    verdict = verdict_of("recovered").model_copy(update={"partial": partial})
    text = html_text(
        verdict,
        drill.model_copy(update={"external": systems, "keep_host_names": "by <our> runbook"}),
        plan,
        None,
        evidence,
    )
    told = said(section(text, "not-shown"))
    for once in (
        f"not exercised {waived}",
        "kept by <another> team",
        "check freshness: not chosen for this run",
        "data_parity: up to 5 % may change, not 1 %",
        "not backed up database: ./cache/* : left out by exclude",
        "from outside the backup the activation key comes from the image",
        "*.warehouse.example : reports <are> read from it; covered by warehouse-nightly",
        "mail.example : keeps nothing",
        "bound to host names The target has the source's: by <our> runbook",
    ):
        assert told.count(once) == 1, once
    assert "host names" not in said(section(html_text(verdict, drill, plan, None, evidence), "not-shown"))


def test_rules_of_rows_and_columns_stand_with_those_of_classes(
    verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    rule = ClassRule(match="row/public.log/**", item_class=ItemClass.APPEND, reason="only grows")
    ruled = (plan.component("database").model_copy(update={"classes": (rule,)}),)
    for components in (plan.components, ruled):
        changed = plan.model_copy(update={"components": components})
        rows = table_rows(section(html_text(verdict_of("recovered"), drill, changed, None, evidence), "differences"))
        assert rows[-2:] == [
            ["database", "rows of session", "disposable", "people log in again"],
            ["database", "columns seen of user", "not compared", "each login <it>"],
        ]
    assert rows[-3] == ["database", "row/public.log/**", "append", "only grows"]


def test_verdict_is_the_first_that_is_said_and_what_failed_the_first_of_the_checks() -> None:
    parsed = page(large_run(Outcome.FAIL).html())
    assert parsed.headings[0] == "h1"
    assert parsed.text.index("FAIL · NOT recovered") < parsed.text.index("Objectives")
    checks = re.findall(r"(PASS|FAIL|UNKNOWN) check_number_", parsed.text)
    assert checks == sorted(checks)  # FAIL before PASS
    assert set(checks) == {"FAIL", "PASS"}


@pytest.mark.parametrize(("outcome", "partial"), RUNS)
def test_people_who_do_not_see_find_their_way(outcome: Outcome, partial: tuple[str, ...]) -> None:
    parsed = page(large_run(outcome, partial).html())
    assert parsed.all("html") == [{"lang": "en"}]
    assert parsed.headings.count("h1") == 1
    levels = [int(heading[1]) for heading in parsed.headings]
    assert all(below <= above + 1 for above, below in pairwise(levels))
    assert [len(parsed.all(landmark)) for landmark in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    assert all(head.get("scope") in ("col", "row") for head in parsed.all("th"))
    assert len(parsed.all("thead")) == len(parsed.all("table"))
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    named = {word for value in parsed.values("aria-labelledby") for word in value.split()}
    assert named | {value[1:] for value in parsed.values("href")} <= set(ids)
    drawings = parsed.all("svg")
    assert drawings
    told = [svg for svg in drawings if svg.get("aria-hidden") != "true"]
    assert all(svg["role"] == "img" and svg["aria-labelledby"] for svg in told)


def test_tables_that_scroll_can_be_reached_by_keyboard_and_have_a_name() -> None:
    tags = page(large_run(Outcome.FAIL).html()).tags
    regions = [attributes for _, attributes in tags if attributes.get("role") == "region"]
    assert regions
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in regions)


def test_isolation_record_says_what_was_declared_and_what_was_not() -> None:
    passed, failed = page(large_run(Outcome.PASS).html()).text, page(large_run(Outcome.FAIL).html()).text
    for reason in HOSTS.values():
        assert f"yes: {reason}" in passed
    assert "undeclared" not in passed
    assert failed.count("undeclared") == 2
    assert "sent a web request" in failed
    assert "could not be tried" in failed
    assert "Nobody looked." in page(large_run(Outcome.UNKNOWN).html()).text


def test_differences_name_what_was_not_judged_and_why() -> None:
    text = page(large_run(Outcome.FAIL).html()).text
    assert text.count("disposable: a cache: it fills again (LR-8)") == len(COMPONENTS)
    assert "4,711 in all, the first 20" in text
    assert "data/cache/**" in text


def test_digests_of_images_and_artefacts_are_there() -> None:
    text = page(large_run(Outcome.PASS).html()).text
    assert "sha256:" + "2d" * 32 in text
    assert "10 more in the restore point's manifest" in text


def test_each_tier_is_drawn_with_its_capture_point() -> None:
    text = large_run(Outcome.PASS).html()
    assert text.count("<title>capture point of") == len(TIERS)
    assert text.count("not known whether written or kept</title>") == len(TIERS)


@pytest.mark.parametrize(
    ("measured", "limit", "worst", "drawn"),
    [
        (30.0, 120.0, None, (25.0, 100.0, None)),
        (240.0, 120.0, None, (100.0, 50.0, None)),
        (10.0, 100.0, 50.0, (10.0, 100.0, 50.0)),
        (None, 100.0, None, (0.0, 100.0, None)),
    ],
)
def test_an_objective_is_drawn_to_scale_against_its_limit(
    measured: float | None, limit: float, worst: float | None, drawn: tuple[float, float, float | None]
) -> None:
    objective = ObjectiveResult(
        name="rpo", outcome=Outcome.PASS, limit_s=limit, measured_s=measured, worst_case_s=worst
    )
    assert meter(objective) == drawn


def test_an_objective_without_a_limit_is_not_drawn() -> None:
    assert meter(ObjectiveResult(name="rto", outcome=Outcome.PASS, limit_s=None, measured_s=3)) is None
