from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import DrillFileWrong
from harness.kinds import registry
from harness.model.drill import Drill, Service
from harness.model.inventory import ItemClass

Reads = Callable[..., Drill]


def test_the_shortest_drill_has_all_that_the_product_demands(drill_of: Reads) -> None:
    drill = drill_of()
    product = registry.product("liferay-dxp-7.4")
    assert [component.name for component in drill.components] == list(product.COMPONENTS)
    assert {use.name for use in drill.checks} >= {"capture", "restore_point", "restore", *product.DEFAULT_CHECKS}
    assert all(use.default for use in drill.checks)
    assert drill.groups[0].order == ("database", "document_library", "search")
    assert drill.restore_order[0] == "application_server"
    assert (drill.mode, drill.keep, drill.canary_every_s) == ("online", 7, 0.5)
    assert len(drill.sha256) == 64


def test_product_below_portal_below_drill_file(drill_of: Reads) -> None:
    drill = drill_of(
        """
        components:
          database: {user: keeper}
          liferay_home:
            classes: [{match: "tmp/**", class: disposable, reason: uploads in progress}]
        """
    )
    database, home = drill.component("database"), drill.component("liferay_home")
    assert database.options == {"database": "portal", "user": "keeper"}
    assert (database.kind, database.engine, database.engine_options) == ("postgresql", "pg_dump", {"jobs": 3})
    assert [rule.match for rule in home.classes[:2]] == ["tmp/**", "portal.pid"]
    assert home.classes[0].item_class is ItemClass.DISPOSABLE
    assert len(home.classes) > 2
    assert database.requirements == ("LR-22", "LR-23", "LR-24")


