from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from harness.errors import PortalDrillError
from harness.kinds import registry
from harness.model.drill import Component, Drill
from harness.model.plan import Action, Plan, Step
from harness.prepare.make_plan import make_plan

Reads = Callable[..., Drill]
OFFLINE = "backup: {mode: offline}\n"
REBUILD = "restore: {search: rebuild}\n"
VARIANTS = [
    "",
    OFFLINE,
    REBUILD,
    "rewire: [{component: liferay_home, file: portal-ext.properties, from: smtp.example.org, to: localhost}]\n",
    "waivers: [{component: search, reason: small, until: 2027-01-31}]\n",
    "restore: {order: [search, database]}\n",
    "components: {settings: {kind: file_tree, engine: tar, service: db, path: /var/lib/postgresql/data}}\n",
]


def ids(steps: Iterable[Step]) -> list[str]:
    return [step.id for step in steps]


def step(plan: Plan, name: str) -> Step:
    return next(step for step in (*plan.capture, *plan.recover) if step.id == name)


def after(steps: list[str], later: str, earlier: str) -> bool:
    return steps.index(later) > steps.index(earlier)


def all_needed(plan: Plan, name: str) -> set[str]:
    """The step's needs, and theirs."""
    needs = set(step(plan, name).needs)
    return needs.union(*(all_needed(plan, one) for one in needs))


@pytest.mark.parametrize("more", VARIANTS)
def test_every_plan_is_sound(drill_of: Reads, more: str) -> None:
    drill = drill_of(more)
    plan = make_plan(drill)
    for half in (plan.capture, plan.recover):
        names = ids(half)
        assert len(set(names)) == len(names)
        for number, one in enumerate(half):
            assert one.deadline_s > 0
            assert one.why
            assert set(one.needs) <= set(names[:number]), one.id
    names = ids(plan.recover)
    restores = [name for name in names if name.startswith("restore:")]
    assert len(restores) == len(drill.components) - len(drill.rebuilt())
    assert all(after(names, "start_portal", restore) for restore in restores)
    assert all(after(names, restore, "disaster") for restore in restores)
    assert names.index("disaster") < names.index("create_target") < names.index("verify_artefacts")
    assert step(plan, "verify_artefacts").needs == ("create_target",)
    assert all(after(names, restore, "verify_artefacts") for restore in restores)
    assert all("verify_artefacts" in all_needed(plan, restore) for restore in restores)


@pytest.mark.parametrize("more", VARIANTS)
def test_what_fails_in_an_index_does_not_keep_the_portal_from_starting(drill_of: Reads, more: str) -> None:
    drill = drill_of(more)
    plan = make_plan(drill)
    needed = all_needed(plan, "start_portal")
    for component in drill.components:
        is_index = registry.component(component.kind).IS_INDEX
        assert (f"restore:{component.name}" in needed) is not is_index
    assert not any("inventory" in name or "start_service:search" in name for name in needed)


@pytest.mark.parametrize("more", VARIANTS)
def test_a_server_is_started_before_what_is_loaded_into_it_and_after_its_files(drill_of: Reads, more: str) -> None:
    names = ids(make_plan(drill_of(more)).recover)
    assert after(names, "restore:database", "start_service:db")
    assert after(names, "restore:search_tuning", "start_service:search")
    if "settings" in more:
        assert after(names, "start_service:db", "restore:settings")


def test_a_server_that_needs_nothing_restored_begins_to_start_first(drill_of: Reads) -> None:
    plan = make_plan(drill_of())
    names = ids(plan.recover)
    first = next(number for number, name in enumerate(names) if name.startswith("restore:"))
    for service in ("db", "search"):
        assert names.index("verify_artefacts") < names.index(f"launch_service:{service}") < first
        assert f"launch_service:{service}" in step(plan, f"start_service:{service}").needs


def test_a_server_whose_files_are_restored_and_one_that_nobody_asks_are_not_launched(drill_of: Reads) -> None:
    names = ids(make_plan(drill_of(VARIANTS[-1])).recover)
    assert "launch_service:db" not in names
    assert "launch_service:search" in names
    assert "launch_service:search" not in ids(
        make_plan(
            drill_of(REBUILD + "waivers: [{component: search_tuning, reason: small, until: 2027-01-31}]\n")
        ).recover
    )


def test_an_order_that_starts_a_server_before_its_files_is_changed_with_a_note(drill_of: Reads) -> None:
    more = VARIANTS[-1] + "restore: {order: [database, settings]}\n"
    plan = make_plan(drill_of(more))
    assert "moved before the start of db" in step(plan, "restore:settings").why
    assert "restore:settings" in step(plan, "start_service:db").needs


