"""Faults of an offline backup of XL Release, each caught by the check for it: on Jackrabbit with its repository in a
database and with the built-in one, and on two databases."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from restore_points import (
    PROJECT,
    Json,
    RestorePoints,
    captured_only,
    check_of,
    not_passed,
    plan_of,
    restore_points,
    run_drill,
)
from test_faults import assert_caught
from two_captures import two_captures

from harness.containers.stack import ContainerStack
from harness.kinds import registry
from harness.kinds.contracts import FaultRow, Injects
from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.model.restore_point import FaultNote
from harness.pipeline import altered, damaged
from harness.prepare import read_drill

pytestmark = pytest.mark.engine

BUILT_IN = "xl-release-7.2-embedded"
FILES = {name: PROJECT / "drills" / f"{name}.drill.yaml" for name in ("xl-release-7.2", BUILT_IN, "xl-release-7.5")}
ROWS = {
    f"{fault}/{row.name}": (fault, row)
    for fault in registry.names("faults")
    for row in registry.fault(fault).ROWS
    if row.product in FILES
}
# What an earlier restore point of the same source shows, and not one of another source that is like it.
OF_TWO_MOMENTS = ["stale/archive_older", "stale/main_older"]
INJECTED = [
    name
    for name, (fault, _) in ROWS.items()
    if isinstance(registry.fault(fault), Injects) and name not in OF_TWO_MOMENTS
]
ALTERED = [name for name in ROWS if name not in {*INJECTED, *OF_TWO_MOMENTS}]
# What only an offline backup can have, once, without the two clean drills that all others rest on, and the one fault
# that only two databases can have; the others are proofs.
IN_CI = {"not_at_rest/started_again", "sql/moved_in_both"}
# Faults of a procedure that is rehearsed with an index built anew.
REBUILT = {name for name in ROWS if name.startswith("purged_wrongly/")}
# Rows of the repository in a database that mean the same for the built-in one.
SHARED = (
    "file_cut/index",
    "file_extra/lock",
    "file_missing/datastore",
    "file_missing/segment",
    "not_at_rest/never_stopped",
    "not_at_rest/started_again",
    "purged_wrongly/after_the_start",
    "purged_wrongly/one_left",
    "restore_by_hand/overlay_of_the_repository",
    "step_skipped/repository_directory",
)

NAMED = {
    "dump_by_older_client/of_the_archive": r"^restore:archive_database: database\.dump was made by pg_dump 13",
    "dump_by_older_client/of_the_repository": r"^restore:database: database\.dump was made by pg_dump 13",
    "file_cut/derby": r"^repository_directory: changed workspaces/default/db/seg0/\w+\.dat",
    "file_cut/index": r"^search_index: changed workspaces/default/index/_\w+/_\w+\.cfs",
    "file_extra/derby_lock": r"^repository_directory: extra workspaces/default/db/dbex\.lck$",
    "file_extra/lock": r"^repository_directory: extra \.lock$",
    "file_extra/newer_plugin": r"^jar\.plugins/release-calendar-1\.5\.0\.jar: expected nothing",
    "file_missing/attachments": r"^row without file: installation: db/files/",
    "file_missing/datastore": r"^row without file: .*repository/datastore/",
    "file_missing/derby_of_one_workspace": r"^people: expected .*reader",
    "file_missing/hotfix": r"^hotfix: expected 7\.5\.0-hotfix-3, found none",
    "file_missing/segment": r"^missing: release:",
    "index_of_another_day/newer": r"^ghost: release:portal-drill-canary",
    "index_of_another_day/older": r"^missing: release:portal-drill-canary",
    "mode_lost/start_script": r"^start_portal: .*run\.sh",
    # Or the copy fails before anybody looks: a file of an index that was there when the copy began is gone.
    "not_at_rest/never_stopped": r"^stop_source_portal|^confirm_rest: the portal did not rest"
    r"|^back_up:\w+: .*No such file or directory",
    "not_at_rest/server_and_job": r"^stop_source_portal|^confirm_rest: the portal did not rest",
    "not_at_rest/started_again": r"^confirm_rest: the portal did not rest: (port|processes|lock): expected",
    "not_at_rest/started_while_copied": r"^confirm_rest: the portal did not rest: (port|processes|lock): expected",
    "not_rewired/archive_of_production": r"^rewire: values of the source are left: .*conf/archive\.ini",
    "not_rewired/archiving_job": r"^test_archiving_job_of_the_copy_does_not_run: ",
    "not_rewired/one_workspace": r"^rewire: values of the source are left: .*workspaces/security/workspace\.xml",
    "purged_wrongly/after_the_start": r"^purge:search_index: search_index was to be emptied before the start",
    "purged_wrongly/one_left": r"^purge:search_index: not emptied: \./workspaces/security/index",
    "restore_by_hand/overlay_of_derby": r"^repository_directory: extra workspaces/default/db/log/log4711\.dat$",
    "restore_by_hand/overlay_of_the_installation": r"^installation: extra plugins/release_titles-2\.1\.0\.py",
    "restore_by_hand/overlay_of_the_repository": r"^repository_directory: extra workspaces/old",
    "restore_by_hand/psql_went_on": r"^database: missing role/xlrelease",
    "restore_by_hand/psql_went_on_with_the_archive": r"^archive_database: missing row/public\._release/",
    "restored_while_running/index": r"^restore:search_index: .* release runs \(XLR-8\)",
    "software_older/than_at_the_source": r"^version of Roundup: expected 3\.\S+ or newer, found 2\.",
    "setting_of_another_day/name_of_the_server": r"^name: expected Releases of the handbook, found Releases of last y",
    "setting_of_another_day/session_timeout": r"^settings\.session\.timeout\.minutes: expected 45, found 30",
    "sql/indexed_and_gone": r"^ghost: release:000000000002",
    "sql/moved_in_both": r"^in archive_database and database: Release000001",
    "sql/moved_in_neither": r"^in none: Release000002, which was in database",
    "sql/not_indexed": r"^missing: release:000000900001",
    "sql/people_lost": r"^people: ",
    "sql/reader_lost": r"^database: missing row/public\._user/",
    "stale/archive_older": r"^in none: Release\d+, which was in archive_database",
    "stale/built_in_repository": r"the newest nonce is nonce\w+: the backup of another moment",
    "stale/main_older": r"^in archive_database and database: Release\d+",
    "stale/directory_newer": r"^ghost: ",
    "stale/index_older": r"^lost though acknowledged before its capture: canary \d+.* in search_index",
    "stale/directory_older": r"^missing: release:portal-drill-canary",
    "step_skipped/installation": r"^installation: no step restores it$",
    "step_skipped/repository_directory": r"^repository_directory: no step restores it$",
    "wrong_archiver/zip_of_the_installation": r"^start_portal: .*run\.sh",
}


def cases(names: list[str]) -> list[object]:
    return [pytest.param(name, marks=[] if name in IN_CI else [pytest.mark.prove]) for name in names]


@cache
def drill_of(product: str) -> Drill:
    return read_drill(FILES[product])


@cache
def points_of(product: str) -> RestorePoints:
    return restore_points(drill_of(product), FILES[product])


def run(drill: Drill, plan: Plan, point: Path | None, fault: FaultNote | None = None) -> tuple[Json, Path]:
    return run_drill(drill, plan, points_of(drill.product).root, point, fault, drill_file=FILES[drill.product])


@pytest.mark.prove
@pytest.mark.parametrize("product", FILES)
def test_clean_control_passes(product: str) -> None:
    drill = drill_of(product)
    verdict, folder = run(drill, plan_of(drill), points_of(product).today)
    assert verdict["outcome"] == "PASS", (folder, not_passed(verdict))
    if product == "xl-release-7.5":  # the job of the source was at work, and not only the drill
        assert re.search(r"; \d+ moved since$", check_of(verdict, "archive_parity")["found"]), folder


@pytest.mark.parametrize("name", cases(INJECTED))
def test_damaged_restore_point_is_caught(name: str) -> None:
    caught_in_a_copy(name, ROWS[name][1].product)


@pytest.mark.parametrize("name", cases(ALTERED))
def test_fault_of_procedure_is_caught(name: str, tmp_path: Path) -> None:
    caught_in_a_plan(name, ROWS[name][1].product, tmp_path)


@pytest.mark.prove
@pytest.mark.parametrize("name", SHARED)
def test_fault_is_caught_with_the_built_in_repository_too(name: str, tmp_path: Path) -> None:
    if name in INJECTED:
        caught_in_a_copy(name, BUILT_IN)
    else:
        caught_in_a_plan(name, BUILT_IN, tmp_path)


def caught_in_a_copy(name: str, product: str) -> None:
    fault, row = ROWS[name]
    drill, points = drill_of(product), points_of(product)
    plan = plan_of(drill)
    copy = damaged(points.today, fault, row.name, drill, plan, root=points.root, other=points.earlier)
    verdict, folder = run(drill, plan, copy)
    shutil.rmtree(copy)
    assert_caught(name, row, verdict, folder, NAMED[name])


def archived(stack: ContainerStack) -> int:
    """Releases that the source's job has moved, those of the drill itself left out."""
    query = "SELECT count(*) FROM _release WHERE _title NOT LIKE 'portal-drill %'"
    argv = ["psql", "-U", "postgres", "-h", "localhost", "-d", "xlarchive", "-AtXc", query]
    password = {"PGPASSWORD": stack.environment("db")["POSTGRES_PASSWORD"]}
    return int(stack.shell("db").run(argv, timeout_s=30, environment=password).ok().text)


