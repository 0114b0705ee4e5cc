"""What the sabotage tests share: the drill, its real restore points, and recovering from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from restore_points import DRILL, Json, RestorePoints, plan_of, restore_points, run_drill

from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.prepare import read_drill


@pytest.fixture(scope="session")
def drill() -> Drill:
    return read_drill(DRILL)


@pytest.fixture(scope="session")
def plan(drill: Drill) -> Plan:
    return plan_of(drill)


@pytest.fixture(scope="session")
def points(drill: Drill) -> RestorePoints:
    return restore_points(drill)


@pytest.fixture
def recover(drill: Drill, plan: Plan, points: RestorePoints) -> Callable[[Path], tuple[Json, Path]]:
    """Recovers a restore point by the unaltered plan."""
    return lambda point: run_drill(drill, plan, points.root, point)


@pytest.fixture
def clean_copy(points: RestorePoints, tmp_path: Path) -> Iterator[Path]:
    """The folder of the clean run, to be altered."""
    yield shutil.copytree(points.clean_run, tmp_path / "run")
