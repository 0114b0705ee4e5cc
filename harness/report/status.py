"""All drills on the terminal: what their last run said, and how old their last PASS is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.measure import Measurement
from rich.text import Text

from harness.model.verdict import Outcome
from harness.report.history import History, histories, troubles
from harness.report.index import write_page
from harness.report.rows import duration
from harness.report.sentences import verdict_sentence
from harness.report.terminal import colored, plain_table

_WIDEST = 1000


def show(reports: Path, known: Mapping[str, str], now: datetime, max_age_s: float | None) -> bool:
    """Printed, and `index.html` made anew by each drill's own schedule; True if every drill is green."""
    found = histories(reports, known)
    if reports.is_dir():
        try:
            write_page(reports, found, now)
        except OSError as error:  # somebody else's folder can still be looked at
            print(f"portal-drill: {reports / 'index.html'} is left as it was: {error.strerror}", file=sys.stderr)
    return print_status(found, now, max_age_s, Console(highlight=False))


def print_status(found: tuple[History, ...], now: datetime, max_age_s: float | None, console: Console) -> bool:
    """True if every drill is green; without a drill nothing is."""
    table = plain_table("drill", "last run", "outcome", "last PASS", "rto", "rpo")
    why = []
    for history in found:
        reasons = tuple(troubles(history, now, max_age_s))
        last, passed = history.last, history.last_pass
        if reasons:
            why.append(f"{history.drill} is not green: {'; '.join(reasons)}")
        if last and last.outcome is not Outcome.PASS:
            why.append(f"  {verdict_sentence(last)}")
        age = f"{duration((now - passed.started_utc).total_seconds())} ago" if passed else "never"
        table.add_row(
            history.drill,
            last.run if last else "none",
            colored(last.outcome) if last else Text("none", style="dim"),
            age,
            *(_latest(history, objective) for objective in ("rto", "rpo")),
        )
    if found:
        # Its own width, also where there are but 80 columns or no terminal: a row is one line.
        console.width = max(
            console.width, Measurement.get(console, console.options.update(width=_WIDEST), table).maximum
        )
        console.print(table)
    else:
        console.print("No drill has run here, and drills/ holds none.")
    console.print(*(Text(reason, style="yellow") for reason in why), sep="\n", end="\n" if why else "", soft_wrap=True)
    green = bool(found) and not why
    if green:
        console.print(Text("All drills are green.", style="green"))
    else:
        console.print(Text("Not all drills are green.", style=f"bold {'red' if _failed(found) else 'yellow'}"))
    return green


def _failed(found: tuple[History, ...]) -> bool:
    return any(history.last and history.last.outcome is Outcome.FAIL for history in found)


def _latest(history: History, objective: str) -> str:
    """What the newest run measured, against its limit."""
    series = history.series(objective)
    if not series or series[-1][1].measured_s is None:
        return "—"
    result = series[-1][1]
    limit = "no limit" if result.limit_s is None else duration(result.limit_s)
    return f"{duration(result.measured_s or 0.0)} of {limit}"
