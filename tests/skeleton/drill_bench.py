"""The smallest whole drill, on a real engine: one PostgreSQL database, its reports and vault in a folder apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.containers import firewall, teardown
from harness.containers.engine import Engine
from harness.containers.labels import RUN, STATE, state_of
from harness.model.drill import Drill
from harness.model.evidence import StepLine
from harness.model.plan import Plan, Step
from harness.model.progress import Progress, Silent
from harness.pipeline import collect_garbage, drill_run
from harness.prepare import make_plan, read_drill
from harness.pytest_plugin.alone import run_own_tests

DRILL_FILE = Path(__file__).parents[2] / "drills" / "postgresql.drill.yaml"


class At(Silent):
    """Does something to the world at the start of a step, or at its end; `run` is the run's id."""

    def __init__(
        self,
        step: str,
        do: Callable[[str], None],
        *,
        end: bool = False,
        finally_at: tuple[str, Callable[[], None]] | None = None,
    ) -> None:
        self.run, self.done = "", False
        self._step, self._do, self._end, self._finally_at = step, do, end, finally_at

    def run_started(self, drill: str, run: str, folder: str) -> None:
        self.run = run

    def step_started(self, half: str, step: Step) -> None:
        if self._finally_at and step.id == self._finally_at[0]:
            self._finally_at[1]()
        self._now(step, False)

    def step_ended(self, half: str, step: Step, line: StepLine) -> None:
        self._now(step, True)

    def _now(self, step: Step, ended: bool) -> None:
        if step.id == self._step and ended is self._end and not self.done:
            self.done = True
            self._do(self.run)


def impatient(plan: Plan, **deadlines_s: float) -> Plan:
    """The plan with other deadlines for all steps of these actions."""

    def changed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return tuple(s.model_copy(update={"deadline_s": deadlines_s.get(str(s.action), s.deadline_s)}) for s in steps)

    return plan.model_copy(update={"capture": changed(plan.capture), "recover": changed(plan.recover)})


@dataclass(frozen=True)
class Finished:
    """A run that has ended: what lies in its folder."""

    run: str
    folder: Path

    @property
    def verdict(self) -> dict[str, Any]:
        return json.loads((self.folder / "verdict.json").read_bytes())  # type: ignore[no-any-return]

    def step(self, step: str) -> dict[str, Any]:
        """The step's line in the evidence."""
        lines = (json.loads(line) for line in (self.folder / "evidence.jsonl").read_bytes().splitlines())
        return next(line for line in lines if line["line"] == "step" and line["step"] == step)

    def check(self, name: str) -> dict[str, Any]:
        return next(check for check in self.verdict["checks"] if check["name"] == name)

    @property
    def outcomes(self) -> dict[str, str]:
        return {check["name"]: check["outcome"] for check in self.verdict["checks"]}


@dataclass(frozen=True)
class Bench:
    """Performs drills of one file below `root`."""

    root: Path
    engine: Engine
    file: Path = DRILL_FILE

    @property
    def drill(self) -> Drill:
        return read_drill(self.file)

    @property
    def vault(self) -> Path:
        return self.root / ".portal-drill" / "vault" / self.drill.name

    def perform(
        self,
        plan: Plan | None = None,
        point: Path | None = None,
        progress: Progress | None = None,
        canary_every_s: float | None = None,
    ) -> Finished:
        drill = self.drill
        if canary_every_s is not None:
            drill = drill.model_copy(update={"canary_every_s": canary_every_s})
        with drill_run(
            drill, plan or make_plan(drill), root=self.root, progress=progress or Silent(), restore_point=point
        ) as run:
            run_own_tests(run, drill, self.file)
        return Finished(run.run_id, run.folder)

    def newest(self) -> Finished:
        """The run that began last, of one that ended with an error."""
        folder = max((self.root / "reports" / "postgresql").glob("*Z-*"), key=lambda path: path.stat().st_ctime_ns)
        return Finished(folder.name, folder)

    def container(self, run: str, role: str, service: str = "db") -> str:
        return f"{run}-{role}-{service}"

    def host_name(self, run: str, role: str, service: str = "db") -> str:
        """As the running container itself has it."""
        command = self.engine.api.exec_create(self.container(run, role, service), ["cat", "/proc/sys/kernel/hostname"])
        return str(self.engine.api.exec_start(command["Id"]).decode().strip())

    def left(self) -> list[str]:
        """Whatever on the engine belongs to any run below `root`, preflights and tools included."""
        return self._labelled([RUN, f"{STATE}={state_of(self.root / '.portal-drill')}"])

    def left_of(self, run: str) -> list[str]:
        """Whatever on the engine carries the run's label, and whatever rules of the host do."""
        rules = (rule for _, rule in firewall.all_rules() if firewall.rule_run(rule) == run)
        return self._labelled([f"{RUN}={run}"]) + [" ".join(rule) for rule in rules]

    def garbage(self) -> list[str]:
        """What `gc` had to remove of runs below `root`, and removes it.

        It removes what any other folder's runs left on the same engine too, once its time is over: not ours to count.
        """
        left = self.left()
        return left + [thing for thing in collect_garbage(self.root) if thing.startswith("unsealed restore point")]

    def _labelled(self, labels: list[str]) -> list[str]:
        found = teardown.list_containers(self.engine, labels) + teardown.list_networks(self.engine, labels)
        return [str(item["Id"]) for item in found] + [v["Name"] for v in teardown.list_volumes(self.engine, labels)]
