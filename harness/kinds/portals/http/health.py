"""Whether the portal is well and still itself: what its answers must hold, and what they held at the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.errors import CommandFailed
from harness.kinds.contracts import PortalAccess, Probe
from harness.kinds.portals._installation import NOTHING, REFUSED, fact_probes, log_probe, versions_of_servers
from harness.kinds.portals.http.client import Client, lacking, taken
from harness.kinds.portals.http.extract import Answer, Holds, Unmatched, find
from harness.kinds.portals.http.requests import Asked, Request, Use

REQUIREMENTS = ("GEN-D30",)


def healthy(access: PortalAccess) -> Probe:
    """The first question that is not answered as it must be, else the last one (GEN-D30)."""
    client = Client(access)
    rebuilding = access.stack.role == "sandbox" and bool(access.drill.rebuilt())
    probe = Probe("health", True, "an answer", "nothing was left to ask while the index is to be rebuilt")
    for question in client.options.health:
        if question.needs_index and rebuilding:
            continue
        said = _said(client, question, question.holds, timeout_s=5)
        expected = " and ".join(_wanted(question.holds))
        probe = Probe(question.request, said is None, expected, said or "as expected", REQUIREMENTS, question.final)
        if said is not None:
            return probe
    return probe


def _said(client: Client, request: Request, holds: Sequence[Holds], timeout_s: float) -> str | None:
    """None if the answer holds what it must, else what was said. Raises: CouldNotAsk if there is no answer."""
    try:
        return lacking(client.send(request, {}, timeout_s=timeout_s), holds, {})
    except (CommandFailed, Unmatched) as error:
        return str(error)


def _wanted(holds: Sequence[Holds]) -> Iterator[str]:
    for one in holds:
        place = one.pointer or one.header or one.pattern or "the answer"
        if one.equal is not None:
            yield f"{place} is {one.equal}"
        else:
            yield f"{one.text!r} in {place}" if one.text else place


def facts(access: PortalAccess) -> dict[str, str]:
    """What the answers say, by name.

    Raises: CouldNotAsk if the source does not say or do what the drill file describes: nothing that is restored
    from it could be held against that. What a restored portal does not say is for the checks to judge.
    """
    client = Client(access)
    found = _facts(client)
    lost = [f"{name}: {value}" for name, value in found.items() if value.startswith((REFUSED, NOTHING))]
    lost += [f"{probe.name}: {probe.found}" for use in client.options.uses if not (probe := _use(client, use)).ok]
    if lost and access.stack.role == "source":
        raise Unmatched(f"the portal does not say what the drill file asks it: {'; '.join(lost)}"[:500])
    return found


def _facts(client: Client) -> dict[str, str]:
    """A refused answer, or one without the value, is what was found: it must not hide the others."""
    found: dict[str, str] = {}
    for asked in client.options.facts:
        try:
            answer = client.send(asked, {})
        except CommandFailed as error:
            found |= dict.fromkeys(asked.values, f"{REFUSED} {error}"[:300])
            continue
        found |= {name: _fact(answer, asked, name) for name in asked.values}
    return found


def _fact(answer: Answer, asked: Asked, name: str) -> str:
    try:
        return find(answer, asked.values[name])
    except Unmatched as error:
        return f"{NOTHING} {error}"[:300]


def versions(access: PortalAccess) -> dict[str, str]:
    """What the portal says of itself, and the servers of the components that can be asked."""
    client = Client(access)
    found = versions_of_servers(access)
    for asked in client.options.versions:
        found |= taken(asked, client.send(asked, {}), {})
    return found


def probes(access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
    """Every fact against the source's, then what people do, then the log."""
    client = Client(access)
    yield from fact_probes(_facts(client), expected, lambda name: REQUIREMENTS)
    yield from (_use(client, use) for use in client.options.uses)
    yield log_probe(access, re.compile(client.options.log_errors))


def _use(client: Client, use: Use) -> Probe:
    said = _said(client, use, use.holds, timeout_s=30)
    return Probe(use.name, said is None, " and ".join(_wanted(use.holds)), said or "as expected", REQUIREMENTS)
