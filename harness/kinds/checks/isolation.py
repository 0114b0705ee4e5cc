"""The restored copy is cut off, and shows what it would have done: a copy names production in its configuration, and
must not reach it (DESIGN 8; LR-D7, GEN-D20, GEN-D21, design fact 6).

Whatever a sandbox asks of the outside ends in its sink, which records it: names, connections, web requests, mails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from harness.kinds.contracts import CheckAccess, Judgement, KindOptions, Record, When, joined
from harness.model.drill import Drill
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.SETTLED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("LR-D7", "GEN-D20", "GEN-D21")
EXPECTED = "cut off from the outside and from the host; nothing undeclared asked for"


class Allowed(KindOptions):
    """What the restored copy may ask for."""

    host: str = Field(description="Name or address; * stands for any characters.")
    port: int | None = Field(default=None, description="Only this port; without one any.")
    reason: str = Field(description="Why; stands in the report.")


class Options(KindOptions):
    allowed: list[Allowed] = Field(default=[], description="What the restored copy may ask for, each with a reason.")
    watch_s: float = Field(default=5.0, ge=0, description="How long the portal runs before it is judged, at least.")


def moment(drill: Drill) -> When:
    """When nothing more is done with the restored copy: what its own tests make it ask for belongs to the record."""
    return When.TESTED if drill.tests else When.SETTLED


def watch_s(options: Options) -> float:
    return options.watch_s


def loosened(options: Options) -> Iterator[str]:
    if options.watch_s < Options().watch_s:
        yield f"the portal is watched for {options.watch_s:g} s, not {Options().watch_s:g} s"
    yield from (f"any host like {rule.host} may be asked for" for rule in options.allowed if not rule.host.strip("*.?"))


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """The record first: trying the ways out counts as asking the host."""
    record = access.stack.attempts()
    return {
        "attempts": [
            {
                "service": tried.service,
                "sort": tried.sort,
                "target": tried.target,
                "port": tried.port,
                "detail": tried.detail,
                "count": tried.count,
            }
            for tried in record.tried
        ],
        "not_recorded": [*record.not_recorded],
        "ways_out": [{"name": way.name, "open": way.open, "found": way.found} for way in access.stack.ways_out()],
    }


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a way out is open, or something undeclared was asked for. UNKNOWN: not all was tried, or recorded."""
    seen, when = record.seen("isolation"), moment(record.drill)
    data: Any = seen.data if seen else None
    if not isinstance(data, dict):
        return Judgement(Outcome.UNKNOWN, EXPECTED, "nobody looked whether it is cut off", when=when)
    wide = [f"{way['name']}: open: {way['found']}" for way in data["ways_out"] if way["open"]]
    undeclared = [attempt for attempt in data["attempts"] if not _allowed(attempt, options, record.drill)]
    names = [*wide, *dict.fromkeys(_names(undeclared))]
    if names:
        return Judgement(Outcome.FAIL, EXPECTED, joined(names, 3), names, when=when)
    lacking = [f"{way['name']}: {way['found']}" for way in data["ways_out"] if way["open"] is None]
    lacking += data["not_recorded"]
    if lacking or not data["ways_out"]:
        return Judgement(Outcome.UNKNOWN, EXPECTED, joined(lacking) or "no way out was tried", lacking, when=when)
    allowed = [*dict.fromkeys(_names(data["attempts"]))]
    tried = f"{len(data['ways_out'])} ways out tried, none is open; "
    said = f"it asked for {len(allowed)} allowed things: {joined(allowed, 3)}" if allowed else "it asked for nothing"
    return Judgement(Outcome.PASS, EXPECTED, tried + said, when=when)


def _allowed(attempt: dict[str, Any], options: Options, drill: Drill) -> bool:
    rules = [(rule.host, rule.port, rule.reason) for rule in options.allowed]
    return drill.why_asked(attempt["target"], attempt["port"], rules) is not None


def _names(attempts: list[dict[str, Any]]) -> Iterator[str]:
    """One phrase each; what a connection carried says more than the connection, and that more than the name."""
    reached = {(a["service"], a["target"]) for a in attempts if a["sort"] != "name"}
    carried = {(a["service"], a["target"], a["port"]) for a in attempts if a["sort"] in ("mail", "request")}
    for attempt in attempts:
        service, target, port = attempt["service"], attempt["target"], attempt["port"]
        where = f"{target}:{port}" if port else target
        if attempt["sort"] == "name" and (service, target) not in reached:
            yield f"{service} asked for the name {target}"
        elif attempt["sort"] == "connection" and (service, target, port) not in carried:
            yield f"{service} tried to connect to {where} ({attempt['detail']})"
        elif attempt["sort"] == "mail":
            yield f"{service} sent a mail to {where}: {attempt['detail']}"
        elif attempt["sort"] == "request":
            yield f"{service} called {where}: {attempt['detail']}"
        elif attempt["sort"] == "host":
            yield f"{service} asked {attempt['count']} times for services of the machine that the engine runs on"
