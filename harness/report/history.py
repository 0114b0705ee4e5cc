"""All runs of all drills, as their verdicts say: state, age of the last PASS, RTO and RPO over time.

A drill that does not run is not green: its last PASS grows old.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from harness.model.verdict import ObjectiveResult, Outcome, Verdict
from harness.report.files import VerdictUnreadable, read_verdict
from harness.report.rows import duration
from harness.report.run_ids import is_run_id

MOST_RUNS = 60  # the newest of each drill
GRACE = 1.5  # a nightly drill may be half a day late
UNSCHEDULED_S = 48 * 3600.0


class PastRun(NamedTuple):
    """One run; `verdict` None: it was broken off, or is running now."""

    run: str
    verdict: Verdict | None


class History(NamedTuple):
    """One drill's runs, oldest first; `schedule_s` as its newest drill.json says."""

    drill: str
    runs: tuple[PastRun, ...]
    schedule_s: float | None

    @property
    def last(self) -> Verdict | None:
        """Of the newest run that has one."""
        return next((run.verdict for run in reversed(self.runs) if run.verdict), None)

    @property
    def last_pass(self) -> Verdict | None:
        """The newest that proved recovery."""
        return next((r.verdict for r in reversed(self.runs) if r.verdict and r.verdict.recovered), None)

    def series(self, objective: str) -> tuple[tuple[str, ObjectiveResult], ...]:
        """(run, result) of each run that judged it."""
        judged = [(run.run, run.verdict.objectives.get(objective)) for run in self.runs if run.verdict]
        return tuple((run, result) for run, result in judged if result is not None)


def histories(reports: Path, known: Iterable[str] = ()) -> tuple[History, ...]:
    """One of each drill that has a folder below `reports` or is `known`, by name."""
    folders = {path.name for path in reports.iterdir() if path.is_dir()} if reports.is_dir() else set()
    return tuple(_history(reports / name) for name in sorted({*folders, *known}))


def _history(folder: Path) -> History:
    found = sorted(path.name for path in folder.iterdir() if is_run_id(path.name)) if folder.is_dir() else []
    runs, newest = [], found[-MOST_RUNS:]
    for name in newest:
        try:
            runs.append(PastRun(name, read_verdict(folder / name)))
        except VerdictUnreadable:
            runs.append(PastRun(name, None))
    schedules = (_schedule(folder / name) for name in reversed(newest))
    schedule_s = next((schedule for schedule in schedules if schedule), None)
    return History(folder.name, tuple(runs), schedule_s)


def _schedule(folder: Path) -> float | None:
    try:
        schedule = json.loads((folder / "drill.json").read_bytes())["schedule_s"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(schedule) if isinstance(schedule, int | float) else None


def allowed_age_s(history: History, max_age_s: float | None) -> float:
    """As asked for, else by the drill's own schedule: backups that stopped coming show (XLR-1)."""
    if max_age_s is not None:
        return max_age_s
    return history.schedule_s * GRACE if history.schedule_s else UNSCHEDULED_S


def troubles(history: History, now: datetime, max_age_s: float | None = None) -> Iterator[str]:
    """Why the drill is not green; nothing if it is."""
    last, passed = history.last, history.last_pass
    if last is None:
        yield "it has never run to its end" if history.runs else "it has never run"
        return
    if last.outcome is not Outcome.PASS:
        yield f"its last run ended with {last.outcome}"
    if history.runs[-1].verdict is None:
        yield f"its newest run {history.runs[-1].run} has no verdict: it is running, or was broken off"
    if passed is None:
        yield "no run has proved recovery"
        return
    age_s, most_s = (now - passed.started_utc).total_seconds(), allowed_age_s(history, max_age_s)
    if age_s > most_s:
        yield f"its last PASS is {duration(age_s)} old, at most {duration(most_s)} is allowed"