@cache
def moments() -> tuple[Path, Path]:
    root = points_of("xl-release-7.5").root / "moments"
    shutil.rmtree(root, ignore_errors=True)
    return two_captures(drill_of("xl-release-7.5"), root, archived, least=5)


@pytest.mark.prove
@pytest.mark.parametrize("name", OF_TWO_MOMENTS)
def test_databases_of_two_moments_are_caught(name: str) -> None:
    """One source was captured twice, and its own job moved releases in between."""
    fault, row = ROWS[name]
    drill, points = drill_of(row.product), points_of(row.product)
    plan, (earlier, later) = plan_of(drill), moments()
    copy = damaged(later, fault, row.name, drill, plan, root=points.root, other=earlier)
    verdict, folder = run(drill, plan, copy)
    shutil.rmtree(copy)
    assert_caught(name, row, verdict, folder, NAMED[name])
    assert check_of(verdict, row.caught_by)["items"]["count"] >= 5, folder


@pytest.mark.prove
def test_second_capture_of_a_source_is_sound() -> None:
    drill = drill_of("xl-release-7.5")
    verdict, folder = run(drill, plan_of(drill), moments()[1])
    assert verdict["outcome"] == "PASS", (folder, not_passed(verdict))


def caught_in_a_plan(name: str, product: str, own_root: Path) -> None:
    """What breaks the recovery is tried on a sound restore point, what breaks the backup on a source."""
    fault, row = ROWS[name]
    drill = rebuilding(drill_of(product)) if name in REBUILT else drill_of(product)
    plan = plan_of(drill)
    changed, note = altered(plan, fault, row.name)
    if changed.capture != plan.capture:
        root, point = own_root, None
    else:
        root, point = points_of(product).root, points_of(product).today
    verdict, folder = run_drill(drill, changed, root, point, note, drill_file=FILES[product])
    assert_caught(name, row, verdict, folder, NAMED[name])
    if row.caught_by == "capture":
        assert_no_restore(row, folder)


