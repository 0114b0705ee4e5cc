"""Hand-written verdicts lie in `tests/golden/verdicts`; the drill, plan and evidence around them are here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.model.drill import CheckUse, Component, Drill, Objectives, Portal, Service, Source, Stack, Waiver
from harness.model.evidence import CommandLine, Evidence, Instant, Line, Mark, Observation, Seen, StepLine, StepState
from harness.model.inventory import Difference, Named
from harness.model.plan import NOT_BACKED_UP, NOT_COMPARED, Plan, PlannedRule
from harness.model.verdict import Verdict

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def verdict_of() -> Callable[[str], Verdict]:
    return lambda name: Verdict.model_validate_json((GOLDEN / "verdicts" / f"{name}.json").read_bytes())


@pytest.fixture
def drill() -> Drill:
    database = Service(name="database", image="example/postgresql:15", environment={"PASSWORD": "${env:DB_PASSWORD}"})
    return Drill(
        name="liferay-nightly",
        file="drills/liferay-nightly.drill.yaml",
        sha256="a1" * 32,
        product="liferay-dxp-7.4",
        portal=Portal(kind="wagtail", service="portal", port=8000),
        stand_in="Wagtail for Liferay DXP",
        why="nightly",
        source=Source(stack=Stack(file="compose.yaml", services=(database,))),
        schedule_s=86400,
        objectives=Objectives(rto_s=900),
        components=(
            Component(
                name="database",
                kind="postgresql",
                service="database",
                engine="pg_dump",
                options={"password": "hunter2-never-shown"},
                requirements=("LR-22",),
            ),
        ),
        checks=(CheckUse(name="data_parity"),),
        waivers=(Waiver(what="mail", reason="kept by <another> team", until="2027-01-31"),),
    )


@pytest.fixture
def plan(drill: Drill) -> Plan:
    return Plan(
        drill=drill.name,
        components=drill.components,
        services=drill.source.stack.services,
        capture=(),
        recover=(),
        rules=(
            PlannedRule(
                component="database", what="rows of session", judged="disposable", reason="people log in again"
            ),
            PlannedRule(
                component="database", what="columns seen of user", judged=NOT_COMPARED, reason="each login <it>"
            ),
            PlannedRule(component="database", what="./cache/*", judged=NOT_BACKED_UP, reason="left out by exclude"),
        ),
        not_covered=("check freshness: not chosen for this run", "data_parity: up to 5 % may change, not 1 %"),
        supplied_from_outside=("the activation key comes from the image",),
    )


@pytest.fixture
def evidence() -> Evidence:
    at = Instant(monotonic_s=12.5, utc=datetime(2026, 11, 21, 7, 51, 2, tzinfo=UTC), boot_id="one")
    difference = Difference(
        component="database",
        source_count=1204,
        restored_count=1192,
        judged_count=1200,
        compared_count=1200,
        missing=Named(count=12, first=("public.blog:17", "public.blog:18 <script>alert(1)</script>")),
        ignored={"disposable: sessions": 4},
    )
    lines: tuple[Line, ...] = (
        Mark(name="disaster", at=at),
        StepLine(step="restore:database", state=StepState.FAILED, reason="exit 1", duration_s=18.3, at=at),
        CommandLine(
            where="database", argv=("pg_restore", "--list"), exit_code=1, duration_s=0.2, output="no <such> file", at=at
        ),
        Observation(name="difference", subject="database", data=difference.model_dump(mode="json"), at=at),
        Observation(name="difference", subject="search", seen=Seen.TIMED_OUT, reason="10 s", at=at),
    )
    return Evidence(lines=lines, complete=True, sha256="b2" * 32)
