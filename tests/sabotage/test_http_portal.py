"""The Liferay stack through `portal: http`: the same verdicts as by its own adapter, clean and damaged."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from restore_points import PROJECT, RestorePoints, check_of, plan_of, run_drill
from test_faults import NAMED, ROWS

from harness.kinds import registry
from harness.model.drill import Drill
from harness.model.verdict import Outcome
from harness.pipeline import damaged
from harness.prepare import read_drill

pytestmark = [pytest.mark.engine, pytest.mark.prove]

# One for each check that asks through the portal, and one that it must not hide.
DAMAGED = (
    "index_older/missing_and_stale",
    "index_newer/ghosts",
    "file_missing/licence",
    "mode_lost/folder_read_only",
    "sql/row_deleted",
)
# The adapter calls these facts otherwise than the drill file does.
SAID = {
    "file_missing/licence": r"^licence: expected .*valid.*, found .*missing",
}


@pytest.fixture(scope="module")
def drill() -> Drill:
    return read_drill(PROJECT / "tests" / "variants" / "liferay-http.yaml")


@pytest.fixture(scope="module")
def clean(drill: Drill, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestorePoints]:
    """One clean drill."""
    root = tmp_path_factory.mktemp("http")
    verdict, folder = run_drill(drill, plan_of(drill), root)
    point = root / ".portal-drill" / "vault" / drill.name / str(verdict["restore_point"])
    yield RestorePoints(root, point, point, folder)
    shutil.rmtree(root, ignore_errors=True)


def test_clean_drill_passes_with_the_checks_of_the_adapter(clean: RestorePoints, drill: Drill) -> None:
    verdict = json.loads((clean.clean_run / "verdict.json").read_text(encoding="utf-8"))
    said = {check["name"]: (check["outcome"], check["found"]) for check in verdict["checks"]}
    assert (verdict["outcome"], verdict["recovered"], verdict["partial"]) == ("PASS", True, []), said
    own = read_drill(PROJECT / "drills" / "liferay-dxp.drill.yaml")
    assert set(said) == {use.name for use in own.checks}
    assert {name: outcome for name, (outcome, _) in said.items()} == dict.fromkeys(said, "PASS")
    tiers = {tier["tier"] for tier in verdict["objectives"]["rpo"]["per_tier"]}
    assert tiers == set(registry.portal(own.portal.kind).TIERS)
    # Both lists and every word's hits were compared, as the adapter compares them.
    consistent = re.match(r"([\d,]+) items in both lists; (\d+) searches", said["index_consistency"][1])
    assert consistent and int(consistent[1].replace(",", "")) > 1300 and int(consistent[2]) > 40, said


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_caught_by_the_check_that_the_adapter_catches_it_with(
    name: str, clean: RestorePoints, drill: Drill
) -> None:
    fault, row = ROWS[name]
    plan = plan_of(drill)
    copy = damaged(clean.today, fault, row.name, drill, plan, root=clean.root, other=clean.earlier)
    verdict, folder = run_drill(drill, plan, clean.root, Path(copy))
    outcomes = {check["name"]: f"{check['outcome']}: {check['found']}" for check in verdict["checks"]}
    caught = check_of(verdict, row.caught_by)
    assert (verdict["outcome"], caught["outcome"]) == (Outcome.FAIL, row.outcome), (folder, outcomes)
    found = "\n".join([*caught["items"]["first"], caught["found"]])
    assert re.search(SAID.get(name, NAMED[name]), found, re.MULTILINE), (folder, found)
