"""The verdict on the terminal: table, chain of stages, loss per tier, and the sentence last."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.model.verdict import ObjectiveResult, Outcome, TierLoss, Verdict
from harness.report.rows import applies, chain, duration, not_exercised, rows, tier_loss
from harness.report.sentences import joined, verdict_sentence

COLORS = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.UNKNOWN: "bold yellow"}


def print_verdict(verdict: Verdict, folder: str, console: Console) -> None:
    """`folder`: where the run's files lie, as the reader should see it."""
    console.print(_table(verdict))
    for objective in verdict.objectives.values():
        if objective.stages:
            console.print(_chain(objective))
    tiers = [tier for objective in verdict.objectives.values() for tier in objective.per_tier]
    if tiers:
        console.print(_tiers(tiers))
    for line in verdict.partial:
        console.print(Text(f"not exercised: {line}", style="yellow"), soft_wrap=True)
    console.print(Text(verdict_sentence(verdict), style=COLORS[verdict.outcome]), soft_wrap=True)
    if folder:
        console.print(Text(f"report: {folder}/report.html"), soft_wrap=True)


def as_text(verdict: Verdict, folder: str, *, color: bool, width: int = 110) -> str:
    """What `print_verdict` prints, for a terminal that another program writes to."""
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=color, color_system="standard" if color else None, highlight=False
    )
    print_verdict(verdict, folder, console)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def plain_table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def colored(outcome: Outcome) -> Text:
    return Text(outcome, style=COLORS[outcome])


def _table(verdict: Verdict) -> Table:
    table, apart = plain_table("check", "outcome", "found"), not_exercised(verdict)
    for number, row in enumerate(rows(verdict)):
        if number == len(verdict.checks) > 0:
            table.add_section()
        found = Text(row.found)
        if row.when == "objective" and applies(verdict.objectives[row.name]):
            found.append(f" ({row.expected})", style="dim")
        if row.outcome is Outcome.FAIL and row.items.count:
            found.append(f"\n{joined(row.items)}")
        outcome = Text("not exercised", style="dim") if row.name in apart else colored(row.outcome)
        table.add_row(Text(row.name), outcome, found)
    return table


def _chain(objective: ObjectiveResult) -> Padding:
    table = plain_table(f"{objective.name}: stage", "seconds")
    table.columns[1].justify = "right"
    for name, seconds in chain(objective):
        table.add_row(Text(name), seconds)
    table.add_section()
    limit = "no limit" if objective.limit_s is None else f"limit {duration(objective.limit_s)}"
    measured = "?" if objective.measured_s is None else f"{objective.measured_s:.1f} s"
    table.add_row(Text(f"sum ({limit})", style="bold"), Text(measured, style=COLORS[objective.outcome]))
    return Padding(table, (1, 0, 0, 0))


def _tiers(tiers: list[TierLoss]) -> Padding:
    table = plain_table("rpo: tier", "outcome", "lost", "canaries kept", "canaries lost", "not known")
    for tier in tiers:
        table.add_row(
            Text(tier.tier),
            colored(tier.outcome),
            Text(tier_loss(tier)),
            str(tier.kept),
            str(len(tier.lost)),
            str(len(tier.indeterminate)),
        )
    return Padding(table, (1, 0, 1, 0))
