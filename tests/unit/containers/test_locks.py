"""The lock of a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.containers.locks import RunLock, is_held, lock_path, remove_stale
from harness.errors import HarnessBroken

CHILD = """
import sys, time
from pathlib import Path
from harness.containers.locks import RunLock
with RunLock(Path(sys.argv[1]), "run"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_lock_is_held_inside_and_gone_after(tmp_path: Path) -> None:
    assert not is_held(tmp_path, "run")
    with RunLock(tmp_path, "run"):
        assert is_held(tmp_path, "run")
        assert not is_held(tmp_path, "other")
    assert not is_held(tmp_path, "run")
    assert not lock_path(tmp_path, "run").exists()


def test_run_is_performed_once(tmp_path: Path) -> None:
    with (
        RunLock(tmp_path, "run"),
        pytest.raises(HarnessBroken, match="already being performed"),
        RunLock(tmp_path, "run"),
    ):
        pass


def test_kernel_releases_the_lock_of_a_killed_process(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, tmp_path], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert is_held(tmp_path, "run")
        assert remove_stale(tmp_path) == []
        child.kill()
    assert not is_held(tmp_path, "run")
    assert remove_stale(tmp_path) == ["run"]
    assert remove_stale(tmp_path) == []
