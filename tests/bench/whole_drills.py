"""Whole drills as people start them, beside the same commands in a bare script, and beside one another."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import surroundings as around
from figures import Figure, of_pairs, paired, seconds

from harness.containers.engine import connect
from harness.containers.golden import COUNTS, KEY, golden_key
from harness.containers.teardown import list_volumes
from harness.drill_files import file_of_tests
from harness.prepare import read_drill

DRILLS = around.ROOT / "drills"
SCRIPT = Path(__file__).with_name("bare.sh")
LIFERAY, POSTGRESQL = "liferay-dxp", "postgresql"


def script(rounds: int) -> Iterator[Figure]:
    """Time of the whole, and the recovery time that each of both states."""
    with _drills((LIFERAY, LIFERAY)) as folder:
        if rounds > 1:
            _perform(folder, LIFERAY)  # its source is seeded now, and compiled what it needs
        whole, recovery = [], []
        for _ in range(rounds):
            drill_s = seconds(lambda: _perform(folder, LIFERAY))
            script_s, stopwatch_s = _bare(_golden(LIFERAY))
            whole.append((drill_s, script_s))
            recovery.append((_recovery_s(folder, LIFERAY), stopwatch_s))
    name = "the Liferay drill, everything from start to verdict"
    yield of_pairs(name, whole, beside="the same backup and restore as a script without a check", limit=1.5)
    yield agreement("its recovery time", recovery, beside="the script's stopwatch", limit=1.1)


def agreement(name: str, pairs: list[tuple[float, float]], *, beside: str, limit: float) -> Figure:
    """How far two measures of one thing lie apart, pair by pair: the larger by the smaller, in the middle pair."""
    mine, others = zip(*pairs, strict=True)
    apart = statistics.median(max(pair) / min(pair) for pair in pairs)
    return Figure(name, statistics.median(mine), statistics.median(others), apart, limit, "s", f"{beside}; apart")


def two(rounds: int) -> Iterator[Figure]:
    """Two drills at once beside one of them."""
    for base in (POSTGRESQL, LIFERAY):
        names = (f"{base}-one", f"{base}-other")
        with _drills(*((base, name) for name in names)) as folder:

            def both(folder: Path = folder, names: tuple[str, ...] = names) -> None:
                _perform(folder, *names, options=("-n", "2"))

            def one(folder: Path = folder, name: str = names[0]) -> None:
                _perform(folder, name)

            title = f"two {base} drills with `-n 2`"
            yield paired(title, both, one, beside="one of them", limit=1.4, rounds=rounds, warm_up=rounds > 1)


class _drills(TemporaryDirectory[str]):
    """A folder in the project with copies of drills (base, new name) and their tests; vault and reports go with it."""

    def __init__(self, *copies: tuple[str, str]) -> None:
        around.STATE.mkdir(exist_ok=True)
        super().__init__(prefix="bench-", dir=around.STATE)
        folder = Path(self.name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        for base, name in copies:
            origin, copy = DRILLS / f"{base}.drill.yaml", folder / f"{name}.drill.yaml"
            copy.write_text(origin.read_text().replace(f"drill: {base}\n", f"drill: {name}\n", 1))
            shutil.copy(file_of_tests(origin), file_of_tests(copy))

    def __enter__(self) -> Path:  # type: ignore[override]
        return Path(self.name)


def _perform(folder: Path, *names: str, options: tuple[str, ...] = ()) -> None:
    files = [f"{name}.drill.yaml" for name in names]
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *files]
    ended = subprocess.run(argv, cwd=folder, capture_output=True, text=True, env=around.environment())
    assert ended.returncode == 0, f"{' '.join(files)} did not pass:\n{ended.stdout[-5000:]}{ended.stderr[-2000:]}"


def _recovery_s(folder: Path, name: str) -> float:
    verdict = json.loads((folder / "reports" / name / "latest" / "verdict.json").read_text())
    return float(verdict["objectives"]["rto"]["measured_s"])


def _golden(drill: str) -> str:
    """What the names of its newest golden volumes begin with."""
    engine, services = connect(), read_drill(DRILLS / f"{drill}.drill.yaml").source.stack.services
    names = [item["Name"] for item in list_volumes(engine, [f"{KEY}={golden_key(engine, services)}"])]
    return max(name for name in names if name.endswith(f"-{COUNTS}")).removesuffix(f"-{COUNTS}")


def _bare(golden: str) -> tuple[float, float]:
    """Seconds of the whole script, and those that its stopwatch says."""
    artefacts = around.STATE / "bench-artefacts"
    artefacts.mkdir()
    try:
        started = time.perf_counter()
        said = subprocess.run([str(SCRIPT), golden, str(artefacts)], capture_output=True, text=True)
        whole_s = time.perf_counter() - started
        assert said.returncode == 0, f"the script ended with {said.returncode}:\n{said.stderr[-5000:]}"
        return whole_s, float(said.stdout.splitlines()[-1])
    finally:
        shutil.rmtree(artefacts)
