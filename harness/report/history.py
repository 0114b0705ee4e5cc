"""All runs of all drills, as their verdicts say: state, age of the last PASS, RTO and RPO over time.

A drill that does not run is not green: its last PASS grows old.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from harness.model.verdict import ObjectiveResult, Outcome, Verdict
from harness.report.files import VerdictUnreadable, read_verdict
from harness.report.rows import duration
from harness.report.run_ids import is_run_id

MOST_RUNS = 60  # of each drill, the newest, are listed and drawn
GRACE = 1.5  # a nightly drill may be half a day late
UNSCHEDULED_S = 48 * 3600.0


class PastRun(NamedTuple):
    """One run; `verdict` None: it was broken off, or is running now."""

    run: str
    verdict: Verdict | None


class History(NamedTuple):
    """One drill's newest runs, oldest first, and how many are older than these; `schedule_s` as its newest drill.json
    says. `last` is the newest verdict of all its runs, `last_pass` the newest that proved recovery. `wrong`: the first
    mistake of its file, if that is wrong.
    """

    drill: str
    runs: tuple[PastRun, ...]
    older: int
    schedule_s: float | None
    last: Verdict | None
    last_pass: Verdict | None
    wrong: str

    def series(self, objective: str) -> tuple[tuple[str, ObjectiveResult], ...]:
        """(run, result) of each run that judged it."""
        judged = [(run.run, run.verdict.objectives.get(objective)) for run in self.runs if run.verdict]
        return tuple((run, result) for run, result in judged if result is not None)


def histories(reports: Path, known: Mapping[str, str]) -> tuple[History, ...]:
    """One of each drill that has a folder below `reports` or is `known`, by name.

    Shape: `known` has the names of the drills that have a file, and what is wrong with it ("": nothing).
    """
    folders = {path.name for path in reports.iterdir() if path.is_dir()} if reports.is_dir() else set()
    return tuple(_history(reports / name, known.get(name, "")) for name in sorted({*folders, *known}))


def _history(folder: Path, wrong: str) -> History:
    found = sorted(path.name for path in folder.iterdir() if is_run_id(path.name)) if folder.is_dir() else []
    newest, older = found[-MOST_RUNS:], found[:-MOST_RUNS]
    runs = tuple(_past(folder / name) for name in newest)
    schedules = (_schedule(folder / name) for name in reversed(newest))
    schedule_s = next((schedule for schedule in schedules if schedule), None)
    # Older ones are read only as far back as the last PASS.
    backwards = chain(reversed(runs), (_past(folder / name) for name in reversed(older)))
    verdicts = (run.verdict for run in backwards if run.verdict)
    last = next(verdicts, None)
    last_pass = next((one for one in chain([last] if last else [], verdicts) if one.recovered), None)
    return History(folder.name, runs, len(older), schedule_s, last, last_pass, wrong)


def _past(folder: Path) -> PastRun:
    try:
        return PastRun(folder.name, read_verdict(folder))
    except VerdictUnreadable:
        return PastRun(folder.name, None)


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
    if history.wrong:
        yield f"its file is wrong: {history.wrong}"
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
