"""`report.html`: one self-contained file, the same bytes for the same run. No scripts, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError

from harness.model.drill import Drill
from harness.model.evidence import CommandLine, Evidence, Mark, Seen, StepState
from harness.model.inventory import Difference
from harness.model.plan import Plan
from harness.model.restore_point import RestorePoint
from harness.model.verdict import ObjectiveResult, Outcome, Verdict
from harness.report.isolation import isolation
from harness.report.requirements import REQUIREMENTS
from harness.report.rows import applies, chain, duration, not_exercised, objective_row, rows, tier_loss
from harness.report.sentences import first_of, verdict_sentence
from harness.report.templates import page
from harness.report.timeline import timeline

MOST_COMMANDS = 500
_REPEATED = ("canary_written", "probe")  # marks that come by the hundred; they stand in the evidence
_GRAVEST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)


class Link(NamedTuple):
    """A stage of the chain as drawn. Units: per cent of the whole."""

    name: str
    seconds: str
    start_percent: float
    width_percent: float


class Meter(NamedTuple):
    """An objective drawn to scale, the greatest of its figures being the whole width. Units: per cent."""

    measured: float
    limit: float | None
    worst_case: float | None


def html_text(verdict: Verdict, drill: Drill, plan: Plan, point: RestorePoint | None, evidence: Evidence) -> str:
    """`point`: the restore point that was recovered, as the judge was given it."""
    commands = [line for line in evidence.lines if isinstance(line, CommandLine)]
    steps = list(evidence.steps())
    apart = not_exercised(verdict)
    judged = [row.outcome for row in rows(verdict) if row.name not in apart]
    return page(
        "report.html.j2",
        {"duration": duration, "first_of": first_of, "tier_loss": tier_loss, "size": size, "applies": applies},
        verdict=verdict,
        drill=drill,
        plan=plan,
        point=point,
        evidence=evidence,
        sentence=verdict_sentence(verdict),
        not_exercised=apart,
        counts={outcome: judged.count(outcome) for outcome in Outcome},
        checks=sorted(verdict.checks, key=lambda check: _GRAVEST.index(check.outcome)),
        objectives=[(each, objective_row(each), meter(each)) for each in verdict.objectives.values()],
        chains=[(objective, links(objective)) for objective in verdict.objectives.values() if objective.stages],
        tiers=[tier for objective in verdict.objectives.values() for tier in objective.per_tier],
        differences=tuple(differences(evidence)),
        requirements=REQUIREMENTS,
        timeline=timeline(verdict, drill, point, evidence),
        isolation=isolation(drill, evidence),
        rewired=[(seen.subject, seen.data) for seen in evidence.observations("rewired") if isinstance(seen.data, dict)],
        images=next((seen.data for seen in evidence.observations("images") if isinstance(seen.data, dict)), {}),
        marks=[mark for mark in evidence.lines if isinstance(mark, Mark) and mark.name not in _REPEATED],
        steps=steps,
        bad_steps=[step for step in steps if step.state is not StepState.ENDED],
        commands=by_place(commands[:MOST_COMMANDS]),
        command_count=len(commands),
        left_out=max(0, len(commands) - MOST_COMMANDS),
    )


def size(count: int) -> str:
    """Bytes for people, in powers of ten."""
    return f"{count:,} B" if count < 100_000 else f"{count / 1e6:,.1f} MB"


def by_place(commands: list[CommandLine]) -> dict[str, list[CommandLine]]:
    """The commands of each place, in the order in which the places were first asked."""
    places: dict[str, list[CommandLine]] = {}
    for command in commands:
        places.setdefault(command.where, []).append(command)
    return places


def meter(objective: ObjectiveResult) -> Meter | None:
    """None if nothing was measured, or there is nothing to hold it against."""
    measured_s, limit_s, worst_s = objective.measured_s, objective.limit_s, objective.worst_case_s
    whole = max(measured_s or 0.0, limit_s or 0.0, worst_s or 0.0)
    if not whole or limit_s is None:
        return None

    def part(seconds: float) -> float:
        return round(100 * seconds / whole, 2)

    return Meter(part(measured_s or 0.0), part(limit_s), None if worst_s is None else part(worst_s))


def links(objective: ObjectiveResult) -> tuple[Link, ...]:
    """The stages laid end to end."""
    total = sum(stage.seconds for stage in objective.stages) or 1.0
    start, found = 0.0, []
    for stage, (name, seconds) in zip(objective.stages, chain(objective), strict=True):
        width = 100 * stage.seconds / total
        found.append(Link(name, seconds, round(start, 2), round(max(width, 0.0), 2)))
        start += width
    return tuple(found)


def differences(evidence: Evidence) -> Iterator[Difference]:
    """The differences that were seen. One of another shape is left out here: the checks judge it."""
    for observation in evidence.observations("difference"):
        if observation.seen is Seen.SEEN:
            try:
                yield Difference.model_validate(observation.data)
            except ValidationError:
                continue
