"""The Liferay stack through `portal: http`: the same verdicts as by its own adapter, clean and damaged.

Faults and what must be named of them are those of `test_faults.py`, to the word.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import test_faults
from restore_points import PROJECT, Json, RestorePoints, captured_only, plan_of, run_drill

from harness.kinds import registry
from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.prepare import make_plan, read_drill

pytestmark = [pytest.mark.engine, pytest.mark.prove]

# For each check that asks through the portal, faults that its answers show, and one that it must not hide.
DAMAGED = (
    "file_missing/licence",  # portal_health: facts
    "index_older/missing_and_stale",  # index_consistency: lists
    "index_newer/ghosts",
    "stale/everything",  # freshness: nonces
    "stale/documents_only",  # freshness: writes in files
    "sql/four_bytes_of_canaries",  # freshness: signs of writes
    "file_emptied/document",  # reference_parity: references
    "mode_lost/folder_read_only",  # writable: writes
    "mode_lost/script",  # permissions: scripts
    "sql/row_deleted",  # data_parity
)
ALTERED = ("not_rewired/everything",)  # configuration
SPOILT = (
    "source_unwell/documents_not_indexed",  # source_health: lists
    "undeclared/host_of_a_service",  # coverage: configuration
    "undeclared/library_relocated",  # coverage: places
)


@pytest.fixture(scope="module")
def drill() -> Drill:
    return read_drill(PROJECT / "tests" / "variants" / "liferay-http.yaml")


@pytest.fixture(scope="module")
def plan(drill: Drill) -> Plan:
    return plan_of(drill)


@pytest.fixture(scope="module")
def points(drill: Drill, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestorePoints]:
    """A capture, and a clean drill after it with its own deadlines."""
    root = tmp_path_factory.mktemp("http")
    vault = root / ".portal-drill" / "vault" / drill.name
    (earlier, _), (today, folder) = (run_drill(drill, one, root) for one in (captured_only(plan), make_plan(drill)))
    yield RestorePoints(root, vault / earlier["restore_point"], vault / today["restore_point"], folder)
    shutil.rmtree(root, ignore_errors=True)


def test_clean_drill_passes_with_the_checks_of_the_adapter(points: RestorePoints) -> None:
    verdict = json.loads((points.clean_run / "verdict.json").read_text(encoding="utf-8"))
    said = {check["name"]: (check["outcome"], check["found"]) for check in verdict["checks"]}
    assert (verdict["outcome"], verdict["recovered"], verdict["partial"]) == ("PASS", True, []), said
    own = read_drill(PROJECT / "drills" / "liferay-dxp.drill.yaml")
    assert set(said) == {use.name for use in own.checks} - {"tests"}  # which lie beside that drill file alone
    assert {name: outcome for name, (outcome, _) in said.items()} == dict.fromkeys(said, "PASS")
    tiers = {tier["tier"] for tier in verdict["objectives"]["rpo"]["per_tier"]}
    assert tiers == set(registry.portal(own.portal.kind).TIERS)
    # Both lists and every word's hits were compared, as the adapter compares them.
    consistent = re.match(r"([\d,]+) items in both lists; (\d+) searches", said["index_consistency"][1])
    assert consistent and int(consistent[1].replace(",", "")) > 1300 and int(consistent[2]) > 40, said


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_restore_point_is_caught(
    name: str, points: RestorePoints, drill: Drill, plan: Plan, recover: Callable[[Path], tuple[Json, Path]]
) -> None:
    test_faults.test_damaged_restore_point_is_caught(name, points, drill, plan, recover)


@pytest.mark.parametrize("name", ALTERED)
def test_fault_of_procedure_is_caught(name: str, points: RestorePoints, drill: Drill, plan: Plan) -> None:
    test_faults.test_fault_of_procedure_is_caught(name, points, drill, plan)


@pytest.mark.parametrize("name", SPOILT)
def test_fault_of_the_source_is_caught(name: str, points: RestorePoints, drill: Drill, plan: Plan) -> None:
    test_faults.test_fault_of_the_source_is_caught(name, points, drill, plan)