def test_groups_are_backed_up_first_and_in_their_order(drill_of: Reads) -> None:
    names = [s.subject for s in make_plan(drill_of()).capture if s.action is Action.BACK_UP]
    assert names[:3] == ["database", "document_library", "search"]
    assert names[3:] == ["liferay_home", "application_server", "search_tuning", "source_code"]


def test_an_online_capture_is_bracketed_by_inventories_and_canaries(drill_of: Reads) -> None:
    names = ids(make_plan(drill_of()).capture)
    assert names.index("start_watches") < names.index("inventory_before:database") < names.index("back_up:database")
    assert names.index("back_up:source_code") < names.index("await_canaries") < names.index("inventory_after:database")
    assert names[-1] == "seal"
    assert "stop_source_portal" not in names


def test_an_offline_capture_takes_its_inventories_at_rest(drill_of: Reads) -> None:
    plan = make_plan(drill_of(OFFLINE))
    names = ids(plan.capture)
    order = ["stop_source_portal", "inventory_before:database", "back_up:database", "inventory_after:source_code"]
    order += ["start_source_portal", "await_canaries", "seal"]
    assert [name for name in names if name in order] == order
    assert "stop_source_portal" in step(plan, "back_up:database").needs


def test_the_seal_needs_every_backup(drill_of: Reads) -> None:
    drill = drill_of()
    assert set(step(make_plan(drill), "seal").needs) == {f"back_up:{c.name}" for c in drill.components}


def test_a_rebuilt_index_is_not_restored_but_rebuilt_and_observed(drill_of: Reads) -> None:
    names = ids(make_plan(drill_of(REBUILD)).recover)
    assert "restore:search" not in names
    assert "inventory_restored:search" not in names
    order = ["start_portal", "observe:as_restored", "rebuild:search", "first_search", "observe:after_rebuild"]
    order += ["observe:settled", "tear_down", "observe:torn_down"]
    assert [name for name in names if name in order] == order


def test_the_first_search_waits_for_an_index_that_is_built_anew(drill_of: Reads) -> None:
    assert step(make_plan(drill_of(REBUILD)), "first_search").needs == ("rebuild:search",)
    plan = make_plan(drill_of())
    assert step(plan, "first_search").needs == ("start_portal",)
    assert after(ids(plan.recover), "observe:as_restored", "first_search")


SOUND = (Path(__file__).parents[2] / "golden" / "mistakes" / "stacks" / "sound.yaml").read_text(encoding="utf-8")
MORE_VOLUMES = SOUND.replace("- home:/opt/portal\n", "- home:/opt/portal\n      - uploads:/srv/uploads\n").replace(
    "volumes: {database: ,", "volumes: {uploads: , database: ,"
)


def test_volumes_that_no_component_looks_into_stand_in_the_plan(drill_of: Reads) -> None:
    """A server answers for its volumes, a tree for those below its path, a waiver for those it names."""
    plan = make_plan(drill_of(stack=MORE_VOLUMES))
    uploads = "the volume uploads at /srv/uploads of web: no component looks into it"
    assert (make_plan(drill_of()).uncovered, plan.uncovered) == ((), (uploads,))
    component = "components: {uploads: {kind: file_tree, engine: tar, service: web, path: /srv/uploads}}\n"
    waiver = "waivers: [{undeclared: volume uploads, reason: scratch, until: 2027-01-31}]\n"
    other = "waivers: [{undeclared: volume uploads_of_old, reason: scratch, until: 2027-01-31}]\n"
    for more, uncovered in ((component, ()), (waiver, ()), (other, (uploads,))):
        assert make_plan(drill_of(more, stack=MORE_VOLUMES)).uncovered == uncovered


def test_observing_at_rest_comes_before_anything_is_rewired_or_started(drill_of: Reads) -> None:
    plan = make_plan(drill_of(VARIANTS[3]))
    names = ids(plan.recover)
    assert names.index("inventory_restored:liferay_home") < names.index("observe:at_rest") < names.index("rewire")
    assert names.index("rewire") < names.index("start_portal")
    assert "rewire" in step(plan, "start_portal").needs
    assert [(one.old, one.new) for one in plan.rewire] == [("smtp.example.org", "localhost")]


def test_deadlines_of_a_step_over_those_of_its_action_over_the_usual_ones(drill_of: Reads) -> None:
    plan = make_plan(drill_of("deadlines: {restore: 5 min, 'restore:database': 2 h}\n"))
    assert step(plan, "restore:database").deadline_s == 7200
    assert step(plan, "restore:search").deadline_s == 300
    assert step(plan, "tear_down").deadline_s == 180


