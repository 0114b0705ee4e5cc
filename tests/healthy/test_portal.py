"""Healthy things on the portal laid out like Liferay never fail a drill, nor keep it from saying PASS."""

from __future__ import annotations

from pathlib import Path

import acts
import pytest
from life import Life, Source, live

from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.prepare import make_plan, read_drill

pytestmark = pytest.mark.engine

DRILL = Path(__file__).parents[2] / "drills" / "liferay-dxp.drill.yaml"
ROOT = Path(__file__).parents[2] / ".portal-drill" / "tests" / "healthy"


@pytest.fixture(scope="module")
def drill() -> Drill:
    return read_drill(DRILL)


@pytest.fixture(scope="module")
def plan(drill: Drill) -> Plan:
    return make_plan(drill)


def first_backup(plan: Plan) -> str:
    return next(step.id for step in plan.capture if step.action == "back_up")


def test_everything_at_once(drill: Drill, plan: Plan) -> None:
    """Sessions, logs, temporary files, caches, maintenance, edits and deletions before, between and after the
    captures, open transactions, rotated logs, drafts, an index that is seconds late and was built anew."""

    def before(source: Source) -> None:
        acts.slow_index(source)
        acts.drafts(source)
        acts.rebuild_index(source)

    def while_dumped(source: Source) -> None:
        acts.work_of_editors("early", 20)(source)
        acts.transaction_left_open(source)

    steps = {
        "survey": before,
        first_backup(plan): while_dumped,
        "back_up:document_library": acts.after_the_database,
        "back_up:liferay_home": acts.rotate_logs,
        next(s.id for s in plan.capture if s.action == "inventory_after"): acts.work_of_editors("late", 140),
    }
    always = (acts.log_in_and_out, acts.read_and_search, acts.temporary_files, acts.server_work)
    lived = live(drill, plan, ROOT, Life(steps, {act.__name__: act for act in always}))
    lived.assert_recovered()
    assert lived.life.done.keys() == {*steps, *(act.__name__ for act in always)}
    assert "skew" in lived.check("index_consistency")["found"]
