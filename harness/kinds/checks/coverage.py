"""What the source really has, against what the drill declares: what nobody thought of is in no backup.

Surveyed before the backup (DESIGN 3): volumes and what lies on them beside the declared trees, what lies around
each component on its server, links that leave a tree, each container's own layer and open files, the places where
the portal keeps its files, the hosts that its configuration names. Undeclared and unwaived is a FAIL.
Requirements: LR-1, LR-4, LR-16, LR-18, LR71-10, LR71-11, HCL-20, GEN-D17.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from functools import partial

from pydantic import Field

from harness import at_once
from harness.kinds.checks._survey import Container, Survey, layouts
from harness.kinds.contracts import (
    Judgement,
    KindOptions,
    NamesEndpoints,
    PlacesFiles,
    Record,
    SourceAccess,
    Surrounded,
    Surrounding,
    When,
    joined,
)
from harness.model.drill import Component, Drill
from harness.model.frozen import JsonValue
from harness.model.layout import Layout, below
from harness.model.verdict import Outcome

WHEN = When.AT_SOURCE
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
LOOKS_ALONE = True  # commands of other checks are processes too, with open files
SERVICES = 3  # looked into at once: no container sees another's processes
REQUIREMENTS = ("LR-1", "LR-4", "LR-16", "LR-18", "LR71-10", "LR71-11", "HCL-20", "GEN-D17")


class Options(KindOptions):
    closed_services: list[str] = Field(
        default=[],
        description="Services whose processes cannot be looked into: what they hold open is not surveyed.",
    )


def loosened(options: Options) -> Iterator[str]:
    yield from (f"what the processes of {service} hold open is not surveyed" for service in options.closed_services)


def look(access: SourceAccess, options: Options) -> JsonValue:
    """Counts by sort of thing, and every finding by the name that a waiver would give it; see `Survey.data`.

    `hosts` are those that belong to no service of the stack; which of them are declared is judged.
    """
    survey = Survey()
    found = layouts(access, survey)
    containers = {
        service: Container(access, survey, service, layout, service in options.closed_services)
        for service, layout in found.items()
    }
    at_once.each(Container.look_inside, [*containers.values()], SERVICES)
    kind = access.portal_kind
    if isinstance(kind, PlacesFiles):
        places = partial(kind.places, access.portal)
        survey.part("where the portal keeps its files", lambda: _places(access, survey, places(), found))
    if isinstance(kind, NamesEndpoints):
        survey.part("hosts of the configuration", partial(_endpoints, kind, access, survey))
    _own_hosts(access, survey)
    at_once.each(Container.look_at_layer, [*containers.values()], SERVICES)

    def around(component: Component) -> None:
        changed, layout = containers[component.service].changed, found[component.service]
        survey.part(f"around {component.name}", partial(_around, access, survey, component, layout, changed))

    at_once.each(around, access.plan.components)
    left = [f"open files of {service}" for service in options.closed_services]
    left += [] if isinstance(kind, PlacesFiles) else ["where the portal keeps its files"]
    left += [] if isinstance(kind, NamesEndpoints) else ["hosts of the portal's configuration"]
    return {**survey.data(), "left_out": [*left]}


def _around(
    access: SourceAccess, survey: Survey, component: Component, layout: Layout, changed: Collection[str]
) -> None:
    kind = access.component_kinds[component.name]
    for one in kind.surroundings(access.on(component)) if isinstance(kind, Surrounded) else ():
        if one.name.startswith("host "):
            _host(survey, one.name.removeprefix("host "), one.why)
            continue
        if one.place and not one.excused:
            held, excused = layout.holds(one.place), ""
            if layout.mount_of(one.place) is None and not any(below(path, one.place) for path in changed):
                excused = "it leads to what the image holds"
            one = Surrounding(one.name, one.declared or held, one.why, one.requirements, excused, one.place)
        survey.add(one)


def _places(access: SourceAccess, survey: Survey, places: Mapping[str, str], found: Mapping[str, Layout]) -> None:
    service = access.portal.portal.service
    for component, path in places.items():
        held = found[service].holds(path)
        why = f"the portal keeps {component} here, and no component looks here"
        survey.add(Surrounding(f"files {service}:{path}", held, why, ("LR-18", "LR71-11"), place=path))


def _endpoints(kind: NamesEndpoints, access: SourceAccess, survey: Survey) -> None:
    for endpoint in kind.endpoints(access.portal):
        _host(survey, endpoint.host, f"named in {endpoint.where}")


def _host(survey: Survey, host: str, why: str) -> None:
    survey.add(Surrounding(f"host {host.lower()}", False, why, ("HCL-20",)))


def _own_hosts(access: SourceAccess, survey: Survey) -> None:
    """Services of the stack, by name or address, and this machine itself are nobody else."""
    running = [service for service in access.plan.services if not service.profiles]
    own = {name.lower() for s in running for name in (s.name, s.host_name, *s.aliases)}
    survey.part("addresses of the services", lambda: own.update(access.stack.addresses().values()))
    for name in [name for name in survey.found if name.startswith("host ")]:
        host = name.removeprefix("host ")
        if host in own or _is_loopback(host):
            survey.add(Surrounding(name, True, "a service of the stack, or the machine itself"))


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: anything that is neither declared nor waived. UNKNOWN: something could not be surveyed, or nothing was."""
    seen = record.at_source("coverage")
    data = seen.data if seen and isinstance(seen.data, dict) else {}
    findings = [f for f in _listed(data, "findings") if isinstance(f, dict)]
    undeclared = {
        f"undeclared {f['name']}": str(f["why"]) for f in findings if not _external(str(f["name"]), record.drill)
    }
    waived = {name for name in undeclared if any(waiver.excuses(name) for waiver in record.drill.waivers)}
    items = [f"{name}: {why}" for name, why in undeclared.items() if name not in waived]
    more = int(str(data.get("more", 0)))
    unasked = [str(text) for text in _listed(data, "unasked")]
    surveyed = data.get("surveyed", {})
    assert isinstance(surveyed, dict)
    if items or more:
        outcome, found = Outcome.FAIL, joined([*items, *([f"{more} that are not named"] if more else [])], 3)
    elif unasked or not sum(int(str(count)) for count in surveyed.values()):
        outcome, found = Outcome.UNKNOWN, joined(unasked) or "nothing was surveyed"
    else:
        outcome, found = Outcome.PASS, _summary(data, surveyed, len(waived))
    return Judgement(
        outcome=outcome,
        expected="everything that the source has is declared, or waived with a reason",
        found=found,
        names=items,
        count=len(items) + more,
    )


def _external(name: str, drill: Drill) -> bool:
    word, _, host = name.partition(" ")
    return word == "host" and any(external.is_host(host) for external in drill.external)


def _listed(data: Mapping[str, JsonValue], key: str) -> list[JsonValue]:
    found = data.get(key, [])
    assert isinstance(found, list)
    return found


def _summary(data: Mapping[str, JsonValue], surveyed: Mapping[str, JsonValue], waived: int) -> str:
    """`7 volumes, 2 databases (1 excused), …`: nobody should have to guess what was looked at."""
    excused = data.get("excused", {})
    assert isinstance(excused, dict)
    parts = []
    for word, count in sorted(surveyed.items()):
        plural = word if count == 1 or word in ("files", "git") else _PLURALS.get(word, f"{word}s")
        left = f" ({excused[word]} excused)" if word in excused else ""
        parts.append(f"{count} {plural}{left}")
    said = "surveyed " + joined(parts, len(parts))
    if waived:
        said += f"; {waived} waived"
    left_out = [str(text) for text in _listed(data, "left_out")]
    return said + (f"; not surveyed: {joined(left_out)}" if left_out else "")


_PLURALS = {"index": "indexes", "repository": "repositories"}
