"""What the document of XL Release forbids is a mistake of the drill file; what it demands is planned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import DrillFileWrong, PortalDrillError
from harness.model.drill import Drill
from harness.prepare import make_plan, read_drill, restoring_only
from harness.stages import Stages

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "drills" / "xl-release-7.2.drill.yaml").read_text(encoding="utf-8")
Read = Callable[..., Drill]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def with_changes(*changes: tuple[str, str]) -> Drill:
        text = TEXT.replace("fixtures/", f"{ROOT}/fixtures/")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "x.drill.yaml"
        path.write_text(text, encoding="utf-8")
        return read_drill(path)

    return with_changes


BACKUP = "backup: {mode: offline}\n"
REVERSED = (BACKUP, f"{BACKUP}restore: {{order: [database, repository_directory]}}\n")
REBUILT = (BACKUP, f"{BACKUP}restore: {{search_index: rebuild}}\n")


def test_database_before_the_repository_directory_is_refused_and_can_be_waived(read: Read) -> None:
    """XLR-10."""
    with pytest.raises(DrillFileWrong, match=r"database before repository_directory.*first the directory"):
        read(REVERSED)
    waived = "waivers: [{order: restore, reason: the index is built anew, until: 2099-12-31}]\n"
    order = read((BACKUP, REVERSED[1] + waived)).restore_order
    assert order.index("database") < order.index("repository_directory")
    usual = read().restore_order
    assert usual.index("repository_directory") < usual.index("database")


def test_repository_directory_cannot_be_waived(read: Read) -> None:
    waived = "waivers: [{component: repository_directory, reason: it is large, until: 2099-12-31}]\n"
    with pytest.raises(DrillFileWrong, match="a waiver for repository_directory"):
        read((BACKUP, BACKUP + waived))


def test_database_is_demanded_unless_the_repository_is_built_in(read: Read) -> None:
    """XLR-6: a stack without a database is refused, and cannot be waived; the other product does not demand one."""
    stack = ("stacks/xl-release/", "stacks/xl-release-embedded/")
    with pytest.raises(DrillFileWrong, match="expected a service of the stack that always runs"):
        read(stack)
    waived = "waivers: [{component: database, reason: there is none, until: 2099-12-31}]\n"
    with pytest.raises(DrillFileWrong, match="a waiver for database"):
        read(stack, (BACKUP, BACKUP + waived))
    drill = read_drill(ROOT / "drills" / "xl-release-7.2-embedded.drill.yaml")
    demanded = {component.name for component in read().components} - {"database"}
    assert {component.name for component in drill.components} == demanded
    assert [group.order for group in drill.groups] == [("repository_directory", "search_index")]
    assert drill.waivers == () and {use.name for use in drill.checks} == {use.name for use in read().checks}


def test_built_in_repository_cannot_be_waived(tmp_path: Path) -> None:
    text = (ROOT / "drills" / "xl-release-7.2-embedded.drill.yaml").read_text(encoding="utf-8")
    waived = "waivers: [{component: repository_directory, reason: it is large, until: 2099-12-31}]\n"
    path = tmp_path / "x.drill.yaml"
    path.write_text(text.replace("fixtures/", f"{ROOT}/fixtures/") + waived, encoding="utf-8")
    with pytest.raises(DrillFileWrong, match="a waiver for repository_directory"):
        read_drill(path)


def test_order_of_restore_can_be_waived_only_where_it_is_demanded(tmp_path: Path) -> None:
    text = (ROOT / "drills" / "liferay-dxp.drill.yaml").read_text(encoding="utf-8")
    waived = "waivers: [{order: restore, reason: nobody asks for it, until: 2099-12-31}]\n"
    path = tmp_path / "x.drill.yaml"
    path.write_text(text.replace("fixtures/", f"{ROOT}/fixtures/") + waived, encoding="utf-8")
    with pytest.raises(DrillFileWrong, match=r"a group that liferay-dxp-7\.4 demands"):
        read_drill(path)


def test_running_server_cannot_be_backed_up(read: Read) -> None:
    with pytest.raises(DrillFileWrong, match="the engine carried for search_index while the portal runs"):
        read((BACKUP, "backup: {mode: online}\n"))


def test_rest_is_confirmed_after_the_last_look_and_before_the_start(read: Read) -> None:
    steps = [step.id for step in make_plan(read()).capture]
    at = steps.index("confirm_rest")
    assert steps[at + 1] == "start_source_portal"
    assert all(steps.index(step) < at for step in steps if step.startswith(("back_up:", "inventory_")))
    seal = next(step for step in make_plan(read()).capture if step.id == "seal")
    assert "confirm_rest" in seal.needs


def test_index_is_emptied_after_all_was_listed_and_before_the_start(read: Read) -> None:
    plan = make_plan(read(REBUILT))
    steps = [step.id for step in plan.recover]
    ordered = ["inventory_restored:database", "purge:search_index", "rewire", "start_portal", "rebuild:search_index"]
    assert [step for step in steps if step in ordered] == ordered
    assert "restore:search_index" not in steps
    start = next(step for step in plan.recover if step.id == "start_portal")
    assert "purge:search_index" in start.needs
    assert [step for step in (one.id for one in make_plan(read()).recover) if step.startswith("purge")] == []


def test_a_part_is_restored_alone_with_what_it_needs_and_no_more(read: Read) -> None:
    drill = read()
    steps = [step.id for step in restoring_only(make_plan(drill), drill, ("configuration", "plugins")).recover]
    assert steps == [
        *("preflight", "disaster", "create_target", "verify_artefacts", "restore:configuration", "restore:plugins"),
        *("inventory_restored:configuration", "inventory_restored:plugins", "observe:at_rest", "tear_down"),
    ]
    with_server = [step.id for step in restoring_only(make_plan(drill), drill, ("database",)).recover]
    assert "start_service:db" in with_server and "start_portal" not in with_server
    with pytest.raises(PortalDrillError, match="restores no confguration"):
        restoring_only(make_plan(drill), drill, ("confguration",))


def test_index_inside_a_tree_is_not_restored_without_it(read: Read) -> None:
    drill = read()
    with pytest.raises(PortalDrillError, match="search_index comes back inside repository_directory"):
        restoring_only(make_plan(drill), drill, ("search_index",))
    both = restoring_only(make_plan(drill), drill, ("repository_directory", "search_index"))
    assert "restore:search_index" in [step.id for step in both.recover]


def test_parts_alone_and_some_checks_are_not_asked_together(read: Read) -> None:
    with pytest.raises(PortalDrillError, match="no other check can be asked"):
        Stages().make_plan(read(), ("freshness",), ("configuration",))


def test_production_name_is_known_at_the_source_alone(read: Read) -> None:
    assert read().source.stack.service("db").aliases == ("db.production.example",)
