"""`report.html`: one self-contained file, the same bytes for the same run. No scripts, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jinja2
from pydantic import ValidationError

from harness.model.drill import Drill
from harness.model.evidence import CommandLine, Evidence, Mark, Seen
from harness.model.inventory import Difference
from harness.model.plan import Plan
from harness.model.verdict import ObjectiveResult, Outcome, Verdict
from harness.report.requirements import REQUIREMENTS
from harness.report.rows import chain, duration, not_exercised, rows
from harness.report.sentences import first_of, verdict_sentence
from harness.report.terminal import tier_loss
from harness.report.timeline import timeline

MOST_COMMANDS = 500
_REPEATED = ("canary_written", "probe")  # marks that come by the hundred; they stand in the evidence


class Link(NamedTuple):
    """A stage of the chain as drawn. Units: per cent of the whole."""

    name: str
    seconds: str
    start_percent: float
    width_percent: float


def html_text(verdict: Verdict, drill: Drill, plan: Plan, evidence: Evidence) -> str:
    commands = [line for line in evidence.lines if isinstance(line, CommandLine)]
    apart = not_exercised(verdict)
    judged = [row.outcome for row in rows(verdict) if row.name not in apart]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"duration": duration, "first_of": first_of, "tier_loss": tier_loss}
    return environment.get_template("report.html.j2").render(
        verdict=verdict,
        drill=drill,
        plan=plan,
        evidence=evidence,
        sentence=verdict_sentence(verdict),
        not_exercised=apart,
        counts={outcome: judged.count(outcome) for outcome in Outcome},
        chains=[(objective, links(objective)) for objective in verdict.objectives.values() if objective.stages],
        tiers=[tier for objective in verdict.objectives.values() for tier in objective.per_tier],
        differences=tuple(differences(evidence)),
        requirements=REQUIREMENTS,
        named_requirements=tuple(named_requirements(verdict, plan)),
        timeline=timeline(verdict, evidence),
        marks=[mark for mark in evidence.lines if isinstance(mark, Mark) and mark.name not in _REPEATED],
        commands=commands[:MOST_COMMANDS],
        command_count=len(commands),
    )


def named_requirements(verdict: Verdict, plan: Plan) -> Iterator[tuple[str, str]]:
    """Every id that the report shows, with its text, in the order of the ids' families and numbers."""
    shown = {id for check in verdict.checks for id in check.requirements}
    shown |= {id for component in plan.components for id in component.requirements}
    yield from ((id, text) for id, text in REQUIREMENTS.items() if id in shown)
    yield from ((id, "") for id in sorted(shown - REQUIREMENTS.keys()))


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
