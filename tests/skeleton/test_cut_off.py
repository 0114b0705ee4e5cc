"""A run that is cut off loses no evidence, is never a pass, and leaves nothing that is not found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from drill_bench import DRILL_FILE, Bench, Finished

from harness.pipeline import judge_saved
from harness.run.journal import read_evidence

pytestmark = pytest.mark.engine

DEADLINE_S = 90
COMMAND = [sys.executable, "-c", "import sys; from harness.cli import main; sys.exit(main())"]


@contextmanager
def running(bench: Bench, *, until: str) -> Iterator[tuple[subprocess.Popen[bytes], Finished]]:
    """The command line in a process of its own, as soon as its evidence holds the mark `until`."""
    before = set((bench.root / "reports" / "postgresql").glob("*Z-*"))
    process = subprocess.Popen(
        [*COMMAND, "--root", str(bench.root), "run", str(DRILL_FILE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200"},
    )
    try:
        folder = _wait_for_mark(bench, before, until, process)
        yield process, Finished(folder.name, folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def _wait_for_mark(bench: Bench, before: set[Path], mark: str, process: subprocess.Popen[bytes]) -> Path:
    deadline = time.monotonic() + DEADLINE_S
    seen = "no run folder"
    while time.monotonic() < deadline:
        for folder in set((bench.root / "reports" / "postgresql").glob("*Z-*")) - before:
            evidence = folder / "evidence.jsonl"
            seen = evidence.read_text() if evidence.exists() else "no evidence"
            if f'"name":"{mark}"' in seen:
                return folder
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError(f"no mark {mark}; seen last: {seen[-500:]}")


def test_kill_in_mid_restore_keeps_the_evidence_and_is_unknown(bench: Bench) -> None:
    with running(bench, until="service_ready") as (process, run):
        time.sleep(0.3)  # pg_restore is at work
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    evidence = read_evidence(run.folder / "evidence.jsonl")
    assert not evidence.complete
    assert evidence.mark("disaster") and evidence.mark("service_ready")
    assert not (run.folder / "verdict.json").exists()
    verdict = judge_saved(run.folder)
    assert (verdict.outcome, verdict.recovered) == ("UNKNOWN", False)
    assert "FAIL" not in {check.outcome for check in verdict.checks}

    assert bench.left_of(run.run) != []
    assert bench.garbage() != []
    assert bench.left_of(run.run) == []
    assert bench.garbage() == []

    point = next(path for path in bench.vault.iterdir() if path.name == verdict.restore_point)
    assert bench.perform(point=point).verdict["outcome"] == "PASS"


@pytest.mark.parametrize(
    ("number", "mark", "again"),
    [
        (signal.SIGINT, "service_ready", 20),
        (signal.SIGTERM, "capture_started", 0),
        pytest.param(signal.SIGINT, "capture_started", 20, marks=pytest.mark.prove),
        pytest.param(signal.SIGTERM, "service_ready", 0, marks=pytest.mark.prove),
    ],
)
def test_interrupted_run_tears_down_closes_its_evidence_and_is_unknown(
    bench: Bench, number: signal.Signals, mark: str, again: int
) -> None:
    """However often it is asked again while it tears down, and however soon."""
    with running(bench, until=mark) as (process, run):
        process.send_signal(number)
        for _ in range(again):
            time.sleep(0.1)
            if '_removed","subject"' not in (run.folder / "evidence.jsonl").read_text():
                process.send_signal(number)
        process.wait(60)
    assert process.returncode == 130
    assert read_evidence(run.folder / "evidence.jsonl").complete
    assert (run.verdict["outcome"], run.verdict["recovered"]) == ("UNKNOWN", False)
    lines = [json.loads(line) for line in (run.folder / "evidence.jsonl").read_bytes().splitlines()]
    removed = [line for line in lines if line.get("name") in ("sandbox_removed", "source_removed")]
    assert [line["facts"]["leftovers"] for line in removed] == [[]]
    assert any(line["line"] == "log" and "while the run was torn down" in line["text"] for line in lines) == bool(again)
    assert bench.left_of(run.run) == []
