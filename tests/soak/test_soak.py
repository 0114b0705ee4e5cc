"""A soak that is killed goes on where it was, on a real engine: the smallest drill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.prove]

PROJECT = Path(__file__).parents[2]
DEADLINE_S = 120


def command(folder: Path) -> list[str]:
    drill = PROJECT / "drills" / "postgresql.drill.yaml"
    soak = [sys.executable, str(PROJECT / "tests" / "soak" / "soak.py"), "--only-clean", "--rounds", "1"]
    return [*soak, "--drill", str(drill), "--folder", str(folder)]


def rounds(folder: Path) -> list[tuple[int, str]]:
    lines = (folder / "score.jsonl").read_text(encoding="utf-8").splitlines()
    return [(one["round"], one["wrong"]) for one in map(json.loads, lines)]


def kill_in_mid_restore(folder: Path) -> None:
    process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not any(b'"name":"restore_started"' in e.read_bytes() for e in folder.glob("reports/*/*/evidence.jsonl")):
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline, "no restore was begun"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_soak_that_was_killed_cleans_up_and_goes_on(tmp_path: Path) -> None:
    subprocess.run(command(tmp_path), check=True, timeout=300)
    kill_in_mid_restore(tmp_path)
    assert rounds(tmp_path) == [(1, "")]
    said = subprocess.run(command(tmp_path), check=True, timeout=300, capture_output=True, text=True).stdout
    assert "1 rounds so far" in said
    assert "left by an earlier call, removed: " in said
    assert rounds(tmp_path) == [(1, ""), (2, "")]
