"""A run as large as a portal's: seventeen checks, seven components, hundreds of commands; made up, by outcome.

`FAIL` has as many differences and names as a report ever shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from harness.model.drill import CheckUse, Component, Drill, External, Group, Objectives, Portal, Service, Source, Stack
from harness.model.evidence import CommandLine, Evidence, Instant, Line, Mark, Observation, StepLine, StepState
from harness.model.inventory import ClassRule, Difference, ItemClass, Named
from harness.model.plan import Plan
from harness.model.restore_point import Artefact, ArtefactFile, RestorePoint
from harness.model.verdict import CheckResult, ObjectiveResult, Outcome, Stage, TierLoss, Verdict
from harness.report.html import html_text
from harness.report.requirements import REQUIREMENTS

START = datetime(2026, 11, 21, 7, 51, tzinfo=UTC)
RUN, POINT = "20261121T075100Z-4f3a", "20261121T075100Z-9c01"
COMPONENTS = ("database", "document_library", "search", "home", "application_server", "tuning", "source_code")
TIERS = COMPONENTS[:3]
CHECKS = tuple(f"check_number_{number}" for number in range(1, 18))
DISASTER_S = 20.0
IDS = tuple(REQUIREMENTS)
LONG_NAME = "test_" + "that_is_called_by_what_must_hold_" * 5  # a word that no line holds
HOSTS = {"declared.example": "a relay that keeps nothing", "also.example": "listens only"}


class Run(NamedTuple):
    verdict: Verdict
    drill: Drill
    plan: Plan
    point: RestorePoint | None
    evidence: Evidence

    def html(self) -> str:
        return html_text(*self)


def large_run(outcome: Outcome, partial: tuple[str, ...] = ()) -> Run:
    drill = _drill()
    plan = Plan(
        drill=drill.name,
        components=drill.components,
        services=drill.source.stack.services,
        capture=(),
        recover=(),
        supplied_from_outside=("db: image example/postgresql:15", "db: environment POSTGRES_PASSWORD"),
    )
    evidence = Evidence(lines=tuple(_lines(outcome)), complete=True, sha256="b2" * 32)
    return Run(_verdict(outcome, partial), drill, plan, _point(evidence), evidence)


def at(second: float) -> Instant:
    return Instant(monotonic_s=second, utc=START + timedelta(seconds=second), boot_id="one")


def mark(name: str, second: float, subject: str = "", **facts: Any) -> Mark:
    return Mark(name=name, subject=subject, at=at(second), facts=facts)


def _named(outcome: Outcome, what: str) -> Named:
    if outcome is not Outcome.FAIL:
        return Named()
    names = (f"{what}: missing documents/2026/a-rather-long-folder/report-{number:04}.pdf" for number in range(20))
    return Named(count=4711, first=tuple(names))


def _drill() -> Drill:
    rule = ClassRule(match="data/cache/**", item_class=ItemClass.DISPOSABLE, reason="a cache: it fills again (LR-8)")
    services = tuple(Service(name=name, image=f"example/{name}:1.2.3") for name in ("db", "search", "web"))
    components = tuple(
        Component(
            name=name,
            kind="file_tree",
            service="web",
            engine="tar",
            classes=(rule,),
            requirements=IDS[number : number + 5],
        )
        for number, name in enumerate(COMPONENTS)
    )
    allowed: list[Any] = [{"host": "also.example", "port": 25, "reason": HOSTS["also.example"]}]
    return Drill(
        name="large-portal",
        file="drills/large-portal.drill.yaml",
        sha256="a1" * 32,
        product="liferay-dxp-7.4",
        portal=Portal(kind="wagtail", service="web", port=8000),
        stand_in="Wagtail for Liferay DXP 7.4",
        why="nightly",
        source=Source(stack=Stack(file="compose.yaml", services=services)),
        schedule_s=86400,
        objectives=Objectives(rto_s=900),
        components=components,
        groups=(Group(name="portal_state", order=TIERS, max_skew_s=120),),
        checks=(*(CheckUse(name=name) for name in CHECKS), CheckUse(name="isolation", options={"allowed": allowed})),
        external=(External(host="declared.example", reason=HOSTS["declared.example"], reachable=True),),
    )


def _lines(outcome: Outcome) -> Iterator[Line]:
    """Twelve seconds of writes, seven backups among them, the disaster, and seven restores."""
    for number in range(1, 24):
        for tier in TIERS:
            yield mark("canary_written", 1 + number / 2, tier, number=number)
    yield mark("canary_indeterminate", 13, number=24)
    for number, component in enumerate(COMPONENTS):
        yield mark("capture_started", 5 + number, component)
        yield mark("capture_finished", 5.8 + number, component)
    yield mark("restore_point_sealed", 15, POINT)
    yield mark("disaster", DISASTER_S)
    yield mark("target_created", 22)
    for number, component in enumerate(COMPONENTS):
        yield StepLine(step=f"restore:{component}", state=StepState.ENDED, duration_s=0.9, at=at(23 + number))
        yield mark("component_restored", 23 + number, component)
    yield mark("observing_started", 30, "inventory_restored:database")
    yield mark("observing_ended", 34, "inventory_restored:database")
    yield StepLine(step="start_portal", state=StepState.ENDED, duration_s=5, at=at(40))
    yield mark("product_healthy", 40)
    yield mark("first_correct_search", 41)
    state = {Outcome.FAIL: StepState.FAILED, Outcome.UNKNOWN: StepState.BROKEN}.get(outcome, StepState.ENDED)
    for number in range(60):
        reason = "" if state is StepState.ENDED else "needs what was not there; " * 5
        yield StepLine(step=f"step:{number}", state=state, reason=reason, duration_s=0.2, at=at(42))
    for number in range(300):
        argv = ("find", f"/opt/portal/{number}", "-xdev", "-printf", "%p\\0%s\\0%m\\0%U\\0%G\\0%l\\0" * 4)
        code = None if number % 50 == 7 else number % 3
        yield CommandLine(
            where=f"sandbox/{number % 5}", argv=argv, exit_code=code, duration_s=0.1, output="x\n" * 9, at=at(42)
        )
    for component in COMPONENTS:
        difference = Difference(
            component=component,
            source_count=1234567,
            restored_count=1234001,
            judged_count=1234540,
            compared_count=1234538,
            missing=_named(outcome, "file"),
            extra=_named(outcome, "file"),
            changed=_named(outcome, "file"),
            attributes=_named(outcome, "file"),
            transient=Named(count=2, first=("row/public.visits/17", "row/public.visits/18")),
            canary_count=23,
            ignored={"disposable: a cache: it fills again (LR-8)": 4},
        )
        yield Observation(name="difference", subject=component, data=difference.model_dump(mode="json"), at=at(43))
    yield Observation(
        name="rewired",
        subject="portal.properties",
        data={"from": "mail.example", "to": "mail.invalid", "count": 1},
        at=at(36),
    )
    yield Observation(name="images", data={"db": {"image": "example/db:1.2.3", "id": "sha256:" + "2d" * 32}}, at=at(0))
    if outcome is not Outcome.UNKNOWN:
        yield Observation(name="isolation", data=isolation_data(outcome is Outcome.FAIL), at=at(44))


def isolation_data(undeclared: bool) -> Any:
    attempts = [("declared.example", 25, "mail"), ("also.example", 25, "connection")]
    attempts += [("production.example", 5432, "connection"), ("hooks.example", 80, "request")] if undeclared else []
    return {
        "attempts": [
            {"service": "web", "sort": sort, "target": host, "port": port, "detail": "to <a@b.example>", "count": 3}
            for host, port, sort in attempts
        ],
        "not_recorded": [],
        "ways_out": [
            {"name": "services of the host", "open": undeclared, "found": "no answer (124)"},
            {"name": "the outside", "open": None, "found": "no answer"},
        ],
    }


def _point(evidence: Evidence) -> RestorePoint:
    artefacts = []
    for component in COMPONENTS:
        started, finished = evidence.mark("capture_started", component), evidence.mark("capture_finished", component)
        assert started is not None
        assert finished is not None
        files = tuple(ArtefactFile(path=f"part.{number}", size_bytes=123456, sha256="c3" * 32) for number in range(30))
        artefacts.append(
            Artefact(
                component=component,
                engine="tar",
                folder=f"artefacts/{component}",
                files=files,
                pairing_id=POINT,
                started=started,
                finished=finished,
                capture_point=started,
            )
        )
    return RestorePoint(
        id=POINT,
        drill="large-portal",
        drill_sha256="a1" * 32,
        product="liferay-dxp-7.4",
        portal="wagtail",
        harness_version="0.1.0",
        captured_utc=START,
        nonce="nonce",
        artefacts=tuple(artefacts),
        inventories=(),
        survey={},
        versions={},
        canaries=(),
        evidence=evidence,
    )


def _verdict(outcome: Outcome, partial: tuple[str, ...]) -> Verdict:
    checks = tuple(
        CheckResult(
            name=name,
            when="as_restored",
            outcome=outcome if number % 3 == 0 else Outcome.PASS,
            expected="everything that the source has is declared, or waived with a reason",
            found=f"surveyed 2 databases (1 excused), 8 files (8 excused), {LONG_NAME} holds, 7 volumes",
            items=_named(outcome, "document_library") if number % 3 == 0 else Named(),
            requirements=IDS[number : number + 8],
        )
        for number, name in enumerate(CHECKS)
    )
    lost = tuple(range(9, 24))
    tiers = tuple(
        TierLoss(tier=tier, outcome=Outcome.PASS, measured_s=15, lost=lost, kept=8, indeterminate=(24,))
        for tier in TIERS
    )
    stages = [Stage(name="target_created", seconds=2.0)]
    stages += [Stage(name=f"component_restored {component}", seconds=1.0) for component in COMPONENTS]
    stages += [Stage(name="product_healthy", seconds=6.0), Stage(name="first_correct_search", seconds=1.0)]
    objectives = {
        "rto": ObjectiveResult(
            name="rto",
            outcome=outcome,
            limit_s=900,
            measured_s=16,
            stages=tuple(stages),
            reason="warm cache: " + "x " * 40,
        ),
        "rpo": ObjectiveResult(
            name="rpo", outcome=Outcome.PASS, limit_s=90000, measured_s=15, per_tier=tiers, worst_case_s=86412
        ),
        "skew": ObjectiveResult(name="skew", outcome=Outcome.PASS, limit_s=120, measured_s=2),
        "downtime": ObjectiveResult(
            name="downtime",
            outcome=Outcome.PASS,
            limit_s=0,
            measured_s=0,
            resolution_s=0.5,
            reason="below the resolution",
        ),
    }
    return Verdict(
        harness_version="0.1.0",
        drill="large-portal",
        drill_sha256="a1" * 32,
        product="liferay-dxp-7.4",
        portal="wagtail",
        versions={"PostgreSQL": "15.10", "OpenSearch": "2.19.6"},
        stand_in="Wagtail for Liferay DXP 7.4",
        run=RUN,
        restore_point=POINT,
        captured_utc=START,
        started_utc=START,
        outcome=outcome,
        recovered=outcome is Outcome.PASS and not partial,
        partial=partial,
        checks=checks,
        objectives=objectives,
        evidence_sha256="b2" * 32,
    )
