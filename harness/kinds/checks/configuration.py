"""What the restored configuration still names of the source, after rewiring: hosts, URLs, addresses.

A copy that names production's mail server, database or cluster peer can damage production as soon as it starts; one
that names the host that it ran on is bound to it.
Compared by host: what the source's configuration named, the addresses and the own host names of its containers.
Requirements: LR-D7, GEN-D20, GEN-D23, HCL-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from harness.kinds.contracts import (
    CheckAccess,
    Judgement,
    KindOptions,
    NamesEndpoints,
    Record,
    SourceAccess,
    When,
    joined,
)
from harness.kinds.endpoints import is_own
from harness.model.drill import fits_host
from harness.model.evidence import Observation
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.AS_RESTORED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("LR-D7", "GEN-D20", "GEN-D23", "HCL-20")
EXPECTED = "nothing that the source names outside its own stack, and none of its own host names"
MOST_HOSTS, MOST_PLACES = 2000, 5
NO_CAPABILITY = "this portal's adapter cannot tell what its configuration names"


class AllowedHost(KindOptions):
    """A host that the restored copy may go on naming; `*` stands for any characters."""

    host: str = Field(description="Name or address; `*` stands for any characters.")
    reason: str = Field(description="Why.")


class Options(KindOptions):
    allowed: list[AllowedHost] = Field(
        default=[], description="Hosts that the restored copy may go on naming, each `host` (with `*`) and `reason`."
    )


def loosened(options: Options) -> Iterator[str]:
    yield from (
        f"any host like {rule.host} may go on being named" for rule in options.allowed if not rule.host.strip("*.?")
    )


def look(access: SourceAccess, options: Options) -> JsonValue:
    """What the source's configuration names, and the addresses and host names of its containers."""
    return _named(access) | {"addresses": {**access.stack.addresses()}}


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """What the restored configuration names, rewired as it is, and the host names of the copy's containers."""
    return _named(access)


def _named(access: SourceAccess) -> dict[str, JsonValue]:
    """Hosts with the first places that name each; without the stack's own names and what leads nowhere."""
    kind = access.portal_kind
    host_names = access.stack.host_names()
    if not isinstance(kind, NamesEndpoints):
        return {"read": None, "host_names": {**host_names}}
    own = {name.lower() for name in (*(service.name for service in access.plan.services), *host_names.values())}
    places: dict[str, list[str]] = {}
    read = left_out = 0
    for endpoint in kind.endpoints(access.portal):
        read += 1
        if endpoint.host.lower() in own or is_own(endpoint.host):
            continue
        if endpoint.host not in places and len(places) >= MOST_HOSTS:
            left_out += 1
            continue
        where = places.setdefault(endpoint.host, [])
        if len(where) < MOST_PLACES:
            where.append(f"{endpoint.where}: {endpoint.text}" if endpoint.text else endpoint.where)
    hosts: dict[str, JsonValue] = {host: [*where] for host, where in sorted(places.items())}
    return {"read": read, "left_out": left_out, "hosts": hosts, "host_names": {**host_names}}


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a host of the source is still named. UNKNOWN: one side's configuration was not read, or names nothing at
    all, not even its own services; or the copy's own host names are the source's, and the drill does not say why, or
    cannot be told."""
    now, before = _data(record.seen("configuration")), _data(record.at_source("configuration"))
    if now is None or before is None:
        side = "restored" if now is None else "source's"
        return Judgement(Outcome.UNKNOWN, EXPECTED, f"nobody looked at the {side} configuration")
    if now["read"] is None or before["read"] is None:
        return Judgement(Outcome.UNKNOWN, EXPECTED, NO_CAPABILITY)
    if not now["read"] or not before["read"]:
        side = "restored" if not now["read"] else "source's"
        return Judgement(Outcome.UNKNOWN, EXPECTED, f"in the {side} configuration not even its own services were found")
    of_source = {*_hosts(before), *_own(before, "addresses").values(), *_own(before, "host_names").values()}
    still = {host: where for host, where in _hosts(now).items() if host in of_source}
    allowed = {host: reason for host in still if (reason := _reason(host, record, options))}
    wrong = [f"{host} in {place}" for host, places in still.items() if host not in allowed for place in places]
    if wrong:
        hosts = [host for host in still if host not in allowed]
        found = f"{len(hosts)} hosts of the source are still named: {joined(hosts)}; {joined(wrong, 2)}"
        return Judgement(Outcome.FAIL, EXPECTED, found, wrong)
    if now["left_out"] or before["left_out"]:
        return Judgement(
            Outcome.UNKNOWN, EXPECTED, f"more than {MOST_HOSTS:,} hosts are named; the rest was not compared"
        )
    if unknown := _names_unknown(record, _own(now, "host_names"), _own(before, "host_names")):
        return Judgement(Outcome.UNKNOWN, EXPECTED, unknown)
    found = f"none of {len(_hosts(before)) - len(allowed)} hosts that the source's configuration names"
    if not _hosts(before):
        found = "the source's configuration names nothing outside its own stack"
    if allowed:
        found += f"; allowed: {joined(f'{host} ({reason})' for host, reason in allowed.items())}"
    if record.drill.keep_host_names is not None:
        found += f"; the copy has the source's own host names: {record.drill.keep_host_names}"
    return Judgement(Outcome.PASS, EXPECTED, found)


def _names_unknown(record: Record, now: dict[str, str], before: dict[str, str]) -> str:
    """Why nothing that is bound to the source's host names would show; empty if it would, or if they are kept."""
    if not now or not before:
        return f"nobody knows the {'source' if now else 'copy'}'s own host names"
    same = [service for service, name in now.items() if name == before.get(service)]
    if same and record.drill.keep_host_names is None:
        return f"{joined(same)} of the copy had the source's host names: what is bound to them does not show"
    return ""


def _reason(host: str, record: Record, options: Options) -> str:
    """Why the host may be named; empty if it may not."""
    reachable = [(one.host, one.reason) for one in record.drill.external if one.reachable]
    rules = [*reachable, *((one.host, one.reason) for one in options.allowed)]
    return next((reason for glob, reason in rules if fits_host(host, glob)), "")


def _hosts(data: dict[str, JsonValue]) -> dict[str, list[str]]:
    hosts = data["hosts"]
    assert isinstance(hosts, dict)
    return {host: [str(place) for place in places] for host, places in hosts.items() if isinstance(places, list)}


def _own(data: dict[str, JsonValue], key: str) -> dict[str, str]:
    """By service, in lower case as hosts are."""
    found = data.get(key)
    return {service: str(name).lower() for service, name in found.items()} if isinstance(found, dict) else {}


def _data(seen: Observation | None) -> dict[str, JsonValue] | None:
    return seen.data if seen and isinstance(seen.data, dict) else None
