"""The plan in words, of a drill that has something of everything. `UPDATE_GOLDEN=1` writes the golden text anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.prepare import make_plan, read_drill
from harness.report.plan import WIDTH, explain

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "terminal" / "plan.txt"
DRILL = """
drill: everything
product: liferay-dxp-7.4
portal: wagtail
why: rehearsal
source: {stack: fixtures/stacks/liferay/compose.yaml}
objectives: {rto: 15 min}
groups: {portal_state: {max_skew: 2 min}}
backup: {mode: offline, keep: 3}
restore: {search: rebuild}
components:
  database:
    rows:
      - {table: public.visit, where: "day < '2026-01-01'", item_class: disposable, reason: old visits are counted}
  liferay_home:
    engine_options: {exclude: ["./data/cache/*", "./work/*"]}
  search:
    documents:
      - {field: title, begins: "preview ", item_class: disposable, reason: previews are made again}
checks:
  - data_parity: {max_transient_percent: 5}
deadlines: {"back_up:database": 2 h, "inventory_before:search": 90 s}
canary_every: 250 ms
rewire:
  - {component: liferay_home, file: portal-ext.properties, from: mail.production.example, to: mail.sandbox.invalid}
waivers:
  - {component: source_code, reason: mirrored by another team, until: 2099-12-31}
  - {check: skew, reason: captures are far apart on purpose, until: 2099-12-31}
external:
  - {host: "*.warehouse.example", reason: reports are read from it, covered_by: warehouse-nightly}
"""


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    (tmp_path / "everything.drill.yaml").write_text(DRILL, encoding="utf-8")
    return read_drill(tmp_path / "everything.drill.yaml")


@pytest.fixture
def plan(drill: Drill) -> Plan:
    return make_plan(drill)


def flat(text: str) -> str:
    """Without the breaks of lines."""
    return re.sub(r"\s+", " ", text)


def test_the_plan_in_words(drill: Drill, plan: Plan) -> None:
    stack = {"stack": drill.source.stack.model_copy(update={"file": "fixtures/stacks/liferay/compose.yaml"})}
    text = explain(drill.model_copy(update={"source": drill.source.model_copy(update=stack)}), plan)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= WIDTH


def test_every_step_stands_there_with_its_number_and_reason(drill: Drill, plan: Plan) -> None:
    text = flat(explain(drill, plan))
    for half in (plan.capture, plan.recover):
        for number, step in enumerate(half, 1):
            if not step.id.startswith("inventory_"):
                assert re.search(rf" {number} {step.id} ", text), step.id
                assert step.why.split()[0] in text
    assert "8 inventory_before" in text
    assert "(to step 13)" in text


def test_every_component_says_why_and_every_check_what_it_proves(drill: Drill, plan: Plan) -> None:
    text = flat(explain(drill, plan))
    for component in drill.components:
        assert f"why: {plan.reasons[component.name]} ({', '.join(component.requirements)})" in text
    for check in plan.checks:
        assert check.says in text


def test_what_is_not_covered_is_named_and_nothing_else(drill: Drill, plan: Plan) -> None:
    text = flat(explain(drill, plan).partition("NOT COVERED")[2])
    assert "waived component source_code, until 2099-12-31: mirrored by another team" in text
    assert text.count("mirrored by another team") == 1
    assert "not exercised data_parity: up to 5 % of the items may change during the backup, not 1 %" in text
    assert "not backed up liferay_home: ./data/cache/*: tar is told to leave it out (exclude)" in text
    for left in (
        "disposable: rows of public.visit where day < '2026-01-01': old visits are counted",
        "disposable: rows of django_session: sessions of people who are logged in",
        "not compared: columns last_login of auth_user: changes with every login",
    ):
        assert f"not judged database, {left}" in text
    assert (
        "not judged search, disposable: documents whose title begins with 'preview ': previews are made again" in text
    )
    assert "rows of wagtailcore_page" not in text  # canaries are judged, by number
    assert "external *.warehouse.example: reports are read from it; covered by the drill warehouse-nightly" in text
    assert "bound to host names" not in text
    kept = explain(drill.model_copy(update={"keep_host_names": "step 3 of the runbook"}), plan)
    assert "bound to host names the target has the source's: step 3 of the runbook" in flat(kept)
    assert "-restored" not in kept
    partial = make_plan(drill, only_checks=("data_parity",))
    said = flat(explain(drill, partial))
    assert "not exercised check freshness: not chosen for this run" in said
    assert "such a run never proves recovery" in said
    uncovered = plan.model_copy(update={"uncovered": ("the volume uploads at /u of web: no component looks into it",)})
    assert "no component the volume uploads at /u of web" in flat(explain(drill, uncovered))


def test_nothing_is_said_of_parts_that_a_drill_has_not(drill: Drill, plan: Plan) -> None:
    bare = drill.model_copy(update={"waivers": (), "external": (), "stand_in": None, "components": (), "groups": ()})
    nothing = plan.model_copy(update={"rules": (), "not_covered": (), "uncovered": (), "supplied_from_outside": ()})
    text = explain(bare, nothing)
    assert not [title for title in ("NOT COVERED", "stand-in", "SUPPLIED", "group ") if title in text]


def test_values_of_the_environment_are_in_no_plan(drill: Drill, plan: Plan) -> None:
    assert "Postgres-4711" not in explain(drill, plan)
