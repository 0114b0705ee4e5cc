"""What a restored configuration still names of its source: judged from hand-written evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from test_checks import AT, drill, plan, point

from harness.kinds.checks import configuration
from harness.kinds.contracts import CheckAccess, Endpoint, Judgement, Record, SourceAccess
from harness.model.drill import External, Service
from harness.model.evidence import AT_SOURCE, Evidence, Observation
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
MAIL = Endpoint("mail.production.example", None, "portal.properties:3", "mail.host=mail.production.example")
HOOK = Endpoint("hooks.production.example", 80, "portal.properties:4", "hook=http://hooks.production.example")
OWN = [Endpoint("db", 5432, "portal.properties:1"), Endpoint("localhost", None, "site/1")]
REWIRED = Endpoint("mail.sandbox.invalid", None, "portal.properties:3")


class Names:
    """A portal that names these endpoints."""

    def __init__(self, *endpoints: Endpoint) -> None:
        self._endpoints = endpoints

    def endpoints(self, access: Any) -> Iterator[Endpoint]:
        yield from self._endpoints


class StackAt:
    def __init__(self, services: tuple[Service, ...]) -> None:
        self.services = services

    def addresses(self) -> dict[str, str]:
        return {"db": "172.18.0.3"}

    def host_names(self) -> dict[str, str]:
        return {service.name: service.host_name for service in self.services}


SERVICES = (Service(name="db", image="any"), Service(name="web", image="any", hostname="Portal-1.production.example"))
RESTORED = tuple(service.on_another_machine() for service in SERVICES)
NODE = Endpoint("portal-1.production.example", None, "cluster.properties:2", "node=portal-1.production.example")


def judged(
    source: Any,
    restored: Any,
    *,
    services: tuple[tuple[Service, ...], tuple[Service, ...]] = (SERVICES, RESTORED),
    of_drill: dict[str, Any] | None = None,
    **options: Any,
) -> Judgement:
    """Source and restored copy: portals, or None where nobody looked; `services` that run there."""
    chosen = configuration.Options(**options)
    given: dict[str, Any] = {
        "drill": drill(**of_drill or {}),
        "plan": plan(()).model_copy(update={"services": SERVICES}),
        "stack": StackAt(services[0]),
        "portal": None,
        "component_kinds": {},
    }
    before, after = [], []
    if source:
        data = configuration.look(SourceAccess(**given, portal_kind=source), chosen)
        before.append(Observation(name="configuration", subject=AT_SOURCE, data=data, at=AT))
    of = point({}, tuple(before))
    if restored:
        given["stack"] = StackAt(services[1])
        access = CheckAccess(**given, portal_kind=restored, restore_point=of, canaries=(), differences={})
        after.append(Observation(name="configuration", data=configuration.observe(access, chosen), at=AT))
    evidence = Evidence(lines=tuple(after), complete=True, sha256="0" * 64)
    return configuration.judge(Record(given["drill"], given["plan"], of, evidence, True), chosen)


def test_rewired_configuration_passes() -> None:
    result = judged(Names(*OWN, MAIL, HOOK), Names(*OWN, REWIRED))
    assert (result.outcome, result.found) == (PASS, "none of 2 hosts that the source's configuration names")


def test_host_of_the_source_fails_with_its_place() -> None:
    result = judged(Names(*OWN, MAIL, HOOK), Names(*OWN, REWIRED, HOOK))
    assert result.outcome is FAIL
    wanted = "hooks.production.example in portal.properties:4: hook=http://hooks.production.example"
    assert (result.items.count, result.items.first) == (1, (wanted,))


def test_address_of_a_container_of_the_source_fails() -> None:
    restored = Names(*OWN, Endpoint("172.18.0.3", 5432, "portal.properties:1"))
    assert judged(Names(*OWN, MAIL), restored).outcome is FAIL


def test_host_that_only_the_copy_names_is_its_own() -> None:
    assert judged(Names(*OWN, MAIL), Names(*OWN, Endpoint("sandbox.example", None, "x:1"))).outcome is PASS


@pytest.mark.parametrize(
    ("external", "options", "outcome"),
    [
        (External(host="MAIL.*.example", reason="a relay", reachable=True), {}, PASS),
        (External(host="mail.production.example", reason="a relay"), {}, FAIL),
        (External(host="mail", reason="a relay", reachable=True), {}, FAIL),
        (
            External(host="other", reason="x"),
            {"allowed": [{"host": "*.production.example", "reason": "a relay"}]},
            PASS,
        ),
    ],
)
def test_only_what_is_allowed_may_stay(external: External, options: dict[str, Any], outcome: Outcome) -> None:
    result = judged(Names(*OWN, MAIL), Names(*OWN, MAIL), of_drill={"external": (external,)}, **options)
    assert result.outcome is outcome
    assert ("allowed: mail.production.example (a relay)" in result.found) is (outcome is PASS)


def test_nothing_to_rewire_passes_and_says_so() -> None:
    result = judged(Names(*OWN), Names(*OWN))
    assert (result.outcome, result.found) == (PASS, "the source's configuration names nothing outside its own stack")


def test_more_hosts_than_are_kept_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "MOST_HOSTS", 1)
    assert judged(Names(MAIL, HOOK), Names(*OWN)).outcome is UNKNOWN


@pytest.mark.parametrize(
    ("source", "restored", "words"),
    [
        (None, Names(*OWN), "nobody looked at the source's configuration"),
        (Names(*OWN), None, "nobody looked at the restored configuration"),
        (object(), object(), configuration.NO_CAPABILITY),
        (Names(), Names(*OWN), "in the source's configuration not even its own services were found"),
        (Names(*OWN, MAIL), Names(), "in the restored configuration not even its own services were found"),
    ],
)
def test_what_was_not_read_is_unknown(source: Any, restored: Any, words: str) -> None:
    result = judged(source, restored)
    assert (result.outcome, result.found) == (UNKNOWN, words)


def test_own_host_name_of_the_source_fails_though_its_configuration_may_name_it() -> None:
    """What is bound to the machine that is gone (GEN-D23)."""
    result = judged(Names(*OWN, NODE), Names(*OWN, NODE))
    wanted = "portal-1.production.example in cluster.properties:2: node=portal-1.production.example"
    assert (result.outcome, [*result.names]) == (FAIL, [wanted])
    assert judged(Names(*OWN, NODE), Names(*OWN)).outcome is PASS


def test_names_by_which_services_reach_each_other_are_bound_to_nothing() -> None:
    services = (Service(name="db", image="any"), Service(name="web", image="any"))
    restored = tuple(service.on_another_machine() for service in services)
    web = Endpoint("web", 8080, "cluster.properties:2", "node=web")
    own = Endpoint("web-restored", 8080, "cluster.properties:3", "node=web-restored")
    assert judged(Names(*OWN, web), Names(*OWN, web, own), services=(services, restored)).outcome is PASS


def test_host_names_that_are_kept_may_be_named_and_the_reason_is_given() -> None:
    kept = {"keep_host_names": "the runbook gives the new machine the old name"}
    result = judged(Names(*OWN, NODE, MAIL), Names(*OWN, NODE), services=(SERVICES, SERVICES), of_drill=kept)
    assert (result.outcome, result.found) == (
        PASS,
        "none of 1 hosts that the source's configuration names; the copy has the source's own host names: "
        "the runbook gives the new machine the old name",
    )
    assert judged(Names(*OWN, MAIL), Names(*OWN, MAIL), of_drill=kept).outcome is FAIL


@pytest.mark.parametrize(
    ("services", "words"),
    [
        ((SERVICES, ()), "nobody knows the copy's own host names"),
        (((), RESTORED), "nobody knows the source's own host names"),
        (
            (SERVICES, (RESTORED[0], SERVICES[1])),
            "web of the copy had the source's host names: what is bound to them does not show",
        ),
    ],
)
def test_copy_under_names_that_nobody_knows_or_under_the_old_ones_is_unknown(
    services: tuple[tuple[Service, ...], tuple[Service, ...]], words: str
) -> None:
    result = judged(Names(*OWN, MAIL), Names(*OWN, REWIRED), services=services)
    assert (result.outcome, result.found) == (UNKNOWN, words)
    assert judged(Names(*OWN, MAIL), Names(*OWN, MAIL), services=services).outcome is FAIL


def test_restore_point_from_before_host_names_were_asked_for_is_unknown() -> None:
    before = {"read": 2, "left_out": 0, "hosts": {}, "addresses": {"db": "172.18.0.3"}}
    now = {"read": 2, "left_out": 0, "hosts": {}, "host_names": {"db": "db-restored"}}
    of = point({}, (Observation(name="configuration", subject=AT_SOURCE, data=before, at=AT),))
    line = Observation(name="configuration", data=now, at=AT)
    record = Record(drill(), plan(()), of, Evidence(lines=(line,), complete=True, sha256="0" * 64), True)
    result = configuration.judge(record, configuration.Options())
    assert (result.outcome, result.found) == (UNKNOWN, "nobody knows the source's own host names")
