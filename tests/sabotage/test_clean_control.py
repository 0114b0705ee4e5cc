"""What is not damaged passes: else no red of the other tests means anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from restore_points import Json, RestorePoints, not_passed

from harness import clock
from harness.containers.labels import new_owner
from harness.containers.locks import RunLock
from harness.kinds.contracts import FaultRow
from harness.kinds.faults import _repack, index_empty, sql
from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.run import vault
from harness.run.mutate import Bench
from harness.run.session import reachable_engine

pytestmark = pytest.mark.engine


def test_clean_drill_passes_and_leaves_nothing(points: RestorePoints) -> None:
    verdict = json.loads((points.clean_run / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["outcome"] == "PASS"
    assert verdict["recovered"] is True
    assert {check["name"]: check["outcome"] for check in verdict["checks"]} == {
        check["name"]: "PASS" for check in verdict["checks"]
    }


@pytest.mark.prove
def test_mechanisms_that_change_nothing_pass(
    points: RestorePoints, drill: Drill, plan: Plan, recover: Callable[[Path], tuple[Json, Path]]
) -> None:
    """Unpacked and packed, loaded and dumped, restored and taken again, without a fault in between."""
    state = points.root / ".portal-drill"
    target = state / "mutations" / "nothing"
    shutil.rmtree(target, ignore_errors=True)
    vault.copy_point(points.today, target)
    point, run = vault.load_record(target), clock.new_id()
    with ExitStack() as held:
        engine = held.enter_context(reachable_engine())
        held.enter_context(RunLock(state, run))
        bench = Bench(target, point, drill, plan, engine, new_owner(run, drill.name, "mutation", state))
        for component in ("document_library", "liferay_home", "application_server"):
            _repack.repack(bench, component, "true", "")
        sql.inject(FaultRow("nothing", "database", "SELECT 1", (), ""), bench)
        for component in ("search", "search_tuning"):
            index_empty.inject(FaultRow("nothing", component, "no-such-index-*", (), ""), bench)
    vault.reseal(target, point)
    verdict, folder = recover(target)
    shutil.rmtree(target)
    assert verdict["outcome"] == "PASS", (folder, not_passed(verdict))
    assert verdict["recovered"] is False
    assert verdict["partial"] == ["the capture, measured RPO and downtime: recovered from an earlier restore point"]
