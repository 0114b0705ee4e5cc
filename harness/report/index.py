"""`reports/index.html`: all drills at a glance, with RTO and RPO over time against their limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from harness.model.verdict import Outcome
from harness.report.files import write_whole
from harness.report.history import History, allowed_age_s, histories, troubles
from harness.report.rows import duration
from harness.report.sentences import verdict_sentence
from harness.report.templates import page


class Point(NamedTuple):
    """One run. Units: per cent of the drawing, y from its top."""

    x: float
    y: float
    outcome: Outcome
    text: str


class Curve(NamedTuple):
    """One objective over the runs, as drawn. `limit_y` None: no limit, or far above all that was measured."""

    name: str
    points: tuple[Point, ...]
    limit_y: float | None
    latest: str
    limit: str
    first: str
    last: str

    @property
    def pairs(self) -> Iterable[tuple[Point, Point]]:
        return pairwise(self.points)


def write_index(reports: Path, known: Mapping[str, str], now: datetime) -> None:
    """Made anew after each run from the verdicts that lie there and the drills that are `known` by their
    files (see `histories`). Raises: OSError."""
    write_page(reports, histories(reports, known), now)


def write_page(reports: Path, found: tuple[History, ...], now: datetime) -> None:
    """Of histories that have been read. Raises: OSError."""
    write_whole(reports / "index.html", index_text(found, now).encode())


def index_text(found: tuple[History, ...], now: datetime) -> str:
    drills = [
        {
            "history": each,
            "sentence": verdict_sentence(each.last) if each.last else "no run has ended",
            "troubles": tuple(troubles(each, now)),
            "curves": [curve(each, name) for name in ("rto", "rpo")],
            "passed": each.last_pass,
            "age": duration((now - each.last_pass.started_utc).total_seconds()) if each.last_pass else None,
            "allowed": duration(allowed_age_s(each, None)),
            "until": each.last_pass.started_utc + timedelta(seconds=allowed_age_s(each, None))
            if each.last_pass
            else None,
        }
        for each in found
    ]
    green = sum(not any(troubles(each, now)) for each in found)
    headline = "Drills" if not found else f"{green} of {len(found)} drills {'is' if green == 1 else 'are'} green"
    return page("index.html.j2", {}, drills=drills, now=now, headline=headline)


def curve(history: History, objective: str) -> Curve:
    """Measured values from left to right; the highest value or a near limit is the top."""
    series = history.series(objective)
    values = [result.measured_s for _, result in series if result.measured_s is not None]
    limits = [result.limit_s for _, result in series if result.limit_s is not None]
    limit = limits[-1] if limits else None
    top = max(values, default=0.0) or 1.0
    near = limit is not None and limit <= 3 * top
    top = max(top, limit or 0.0) * 1.1 if near else top * 1.1
    step = 100 / max(len(series), 1)
    points = tuple(
        Point(
            round(step * (number + 0.5), 1),
            round(100 * (1 - result.measured_s / top), 1),
            result.outcome,
            f"{run}: {duration(result.measured_s)}, {result.outcome}",
        )
        for number, (run, result) in enumerate(series)
        if result.measured_s is not None
    )
    limit_y = round(100 * (1 - limit / top), 1) if near and limit is not None else None
    latest = duration(values[-1]) if values else "not measured"
    said = duration(limit) if limit is not None else "no limit"
    days = [run for run, result in series if result.measured_s is not None] or [""]
    return Curve(objective, points, limit_y, latest, said, _day(days[0]), _day(days[-1]))


def _day(run: str) -> str:
    """The day and minute in a run's id."""
    return f"{run[:4]}-{run[4:6]}-{run[6:8]} {run[9:11]}:{run[11:13]}" if run else ""
