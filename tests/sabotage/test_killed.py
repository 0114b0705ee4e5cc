"""`kill -9` of the harness in mid-restore loses no evidence and leaves nothing that `gc` does not find."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from restore_points import DRILL, Json, RestorePoints, not_passed

from harness import pipeline
from harness.containers import teardown
from harness.containers.labels import RUN
from harness.model.drill import Drill
from harness.model.verdict import Outcome
from harness.run.session import reachable_engine

pytestmark = pytest.mark.engine

# Where a drill of one database, which is killed in each of its steps, never comes: while configuration is rewritten.
STAGES = ("restore_started", "rewired")
DEADLINE_S = 60


def killed_run(points: RestorePoints, drill: Drill, stage: str) -> Path:
    """The folder of a run that was killed as soon as its evidence named the stage."""
    mark = f'"name":"{stage}"'.encode()
    reports = points.root / "reports" / drill.name
    before = set(reports.iterdir())
    program = str(Path(sys.executable).with_name("portal-drill"))
    command = [program, "--root", str(points.root), "run", str(DRILL)]
    process = subprocess.Popen([*command, "--restore-point", str(points.today)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            assert process.poll() is None, f"the run ended by itself with {process.returncode}"
            assert time.monotonic() < deadline, f"no {mark!r} within {DEADLINE_S} s"
            for folder in set(reports.iterdir()) - before:
                evidence = folder / "evidence.jsonl"
                if evidence.exists() and mark in evidence.read_bytes():
                    return folder
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def things_of(run: str) -> list[str]:
    with reachable_engine() as engine:
        listed = (teardown.list_containers, teardown.list_volumes, teardown.list_networks)
        return [str(item.get("Names") or item["Name"]) for look in listed for item in look(engine, [f"{RUN}={run}"])]


@pytest.mark.parametrize("stage", [STAGES[0], *(pytest.param(stage, marks=pytest.mark.prove) for stage in STAGES[1:])])
def test_killed_harness_keeps_evidence_and_gc_leaves_nothing(
    stage: str, points: RestorePoints, drill: Drill, recover: Callable[[Path], tuple[Json, Path]]
) -> None:
    folder = killed_run(points, drill, stage)
    lines = [json.loads(line) for line in (folder / "evidence.jsonl").read_bytes().splitlines()]
    assert lines[-1]["line"] != "end"
    verdict = pipeline.judge_saved(folder)
    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict.recovered

    assert things_of(folder.name) != []
    removed = pipeline.collect_garbage(points.root)
    assert any(folder.name in thing for thing in removed)
    assert things_of(folder.name) == []
    assert [thing for thing in pipeline.collect_garbage(points.root) if folder.name in thing] == []

    verdict_after, folder_after = recover(points.today)
    assert verdict_after["outcome"] == "PASS", (folder_after, not_passed(verdict_after))