def test_steps_name_the_requirements_they_meet(drill_of: Reads) -> None:
    plan = make_plan(drill_of())
    assert step(plan, "restore:search_tuning").requirements == ("LR-D1",)


def test_a_chosen_check_makes_a_partial_plan(drill_of: Reads) -> None:
    plan = make_plan(drill_of(), only_checks=("data_parity",))
    assert plan.only_checks == ("data_parity",)
    assert "observe:settled" not in ids(plan.recover)
    assert "observe:at_rest" in ids(plan.recover)
    assert "check freshness: not chosen for this run" in plan.not_covered


def test_an_unknown_chosen_check_is_named(drill_of: Reads) -> None:
    with pytest.raises(PortalDrillError, match="did you mean freshness"):
        make_plan(drill_of(), only_checks=("freshnes",))


def test_what_is_waived_and_what_comes_from_outside_stands_in_the_plan(drill_of: Reads) -> None:
    plan = make_plan(drill_of(VARIANTS[4]))
    assert plan.not_covered == ()  # waivers stand in the drill, and in each verdict
    assert "db: environment POSTGRES_PASSWORD" in plan.supplied_from_outside
    assert not any("example" in text and "PASSWORD" in text for text in plan.supplied_from_outside)


def test_keys_stand_in_the_plan_by_the_text_of_their_references(drill_of: Reads) -> None:
    """A restore works only where they are at hand (GEN-D24)."""
    keyed = """components:
  database:
    engine: command
    engine_options: {backup: [save], restore: [load], keys: {backup.key: "${file:/etc/portal-drill/backup.key}"}}
"""
    supplied = make_plan(drill_of(keyed)).supplied_from_outside
    assert "db: key backup.key of database from ${file:/etc/portal-drill/backup.key}" in supplied
    assert [text.partition(":")[0] for text in supplied if " key " in text] == ["db"]
    assert not [text for text in make_plan(drill_of("")).supplied_from_outside if " key " in text]


LOOSER = """
components:
  liferay_home: {engine_options: {exclude: ["./data/cache/*"]}}
  database:
    rows: [{table: session, item_class: disposable, reason: people log in again}]
    ignored_columns: [{table: user, columns: [seen], reason: each login changes it}]
  search: {documents: [{field: title, begins: old, item_class: disposable, reason: made again}]}
checks: [{portal_health: {ignore: [log]}}]
"""


def test_what_options_exempt_stands_in_the_plan(drill_of: Reads) -> None:
    plan = make_plan(drill_of(LOOSER))
    rules = {(rule.component, rule.what): (rule.judged, rule.reason) for rule in plan.rules}
    assert rules["liferay_home", "./data/cache/*"] == ("not backed up", "tar is told to leave it out (exclude)")
    assert rules["search", "documents whose title begins with 'old'"] == ("disposable", "made again")
    assert rules["database", "columns seen of user"] == ("not compared", "each login changes it")
    assert rules["database", "rows of session"] == ("disposable", "people log in again")
    assert plan.not_covered == ("portal_health: the probe log is not judged",)


def test_a_plan_can_be_saved_and_read_again(drill_of: Reads) -> None:
    plan = make_plan(drill_of())
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    assert isinstance(plan.component("database"), Component)


def test_a_plan_names_its_checks_with_their_moment_and_reasons(drill_of: Reads) -> None:
    plan = make_plan(drill_of())
    checks = {check.name: check for check in plan.checks}
    assert [*checks] == [use.name for use in drill_of().checks]
    assert (checks["data_parity"].when, checks["data_parity"].proves_data) == ("at_rest", True)
    assert (checks["coverage"].when, checks["restore"].when) == ("at_source", "")
    assert "LR-22" in checks["data_parity"].requirements
    assert checks["source_health"].says == (
        "The source was well before its backup: a backup of a broken portal is no backup."
    )
    assert plan.reasons["search_tuning"].startswith("synonyms and rankings")
    rebuilt = {check.name: check.when for check in make_plan(drill_of(REBUILD)).checks}
    assert rebuilt["index_consistency"] == "after_rebuild"


@pytest.mark.parametrize("name", registry.names("checks"))
def test_every_check_says_what_it_is_in_a_sentence_without_sources(name: str, drill_of: Reads, tmp_path: Path) -> None:
    """The sentence is the first of the module; ids stand behind it in the plan."""
    (tmp_path / "test_paper.py").touch()
    known = [use.name for use in drill_of().checks]
    plan = make_plan(drill_of("" if name in known else f"checks: [{name}]\n"))
    (says,) = [check.says for check in plan.checks if check.name == name]
    assert 20 < len(says) < 200
    assert not re.search(r"DESIGN|design fact|[A-Z]{2,}7?1?-D?[0-9]", says)
