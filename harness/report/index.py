"""`reports/index.html`: all drills at a glance, with RTO and RPO over time against their limits."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from harness.report.files import write_whole
from harness.report.history import History, histories, troubles
from harness.report.rows import duration
from harness.report.sentences import verdict_sentence
from harness.report.templates import page

WIDTH, HEIGHT = 240.0, 44.0


class Curve(NamedTuple):
    """One objective over the runs, as drawn. `limit_y` None: no limit, or far above all that was measured."""

    name: str
    points: tuple[tuple[float, float, str], ...]
    limit_y: float | None
    latest: str
    limit: str


def write_index(reports: Path, now: datetime) -> None:
    """Made anew after each run from the verdicts that lie there."""
    write_whole(reports / "index.html", index_text(histories(reports), now).encode())


def index_text(found: tuple[History, ...], now: datetime) -> str:
    drills = [
        {
            "history": each,
            "sentence": verdict_sentence(each.last) if each.last else "no run has ended",
            "troubles": tuple(troubles(each, now)),
            "curves": [curve(each, name) for name in ("rto", "rpo")],
            "passed": each.last_pass,
            "age": duration((now - each.last_pass.started_utc).total_seconds()) if each.last_pass else None,
        }
        for each in found
        if each.runs
    ]
    return page("index.html.j2", {}, drills=drills, now=now, width=WIDTH, height=HEIGHT)


def curve(history: History, objective: str) -> Curve:
    """Measured values from left to right; the highest value or a near limit is the top."""
    series = history.series(objective)
    values = [measured for measured, _ in series if measured is not None]
    limits = [limit for _, limit in series if limit is not None]
    limit = limits[-1] if limits else None
    top = max(values, default=0.0) or 1.0
    near = limit is not None and limit <= 3 * top
    top = max(top, limit or 0.0) * 1.1 if near else top * 1.1
    step = WIDTH / max(len(series), 1)
    points = tuple(
        (round(step * (number + 0.5), 1), round(HEIGHT * (1 - measured / top), 1), duration(measured))
        for number, (measured, _) in enumerate(series)
        if measured is not None
    )
    limit_y = round(HEIGHT * (1 - limit / top), 1) if near and limit is not None else None
    latest = duration(values[-1]) if values else "not measured"
    return Curve(objective, points, limit_y, latest, duration(limit) if limit is not None else "no limit")
