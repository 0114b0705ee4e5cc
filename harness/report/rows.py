"""One row per check and objective, in the order of the verdict: all that a renderer needs."""

from __future__ import annotations

from harness.model.inventory import Named
from harness.model.verdict import OBJECTIVES, CheckResult, ObjectiveResult, Outcome, TierLoss, Verdict


def duration(seconds: float) -> str:
    """A span for people: `4.2 s`, `41 s`, `3 min 5 s`, `25 h`."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    if minutes:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    return f"{rest} s"


def rows(verdict: Verdict) -> tuple[CheckResult, ...]:
    return (*verdict.checks, *(objective_row(each) for each in verdict.objectives.values()))


def row_of(verdict: Verdict, name: str) -> CheckResult | None:
    return next((row for row in rows(verdict) if row.name == name), None)


def not_exercised(verdict: Verdict) -> frozenset[str]:
    """Objectives that a partial run could not measure by its nature: listed in `partial`, and not judged."""
    if not verdict.partial:
        return frozenset()
    had = verdict.objectives
    return frozenset(o for o in OBJECTIVES if o not in had or had[o].reason.startswith("not exercised"))


def asked_row(verdict: Verdict | None, name: str, reason: str) -> CheckResult | None:
    """The row that was asked for; UNKNOWN if there is none. `reason`: why there is no verdict at all.

    None for what a partial run did not exercise (recovering an old restore point measures no downtime; of the tests
    beside the drill file none was chosen): the verdict lists it, and it is nobody's failure.
    """
    if verdict is None:
        return _without_result(name, reason)
    row = row_of(verdict, name)
    left_out = row is None and any(left.startswith(f"{name}: ") for left in verdict.partial)
    if left_out or name in not_exercised(verdict):
        return None
    return row or _without_result(name, "the verdict has no result of this name")


def _without_result(name: str, reason: str) -> CheckResult:
    return CheckResult(name=name, when="", outcome=Outcome.UNKNOWN, expected="a result", found=reason)


def objective_row(objective: ObjectiveResult) -> CheckResult:
    lost = tuple(f"canary {number} in {tier.tier}" for tier in objective.per_tier for number in tier.lost)
    return CheckResult(
        name=objective.name,
        when="objective",
        outcome=objective.outcome,
        expected=_limit(objective),
        found=_measured(objective) if applies(objective) else f"does not apply: {objective.reason}",
        items=Named(count=len(lost), first=lost[:20]),
    )


def applies(objective: ObjectiveResult) -> bool:
    """False if there was nothing to measure, so that all of it is met: PASS, and no figure."""
    return objective.outcome is not Outcome.PASS or objective.measured_s is not None


def _limit(objective: ObjectiveResult) -> str:
    if not applies(objective):
        return "nothing"
    return "no limit" if objective.limit_s is None else f"at most {duration(objective.limit_s)}"


def _measured(objective: ObjectiveResult) -> str:
    parts = []
    if objective.measured_s is not None:
        at_least = any(tier.at_least for tier in objective.per_tier)
        measured, limit_s = duration(objective.measured_s), objective.limit_s
        if objective.outcome is Outcome.FAIL and limit_s is not None and measured == duration(limit_s):
            measured = f"{objective.measured_s:g} s"  # rounded it would look as if the limit was met
        parts.append(("at least " if at_least else "") + measured)
    if objective.worst_case_s is not None:
        parts.append(f"worst case {duration(objective.worst_case_s)}")
    if objective.resolution_s is not None:
        parts.append(f"resolution {duration(objective.resolution_s)}")
    return "; ".join([*parts, *([objective.reason] if objective.reason else [])]) or "not measured"


def chain(objective: ObjectiveResult) -> tuple[tuple[str, str], ...]:
    """Stages with their seconds to one decimal, rounded so that what is printed adds up to the printed sum."""
    links, before = [], 0.0
    for stage in objective.stages:
        after = before + stage.seconds
        links.append((stage.name, f"{round(after, 1) - round(before, 1):.1f} s"))
        before = after
    return tuple(links)


def tier_loss(tier: TierLoss) -> str:
    """How much a tier lost, in words."""
    if tier.measured_s is None:
        return tier.reason or "not measured"
    return ("at least " if tier.at_least else "") + duration(tier.measured_s)
