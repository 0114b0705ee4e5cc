"""What a verdict says in one sentence, and what a row says in a few lines."""

from __future__ import annotations

import textwrap

from harness.model.inventory import Named
from harness.model.verdict import CheckResult, Outcome, Verdict
from harness.report.rows import duration, not_exercised, rows

MOST_FOUND = 140  # characters of a finding that fit into one sentence


def verdict_sentence(verdict: Verdict) -> str:
    """The first thing that anybody reads."""
    if verdict.faults is not None:
        return _proof(verdict)
    if verdict.outcome is Outcome.PASS:
        said = _passed(verdict)
    elif verdict.outcome is Outcome.FAIL:
        said = f"NOT recovered: {_first(verdict)}"
    else:
        said = f"Could not tell whether it recovers: {_first(verdict)}"
    return f"{'Partial run: ' if verdict.partial else ''}{said}{_stand_in(verdict)}"


def _passed(verdict: Verdict) -> str:
    passed = sum(check.outcome is Outcome.PASS for check in verdict.checks)
    counted = f"{passed} of {len(verdict.checks)} checks"
    if not verdict.recovered:
        return f"what was exercised passed, which does not prove recovery; {counted}"
    rto = verdict.objectives.get("rto")
    took = f" in {duration(rto.measured_s)}" if rto and rto.measured_s is not None else ""
    return f"Recovered{took}; {_loss(verdict)}; {counted}"


def _loss(verdict: Verdict) -> str:
    rpo = verdict.objectives.get("rpo")
    if rpo is None or rpo.measured_s is None:
        return "loss not measured"
    return "nothing lost" if rpo.measured_s == 0 else f"the last {duration(rpo.measured_s)} lost"


def _first(verdict: Verdict) -> str:
    apart = not_exercised(verdict)
    such = [row for row in rows(verdict) if row.outcome is verdict.outcome and row.name not in apart]
    if not such:
        return "no check says why"
    others = ", ".join(row.name for row in such[1:4]) + (f" and {len(such) - 4} more" if len(such) > 4 else "")
    return f"{such[0].name}: {_brief(such[0].found)}" + (f" (also {others})" if others else "")


def _brief(found: str) -> str:
    """The beginning of what was found: the rest stands beside the check."""
    return textwrap.shorten(found, MOST_FOUND, placeholder=" …")


def _proof(verdict: Verdict) -> str:
    fault = verdict.faults
    assert fault is not None
    what = f"fault {fault.fault}/{fault.row}"
    catcher = next((row for row in rows(verdict) if row.name == fault.caught_by), None)
    if catcher is not None and catcher.outcome == fault.outcome:
        return f"Proved: {what} was caught by {fault.caught_by}: {_brief(catcher.found)}"
    came = "it had no result" if catcher is None else f"it said {catcher.outcome}"
    return f"NOT proved: {what} should make {fault.caught_by} say {fault.outcome}; {came}"


def _stand_in(verdict: Verdict) -> str:
    return f"; stand-in: {verdict.stand_in}" if verdict.stand_in else ""


def explain_row(row: CheckResult, folder: str) -> str:
    """A row that is no PASS, in lines; `folder` is where the evidence lies ("" if there is none)."""
    lines = [f"{row.name}: {row.outcome}", f"  expected  {row.expected}"]
    lines.append("  found     " + row.found.replace("\n", "\n            "))
    if row.items.count:
        lines.append(f"  {first_of(row)}:")
        lines.extend(f"    {name}" for name in row.items.first)
    if row.requirements:
        lines.append(f"  required by {', '.join(row.requirements)}")
    if folder:
        lines.append(f"  evidence  {folder}/evidence.jsonl")
    return "\n".join(lines)


def first_of(row: CheckResult) -> str:
    shown = len(row.items.first)
    return f"the first {shown} of {row.items.count}" if shown < row.items.count else f"all {shown}"


def joined(items: Named, most: int = 3) -> str:
    """The first few names in one phrase, and how many more."""
    more = items.count - len(items.first[:most])
    return ", ".join(items.first[:most]) + (f" and {more} more" if more > 0 else "")


def kept_sentence(run: str) -> str:
    """Where a sandbox that was kept is found, by the label of its run, and how it goes."""
    return f"kept: docker ps --filter label=portal-drill.run={run} lists it; remove it with portal-drill gc"
