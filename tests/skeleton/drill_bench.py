"""The smallest whole drill, on a real engine: one PostgreSQL database, its reports and vault in a folder apart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.containers import teardown
from harness.containers.engine import Engine
from harness.containers.labels import RUN
from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.model.progress import Silent
from harness.pipeline import drill_run
from harness.prepare import make_plan, read_drill

DRILL_FILE = Path(__file__).parents[2] / "drills" / "postgresql.drill.yaml"


@dataclass(frozen=True)
class Finished:
    """A run that has ended: what lies in its folder."""

    run: str
    folder: Path

    @property
    def verdict(self) -> dict[str, Any]:
        return json.loads((self.folder / "verdict.json").read_bytes())  # type: ignore[no-any-return]

    def check(self, name: str) -> dict[str, Any]:
        return next(check for check in self.verdict["checks"] if check["name"] == name)

    @property
    def outcomes(self) -> dict[str, str]:
        return {check["name"]: check["outcome"] for check in self.verdict["checks"]}


@dataclass(frozen=True)
class Bench:
    """Performs drills below `root`."""

    root: Path
    engine: Engine

    @property
    def drill(self) -> Drill:
        return read_drill(DRILL_FILE)

    @property
    def vault(self) -> Path:
        return self.root / ".portal-drill" / "vault" / "postgresql"

    def perform(self, plan: Plan | None = None, point: Path | None = None) -> Finished:
        drill = self.drill
        with drill_run(drill, plan or make_plan(drill), root=self.root, progress=Silent(), restore_point=point) as run:
            pass
        return Finished(run.run_id, run.folder)

    def left_of(self, run: str) -> list[str]:
        """Whatever on the engine carries the run's label."""
        labels = [f"{RUN}={run}"]
        found = teardown.list_containers(self.engine, labels) + teardown.list_networks(self.engine, labels)
        return [str(item["Id"]) for item in found] + [v["Name"] for v in teardown.list_volumes(self.engine, labels)]
