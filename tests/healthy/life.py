"""People and programs that go on working on the source while a drill captures it.

A `Life` is the progress of a run: it learns of each step when it starts and may act on the source's containers
then, found by the run's label, or go on in a thread of its own until the disaster. What it does is what a portal
sees every day; none of it may change the outcome of a drill.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from harness.model.drill import Drill
from harness.model.plan import Plan, Step
from harness.model.progress import Silent
from harness.pipeline import drill_run
from harness.pytest_plugin.alone import run_own_tests

DRILLS = Path(__file__).parents[2] / "drills"

PASSWORDS = {"admin": "Admin-4711", "editor": "Editor-4711", "reader": "Reader-4711"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The source's containers, by the names that the harness gives them."""

    run: str

    def execute(self, service: str, *argv: str, stdin: str = "", user: str = "") -> str:
        """Raises: CalledProcessError, TimeoutExpired."""
        command = ["docker", "exec", "-i", *(["-u", user] if user else []), f"{self.run}-source-{service}", *argv]
        said = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        if said.returncode:
            raise RuntimeError(f"{argv[:3]} in {service} exited with {said.returncode}: {said.stderr[-800:]}")
        return said.stdout

    def address(self, service: str) -> str:
        shown = ["docker", "inspect", f"{self.run}-source-{service}"]
        told = json.loads(subprocess.run(shown, capture_output=True, text=True, timeout=30, check=True).stdout)
        return next(str(net["IPAddress"]) for net in told[0]["NetworkSettings"]["Networks"].values())

    def sql(self, text: str, database: str = "portal") -> str:
        """Statements in a session of their own; each is its own transaction unless the text says otherwise."""
        argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", database]
        return self.execute("db", "env", "PGPASSWORD=Postgres-4711", *argv, "-f", "-", stdin=text)

    def portal(self, user: str = "") -> httpx.Client:
        auth = (user, PASSWORDS[user]) if user else None
        return httpx.Client(base_url=f"http://{self.address('web')}:8080", auth=auth, timeout=30, trust_env=False)

    def search_engine(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://{self.address('search')}:9200", timeout=30, trust_env=False)

    def django(self, code: str) -> str:
        """What an editor does in the administration, by the same methods."""
        return self.execute("web", "python", "-m", "django", "shell", "-v", "0", "-c", code, user="liferay")


Act = Callable[[Source], None]


class Life(Silent):
    """`at` acts when a step (by its id) starts, and the step waits for it; `always` is repeated in a thread from the
    watches to the disaster. `done` counts what was done and `wrong` says what could not be."""

    def __init__(self, at: Mapping[str, Act] | None = None, always: Mapping[str, Act] | None = None) -> None:
        self._at, self._always = dict(at or {}), dict(always or {})
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._go_on, daemon=True)
        self.source = Source("")
        self.done: dict[str, int] = {}
        self.wrong: list[str] = []

    def run_started(self, drill: str, run: str, folder: str) -> None:
        self.source = Source(run)

    def step_started(self, half: str, step: Step) -> None:
        if step.action == "disaster":
            self._stop.set()
            if self._thread.is_alive():
                self._thread.join(150)
        if act := self._at.get(step.id):
            self._do(step.id, act)

    def step_ended(self, half: str, step: Step, line: Any) -> None:
        if step.action == "start_watches" and self._always:
            self._thread.start()

    def _go_on(self) -> None:
        while not self._stop.is_set():
            for name, act in self._always.items():
                if not self._stop.is_set():
                    self._do(name, act)
            self._stop.wait(0.3)

    def _do(self, name: str, act: Act) -> None:
        try:
            act(self.source)
            self.done[name] = self.done.get(name, 0) + 1
        except Exception as error:
            self.wrong.append(f"{name}: {type(error).__name__}: {error}")


@dataclass(frozen=True)
class Lived:
    verdict: Json
    folder: Path
    life: Life

    def check(self, name: str) -> Json:
        found: Json = next(check for check in self.verdict["checks"] if check["name"] == name)
        return found

    def assert_recovered(self, *partial: str) -> None:
        """PASS, and recovered but for what the test itself loosened; and all that should have gone on did."""
        said = {c["name"]: f"{c['outcome']}: {c['found']}" for c in self.verdict["checks"] if c["outcome"] != "PASS"}
        objectives = self.verdict["objectives"]
        said |= {n: f"{o['outcome']}: {o['reason']}" for n, o in objectives.items() if o["outcome"] != "PASS"}
        assert (self.verdict["outcome"], said) == ("PASS", {}), self.folder
        assert self.verdict["partial"] == [*partial]
        assert self.verdict["recovered"] is not bool(partial)
        assert not self.life.wrong, self.life.wrong


def live(drill: Drill, plan: Plan, root: Path, life: Life) -> Lived:
    with drill_run(drill, plan, root=root, progress=life) as run:
        run_own_tests(run, drill, DRILLS / f"{drill.name}.drill.yaml")
    verdict: Json = json.loads((run.folder / "verdict.json").read_text(encoding="utf-8"))
    return Lived(verdict, run.folder, life)
