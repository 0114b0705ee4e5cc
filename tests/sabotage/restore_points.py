"""Real restore points of a stack, taken once, and what recovers from damaged copies of them.

They lie in `.portal-drill/tests/sabotage/<key>/`: the key digests all that they come from, so that a second
run of these tests need not capture again and a changed harness never meets an old restore point.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import pipeline
from harness.drill_files import file_of_tests
from harness.model.drill import Drill
from harness.model.plan import Action, Plan
from harness.model.progress import Silent
from harness.model.restore_point import FaultNote
from harness.prepare import make_plan
from harness.pytest_plugin.alone import run_own_tests

PROJECT = Path(__file__).parents[2]
DRILL = PROJECT / "drills" / "liferay-dxp.drill.yaml"
KEPT = PROJECT / ".portal-drill" / "tests" / "sabotage"

# What is waited for in vain where a fault shows: minutes that a user would give, not these tests.
SHORTER_S = {Action.FIRST_SEARCH: 30.0, Action.START_PORTAL: 60.0}

Json = dict[str, Any]


@dataclass(frozen=True)
class RestorePoints:
    """`today` with the folder of the clean run that took it, and an `earlier` one of the same drill."""

    root: Path
    earlier: Path
    today: Path
    clean_run: Path


def plan_of(drill: Drill) -> Plan:
    """The drill's plan, but for how long is waited for what a fault keeps from ever coming."""
    planned = make_plan(drill)
    steps = tuple(s.model_copy(update={"deadline_s": SHORTER_S.get(s.action, s.deadline_s)}) for s in planned.recover)
    return planned.model_copy(update={"recover": steps})


def captured_only(plan: Plan) -> Plan:
    """The plan without its recovery: what it captures lies in the vault."""
    only_the_end = tuple(step for step in plan.recover if step.action is Action.TEAR_DOWN)
    return plan.model_copy(update={"recover": only_the_end})


def restore_points(drill: Drill, drill_file: Path = DRILL) -> RestorePoints:
    """Two clean drills in a row; both must pass, or nothing that these tests show means anything."""
    kept = KEPT / drill.name
    root = kept / _key(drill_file)
    note = root / "complete.json"
    if not note.exists():
        shutil.rmtree(kept, ignore_errors=True)
        runs = [run_drill(drill, make_plan(drill), root, drill_file=drill_file) for _ in range(2)]
        for verdict, folder in runs:
            assert verdict["outcome"] == "PASS", (folder, not_passed(verdict))
        vault = root / ".portal-drill" / "vault" / drill.name
        earlier, today = (str(vault / verdict["restore_point"]) for verdict, _ in runs)
        note.write_text(json.dumps({"earlier": earlier, "today": today, "clean_run": str(runs[1][1])}))
    return RestorePoints(root, **{name: Path(path) for name, path in json.loads(note.read_text()).items()})


def _key(drill_file: Path) -> str:
    """Over the drill, the harness but for faults and reports, and the fixtures as they stand in git."""
    tests = file_of_tests(drill_file)
    digest = hashlib.sha256(drill_file.read_bytes() + (tests.read_bytes() if tests.exists() else b""))
    harness = (path for path in (PROJECT / "harness").rglob("*.py") if not {"faults", "report"} & set(path.parts))
    fixtures = (path for path in (PROJECT / "fixtures").rglob("*") if path.is_file())
    for path in sorted([*harness, *fixtures]):
        if path.name != "mutate.py" and not {"artifacts", "__pycache__"} & set(path.parts):
            digest.update(str(path.relative_to(PROJECT)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def run_drill(
    drill: Drill,
    plan: Plan,
    root: Path,
    point: Path | None = None,
    fault: FaultNote | None = None,
    drill_file: Path = DRILL,
) -> tuple[Json, Path]:
    """One run to its end; `verdict.json` as written, and the run's folder."""
    with pipeline.drill_run(drill, plan, root=root, progress=Silent(), restore_point=point, fault=fault) as run:
        run_own_tests(run, drill, drill_file)
    verdict: Json = json.loads((run.folder / "verdict.json").read_text(encoding="utf-8"))
    return verdict, run.folder


def not_passed(verdict: Json) -> dict[str, str]:
    """What the checks and objectives that did not pass say; the run's folder is gone with the next attempt."""
    judged = [*verdict["checks"], *verdict["objectives"].values()]
    return {
        one["name"]: f"{one['outcome']}: {one.get('found', one.get('reason'))}"
        for one in judged
        if one["outcome"] != "PASS"
    }


def check_of(verdict: Json, name: str) -> Json:
    found: Json = next(check for check in verdict["checks"] if check["name"] == name)
    return found
