"""Faults of an offline backup of a Jackrabbit repository, each caught by the check that must name it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from restore_points import PROJECT, Json, RestorePoints, plan_of, restore_points, run_drill
from test_faults import assert_caught

from harness.kinds import registry
from harness.kinds.contracts import FaultRow, Injects
from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.pipeline import altered, damaged
from harness.prepare import read_drill

pytestmark = pytest.mark.engine

FILE = PROJECT / "drills" / "xl-release-7.2.drill.yaml"
ROWS = {
    f"{fault}/{row.name}": (fault, row)
    for fault in registry.names("faults")
    for row in registry.fault(fault).ROWS
    if row.product == "xl-release-7.2"
}
INJECTED = [name for name, (fault, _) in ROWS.items() if isinstance(registry.fault(fault), Injects)]
ALTERED = [name for name in ROWS if name not in INJECTED]
# What only an offline backup can have, once, without the two clean drills that all others rest on; those are proofs.
IN_CI = {"not_at_rest/started_again"}
# Faults of a procedure that is rehearsed with an index built anew.
REBUILT = {name for name in ROWS if name.startswith("purged_wrongly/")}

NAMED = {
    "dump_by_older_client/of_the_repository": r"^restore:database: database\.dump was made by pg_dump 13",
    "file_cut/index": r"^search_index: changed workspaces/default/index/_\w+/_\w+\.cfs",
    "file_extra/lock": r"^repository_directory: extra \.lock$",
    "file_extra/newer_plugin": r"^jar\.plugins/release-calendar-1\.5\.0\.jar: expected nothing",
    "file_missing/datastore": r"^row without file: .*repository/datastore/",
    "file_missing/segment": r"^missing: release:",
    "not_at_rest/never_stopped": r"^stop_source_portal|^confirm_rest: the portal did not rest",
    "not_at_rest/started_again": r"^confirm_rest: the portal did not rest: (port|processes|lock): expected",
    "not_rewired/one_workspace": r"^rewire: values of the source are left: .*workspaces/security/workspace\.xml",
    "purged_wrongly/after_the_start": r"^purge:search_index: search_index was to be emptied before the start",
    "purged_wrongly/one_left": r"^purge:search_index: not emptied: \./workspaces/security/index",
    "restore_by_hand/overlay_of_the_repository": r"^repository_directory: extra workspaces/old",
    "restore_by_hand/psql_went_on": r"^database: missing role/xlrelease",
    "setting_of_another_day/session_timeout": r"^settings\.session\.timeout\.minutes: expected 45, found 30",
    "sql/people_lost": r"^people: ",
    "stale/directory_newer": r"^ghost: ",
    "stale/directory_older": r"^missing: release:portal-drill-canary",
    "step_skipped/repository_directory": r"^repository_directory: no step restores it$",
    "wrong_archiver/zip_of_the_installation": r"^start_portal: .*run\.sh",
}


def cases(names: list[str]) -> list[object]:
    return [pytest.param(name, marks=[] if name in IN_CI else [pytest.mark.prove]) for name in names]


@pytest.fixture(scope="module")
def xl_release() -> Drill:
    return read_drill(FILE)


@pytest.fixture(scope="module")
def points(xl_release: Drill) -> RestorePoints:
    return restore_points(xl_release, FILE)


def recovered(drill: Drill, plan: Plan, points: RestorePoints, folder: Path) -> tuple[Json, Path]:
    return run_drill(drill, plan, points.root, folder, drill_file=FILE)


@pytest.mark.prove
def test_clean_control_passes(xl_release: Drill, points: RestorePoints) -> None:
    verdict, folder = recovered(xl_release, plan_of(xl_release), points, points.today)
    assert verdict["outcome"] == "PASS", (folder, verdict["checks"])


@pytest.mark.parametrize("name", cases(INJECTED))
def test_damaged_restore_point_is_caught(name: str, xl_release: Drill, points: RestorePoints) -> None:
    fault, row = ROWS[name]
    plan = plan_of(xl_release)
    copy = damaged(points.today, fault, row.name, xl_release, plan, root=points.root, other=points.earlier)
    verdict, folder = recovered(xl_release, plan, points, copy)
    shutil.rmtree(copy)
    assert_caught(name, row, verdict, folder, NAMED[name])


@pytest.mark.parametrize("name", cases(ALTERED))
def test_fault_of_procedure_is_caught(
    name: str, xl_release: Drill, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """What breaks the recovery is tried on a sound restore point, what breaks the backup on a source."""
    fault, row = ROWS[name]
    drill = rebuilding(xl_release) if name in REBUILT else xl_release
    plan = plan_of(drill)
    changed, note = altered(plan, fault, row.name)
    if changed.capture != plan.capture:
        root, point = tmp_path, None
    else:
        points: RestorePoints = request.getfixturevalue("points")
        root, point = points.root, points.today
    verdict, folder = run_drill(drill, changed, root, point, note, drill_file=FILE)
    assert_caught(name, row, verdict, folder, NAMED[name])
    if row.caught_by == "capture":
        assert_no_restore(row, folder)


def rebuilding(drill: Drill) -> Drill:
    return drill.model_copy(update={"restore_strategy": {"search_index": "rebuild"}})


def assert_no_restore(row: FaultRow, folder: Path) -> None:
    """A backup that failed is followed by no disaster."""
    evidence = (folder / "evidence.jsonl").read_text(encoding="utf-8")
    assert '"name":"source_removed"' in evidence, row
    assert '"name":"disaster"' not in evidence


def test_every_row_says_what_must_be_named() -> None:
    assert sorted(NAMED) == sorted(ROWS)
    assert set(ROWS) >= IN_CI
