"""A run by hand in which everything went well: its drill, plan, evidence and restore point."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from harness.model.drill import CheckUse, Component, Drill, Objectives, Portal, Source, Stack
from harness.model.evidence import Evidence, Instant, Line, Mark, Observation, StepLine, StepState
from harness.model.inventory import Difference
from harness.model.plan import Action, Plan, Step
from harness.model.restore_point import Artefact, ArtefactFile, RestorePoint

START = datetime(2026, 11, 21, 7, 51, tzinfo=UTC)
POINT_ID = "20261121T075100Z-4f3a"


def at(second: float) -> Instant:
    return Instant(monotonic_s=second, utc=START + timedelta(seconds=second), boot_id="one")


def mark(name: str, second: float, subject: str = "", **facts: Any) -> Mark:
    return Mark(name=name, subject=subject, at=at(second), facts=facts)


def step(name: str, state: StepState = StepState.ENDED, reason: str = "") -> StepLine:
    return StepLine(step=name, state=state, reason=reason, duration_s=1.0, at=at(50))


DIFFERENCE = Difference(
    component="database", source_count=100, restored_count=100, judged_count=100, compared_count=100
)
DRILL = Drill(
    name="shop",
    file="shop.drill.yaml",
    sha256="0" * 64,
    product="plain",
    portal=Portal(kind="sql", service="db", port=5432),
    stand_in=None,
    why="nightly",
    source=Source(stack=Stack(file="compose.yaml", services=())),
    schedule_s=None,
    objectives=Objectives(),
    components=(Component(name="database", kind="postgresql", service="db", engine="pg_dump"),),
    checks=tuple(
        CheckUse(name=name, default=True)
        for name in ("capture", "restore", "restore_point", "data_parity", "freshness", "teardown")
    ),
)
PLAN = Plan(
    drill="shop",
    components=DRILL.components,
    services=(),
    capture=(Step(id="back_up:database", action=Action.BACK_UP, subject="database", deadline_s=9),),
    recover=(Step(id="restore:database", action=Action.RESTORE, subject="database", deadline_s=9),),
)
LINES: tuple[Line, ...] = (
    mark("run_started", 0, run="20261121T075059Z-aaaa"),
    mark("capture_began", 1),
    mark("probing_started", 2),
    mark("canary_written", 3, "database", number=1, token="x1", ref="1"),
    step("back_up:database"),
    mark("canary_written", 12, "database", number=2, token="x2", ref="2"),
    mark("restore_point_sealed", 13, POINT_ID),
    Observation(name="restore_point", data={"disagreements": [], "nonce": "nonce"}, at=at(14)),
    mark("probing_ended", 15, resolution_s=0.3, probes=40),
    mark("disaster", 16),
    Observation(name="network", subject="sandbox", data={"cut_from_host": True}, at=at(17)),
    mark("component_restored", 20, "database"),
    step("restore:database"),
    Observation(name="difference", subject="database", data=DIFFERENCE.model_dump(mode="json"), at=at(21)),
    mark("product_healthy", 22),
    Observation(
        name="canaries",
        data=[{"number": 1, "tier": "database", "kept": True}, {"number": 2, "tier": "database", "kept": False}],
        at=at(23),
    ),
    mark("first_correct_search", 24),
    Observation(name="freshness", data=["nonce"], at=at(25)),
    mark("sandbox_removed", 26, leftovers=[]),
    Observation(name="teardown", data=[], at=at(27)),
)
POINT = RestorePoint(
    id=POINT_ID,
    drill="shop",
    drill_sha256="0" * 64,
    product="plain",
    portal="sql",
    harness_version="0",
    captured_utc=START,
    nonce="nonce",
    artefacts=(
        Artefact(
            component="database",
            engine="pg_dump",
            folder="artefacts/database",
            files=(ArtefactFile(path="database.dump", size_bytes=9, sha256="0" * 64),),
            pairing_id=POINT_ID,
            started=mark("capture_started", 10, "database"),
            finished=mark("capture_finished", 11, "database"),
            capture_point=mark("capture_started", 10, "database"),
        ),
    ),
    inventories=(),
    survey={},
    versions={"PostgreSQL": "15"},
    canaries=(),
    evidence=Evidence(lines=LINES[:7], complete=False, sha256="0" * 64),
)
