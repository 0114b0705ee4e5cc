"""What the restored copy asked of the outside, what of it was declared, and which ways out were tried (GEN-D20, 21)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError

from harness.model.drill import Drill
from harness.model.evidence import Evidence
from harness.model.frozen import Frozen

SORTS = {
    "name": "asked for the name",
    "connection": "tried to connect",
    "mail": "sent a mail",
    "request": "sent a web request",
    "host": "asked the engine's own host",
}


class Attempt(Frozen):
    """One thing that a service asked for, as the observation holds it."""

    service: str
    sort: str
    target: str
    port: int | None = None
    detail: str = ""
    count: int = 1

    @property
    def said(self) -> str:
        return SORTS.get(self.sort, self.sort)

    @property
    def where(self) -> str:
        return f"{self.target}:{self.port}" if self.port else self.target


class WayOut(Frozen):
    """`open` None: it could not be tried."""

    name: str
    open: bool | None
    found: str


class _Seen(Frozen):
    attempts: tuple[Attempt, ...]
    ways_out: tuple[WayOut, ...]
    not_recorded: tuple[str, ...] = ()


class Isolation(NamedTuple):
    """Each attempt with the reason for which it was declared, or None."""

    attempts: tuple[tuple[Attempt, str | None], ...]
    ways_out: tuple[WayOut, ...]
    not_recorded: tuple[str, ...]


def isolation(drill: Drill, evidence: Evidence) -> Isolation | None:
    """None if nobody looked, or if what was seen is of another shape."""
    observation = evidence.observation("isolation")
    try:
        seen = _Seen.model_validate(observation.data if observation else None)
    except ValidationError:
        return None
    allowed = tuple(_allowed(drill))
    attempts = tuple((each, drill.why_asked(each.target, each.port, allowed)) for each in seen.attempts)
    return Isolation(attempts, seen.ways_out, seen.not_recorded)


def _allowed(drill: Drill) -> Iterator[tuple[str, int | None, str]]:
    """What the drill file lets the restored copy ask for, by the option of the check."""
    for use in drill.checks:
        rules = use.options.get("allowed") if use.name == "isolation" else None
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, dict):
                port = rule.get("port")
                yield str(rule["host"]), port if isinstance(port, int) else None, str(rule["reason"])
