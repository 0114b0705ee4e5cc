"""All drills on the terminal: what their last run said, and how old their last PASS is."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.text import Text

from harness.model.verdict import Outcome
from harness.report.history import History, troubles
from harness.report.rows import duration
from harness.report.terminal import colored, plain_table


def print_status(found: tuple[History, ...], now: datetime, max_age_s: float | None, console: Console) -> bool:
    """True if every drill is green; without a drill nothing is."""
    table = plain_table("drill", "last run", "outcome", "last PASS", "rto", "rpo")
    for column in table.columns[:3]:
        column.no_wrap = True
    why = []
    for history in found:
        reasons = tuple(troubles(history, now, max_age_s))
        if reasons:
            why.append(f"{history.drill} is not green: {'; '.join(reasons)}")
        last, passed = history.last, history.last_pass
        age = f"{duration((now - passed.started_utc).total_seconds())} ago" if passed else "never"
        table.add_row(
            history.drill,
            last.run if last else "none",
            colored(last.outcome) if last else Text("none", style="dim"),
            age,
            *(_latest(history, objective) for objective in ("rto", "rpo")),
        )
    if found:
        console.print(table)
    else:
        console.print("No drill has run here, and drills/ holds none.")
    console.print(*(Text(reason, style="yellow") for reason in why), sep="\n", end="\n" if why else "")
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