def test_rules_of_the_file_come_before_the_portals(drill_of: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {"table": "sessions", "item_class": "disposable", "reason": "sessions"}
    bound = {"service": "db", "options": {"database": "portal", "rows": [rule]}}
    portal = registry.portal("paper")
    monkeypatch.setattr(portal, "COMPONENTS", {**portal.COMPONENTS, "database": bound})
    more = "components: {database: {rows: [{table: counters, item_class: disposable, reason: counters}]}}\n"
    rows = drill_of(more).component("database").options["rows"]
    assert isinstance(rows, list)
    assert [row["table"] for row in rows if isinstance(row, dict)] == ["counters", "sessions"]


def test_another_engine_does_not_get_the_usual_ones_options(drill_of: Reads) -> None:
    more = "components:\n  database: {engine: command, engine_options: {backup: [a], restore: [b]}}\n"
    assert drill_of(more).component("database").engine_options == {"backup": ["a"], "restore": ["b"]}


def test_a_component_of_ones_own_is_spelled_out(drill_of: Reads) -> None:
    more = "components:\n  reports: {kind: file_tree, engine: tar, service: web, path: /opt/portal/reports}\n"
    reports = drill_of(more).component("reports")
    assert (reports.kind, reports.options, reports.primary) == ("file_tree", {"path": "/opt/portal/reports"}, False)


def test_a_pair_that_is_not_the_vendors_is_a_stand_in(drill_of: Reads) -> None:
    assert drill_of().stand_in == "Paper for Liferay DXP 7.4"


def test_options_with_units_become_seconds(drill_of: Reads) -> None:
    portal = drill_of(portal="{kind: paper, port: 81, pause: 3 min, password: '${file:/run/password}'}").portal
    assert portal.options == {"pause_s": 180.0, "password": "${file:/run/password}"}
    assert (portal.kind, portal.service, portal.port) == ("paper", "web", 81)


def test_the_stack_is_named_as_it_was_found(drill_of: Reads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drill_of().source.stack.file == str(tmp_path / "stack.yaml")
    for folder in (tmp_path.parent, tmp_path):
        monkeypatch.chdir(folder)
        assert drill_of().source.stack.file == str((tmp_path / "stack.yaml").relative_to(folder))


def test_environment_of_the_stack_becomes_references(drill_of: Reads) -> None:
    service = drill_of().source.stack.service("db")
    assert service.environment == {"POSTGRES_PASSWORD": "${env:DB_PASSWORD:-example}"}


def test_a_waived_component_is_gone_and_named(drill_of: Reads) -> None:
    drill = drill_of("waivers: [{component: source_code, reason: kept elsewhere, until: 2026-11-21}]\n")
    assert "source_code" not in [component.name for component in drill.components]
    assert "source_code" not in drill.restore_order
    assert drill.waivers[0].what == "component source_code"


def test_a_waived_member_leaves_its_group(drill_of: Reads) -> None:
    drill = drill_of("waivers: [{component: search, reason: rebuilt nightly, until: 2027-01-31}]\n")
    assert drill.groups[0].order == ("database", "document_library")


def test_a_waived_order_may_be_another(drill_of: Reads) -> None:
    drill = drill_of(
        """
        groups: {portal_state: {order: [document_library, database, search], max_skew: 2 min}}
        waivers: [{order: portal_state, reason: files are never deleted, until: 2027-01-31}]
        """
    )
    assert drill.groups[0].order == ("document_library", "database", "search")
    assert drill.groups[0].max_skew_s == 120


def test_a_waived_check_is_not_made(drill_of: Reads) -> None:
    drill = drill_of("waivers: [{check: freshness, reason: no nonce yet, until: 2027-01-31}]\n")
    assert "freshness" not in [use.name for use in drill.checks]


def test_checks_set_options(drill_of: Reads) -> None:
    drill = drill_of("checks: [{index_consistency: {floor: 10}}]\n")
    use = next(use for use in drill.checks if use.name == "index_consistency")
    assert (use.options, use.default) == ({"floor": 10}, True)


def test_an_engine_that_needs_files_at_rest_is_refused_online(drill_of: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.engine("tar"), "TOLERATES_OPEN_FILES", False)
    with pytest.raises(DrillFileWrong, match="tar for document_library while the portal runs"):
        drill_of()
    assert drill_of("backup: {mode: offline}\n").mode == "offline"


def test_rebuild_needs_a_portal_that_can(drill_of: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drill_of("restore: {search: rebuild}\n").rebuilt() == ("search",)
    monkeypatch.delattr(registry.portal("paper"), "reindex")
    with pytest.raises(DrillFileWrong, match="the portal paper cannot rebuild"):
        drill_of("restore: {search: rebuild}\n")


def test_an_unbound_component_says_what_it_is_for(drill_of: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    components = {k: v for k, v in registry.portal("paper").COMPONENTS.items() if k != "source_code"}
    monkeypatch.setattr(registry.portal("paper"), "COMPONENTS", components)
    with pytest.raises(DrillFileWrong, match="source_code, bound to nothing") as caught:
        drill_of()
    assert "LR-29" in str(caught.value)
    assert caught.value.mistakes[0].line == 2


def test_what_no_file_mentions_is_made_once_and_a_mistake_is_told_of_every_file(
    drill_of: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drill_of().component("database") is drill_of().component("database")
    stack = (Path(__file__).parents[2] / "golden/mistakes/stacks/sound.yaml").read_text(encoding="utf-8")
    elsewhere = stack.replace("  db:", "  mysql:").replace("[db, search]", "[mysql, search]")
    for _ in range(2):
        with pytest.raises(DrillFileWrong, match="found db; expected a service of the stack"):
            drill_of(stack=elsewhere)
    words = {**registry.portal("paper").COMPONENTS, "database": {"service": "db", "options": {"database": 3}}}
    monkeypatch.setattr(registry.portal("paper"), "COMPONENTS", words)
    for _ in range(2):
        with pytest.raises(DrillFileWrong, match="found 3; expected text"):
            drill_of()


def test_jobs_of_a_stack_may_read_folders(drill_of: Reads) -> None:
    stack = (Path(__file__).parents[2] / "golden/mistakes/stacks/sound.yaml").read_text(encoding="utf-8")
    stack = stack.replace("profiles: [seed]", "profiles: [seed]\n    volumes: ['./content:/content:ro']")
    volumes = drill_of(stack=stack).source.stack.service("seed").volumes
    assert volumes["/content"].endswith("/content")


@pytest.mark.parametrize(
    ("host_name", "elsewhere"),
    [
        (None, "web-restored"),
        ("shop-1", "shop-1-restored"),
        ("shop-1.production.example", "shop-1-restored.production.example"),
        ("web-restored", "web-restored-restored"),
        ("a" * 54, "a" * 54 + "-restored"),
        ("a" * 55, "a" * 54 + "-restored"),
        ("a" * 54 + "-restored", "a" * 45 + "-restored-restored"),
        ("a" * 8 + "-" * 2 + "b" * 53, "b" * 53 + "-restored"),
        ("shop-1." + "a" * 56, "shop-1-restored"),
    ],
)
def test_another_machine_has_another_host_name(host_name: str | None, elsewhere: str) -> None:
    """At most 63 characters, and never the same (GEN-D23). Nothing else changes."""
    service = Service(name="web", image="any", hostname=host_name, aliases=("portal.production.example",))
    moved = service.on_another_machine()
    assert (moved.host_name, len(moved.host_name) <= 63) == (elsewhere, True)
    assert moved.host_name != service.host_name
    assert moved.model_copy(update={"hostname": host_name}) == service


def test_host_names_are_others_unless_a_reason_is_given(drill_of: Reads) -> None:
    assert drill_of().keep_host_names is None
    assert drill_of("keep_host_names: step 3 of the runbook\n").keep_host_names == "step 3 of the runbook"
    for reason in ("''", "true", "[]"):  # a text, or nobody can read why
        with pytest.raises(DrillFileWrong, match=r"^paper\.drill\.yaml:5:18: "):
            drill_of(f"keep_host_names: {reason}\n")


def test_services_stand_in_order_of_start(drill_of: Reads) -> None:
    stack = """
services:
  web: {image: "a:1", depends_on: {search: {condition: service_started}, db: {condition: service_started}}, volumes:
    ["home:/opt/portal", "library:/opt/portal/data/document_library", "server:/opt/appserver", "git:/srv/git"]}
  search: {image: "b:1", depends_on: [db], command: "run --name 'a b'", stop_grace_period: 1m}
  db: {image: "c:1"}
volumes: {home: , library: , server: , git: }
"""
    services = drill_of(stack=stack).source.stack.services
    assert [service.name for service in services] == ["db", "search", "web"]
    assert services[1].command == ("run", "--name", "a b")
    assert services[1].stop_grace_s == 60


def test_a_thousand_drills_are_read_in_a_breath(drill_of: Reads, tmp_path: Path) -> None:
    drill_of()
    started_s = time.process_time()
    for _ in range(100):
        drill_of("schedule: every 24 h\nobjectives: {rto: 15 min, rpo: 25 h}\nchecks: [freshness]\n")
    assert time.process_time() - started_s < 0.9