@pytest.mark.prove
def test_built_in_repository_that_lies_in_a_database_is_found_at_the_source(tmp_path: Path) -> None:
    """Nobody need believe the drill file: what it leaves out is found (XLR-6)."""
    text = FILES[BUILT_IN].read_text(encoding="utf-8")
    path = tmp_path / "claimed.drill.yaml"
    path.write_text(text.replace("fixtures/stacks/xl-release-embedded", f"{PROJECT}/fixtures/stacks/xl-release"))
    drill = read_drill(path)
    verdict, folder = run_drill(drill, captured_only(plan_of(drill)), tmp_path, drill_file=path)
    check = check_of(verdict, "coverage")
    assert (verdict["outcome"], check["outcome"]) == ("FAIL", "FAIL"), (folder, verdict["checks"])
    assert check["items"]["first"] == [
        "undeclared volume database: no component looks into it, at /var/lib/postgresql/data of db"
    ]
    assert "'repository/version/db' not found" in check_of(verdict, "reference_parity")["found"]


@pytest.mark.prove
def test_index_that_a_command_builds_anew_is_a_stage_of_its_own() -> None:
    drill = rebuilding(drill_of("xl-release-7.5"))
    verdict, folder = run(drill, plan_of(drill), points_of(drill.product).today)
    assert verdict["outcome"] == "PASS", (folder, not_passed(verdict))
    stages = [stage["name"] for stage in verdict["objectives"]["rto"]["stages"]]
    assert {"index_rebuilt", "index_consistent"} <= {name.split()[0] for name in stages}, stages


def rebuilding(drill: Drill) -> Drill:
    return drill.model_copy(update={"restore_strategy": {"search_index": "rebuild"}})


def assert_no_restore(row: FaultRow, folder: Path) -> None:
    """A backup that failed is followed by no disaster."""
    evidence = (folder / "evidence.jsonl").read_text(encoding="utf-8")
    assert '"name":"source_removed"' in evidence, row
    assert '"name":"disaster"' not in evidence


def test_every_row_says_what_must_be_named() -> None:
    assert sorted(NAMED) == sorted(ROWS)
    assert set(ROWS) >= IN_CI | set(SHARED)
