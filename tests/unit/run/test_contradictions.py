"""A restore point's record against the capture's evidence inside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from harness.model.evidence import Evidence, Instant, Line, Mark, Observation
from harness.model.inventory import InventoryRef
from harness.model.restore_point import Artefact, RestorePoint

ID = "20261121T075100Z-4f3a"
AT = Instant(monotonic_s=1.0, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one")
STARTED, FINISHED = (Mark(name=name, subject="database", at=AT) for name in ("capture_started", "capture_finished"))
REF = InventoryRef(component="database", moment="before", path="inventories/database", count=7, sha256="0" * 64)
SEEN = Observation(name="inventory", subject="database before", data=REF.model_dump(mode="json"), at=AT)
SEALED = Mark(name="restore_point_sealed", subject=ID, at=AT)
NONCE = Mark(name="nonce_written", at=AT, facts={"nonce": "today"})
LINES: tuple[Line, ...] = (NONCE, SEEN, STARTED, FINISHED, SEALED)


def point(*lines: Line, **changes: Any) -> RestorePoint:
    artefact = Artefact(
        component="database",
        engine="pg_dump",
        folder="artefacts/database",
        files=(),
        pairing_id=ID,
        started=STARTED,
        finished=FINISHED,
        capture_point=STARTED,
    )
    values: dict[str, Any] = {
        "id": ID,
        "drill": "shop",
        "drill_sha256": "0" * 64,
        "product": "plain",
        "portal": "sql",
        "harness_version": "0",
        "captured_utc": AT.utc,
        "nonce": "today",
        "artefacts": (artefact,),
        "inventories": (REF,),
        "survey": {},
        "versions": {},
        "canaries": (),
        "evidence": Evidence(lines=lines or LINES, complete=False, sha256="0" * 64),
    }
    return RestorePoint(**values | changes)


def test_record_as_the_evidence_has_it_contradicts_nothing() -> None:
    assert list(point().contradictions()) == []
    read = RestorePoint.model_validate_json(point().model_dump_json())
    assert list(read.contradictions()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nonce": "another"}, "the capture wrote today, not another"),
        ({"id": "another"}, f"the capture's evidence is of {ID}, not another"),
        (
            {"inventories": (REF.model_copy(update={"count": 6}),)},
            "inventories/database is not recorded as the capture's evidence has it",
        ),
    ],
)
def test_edited_record_is_named(changes: dict[str, Any], said: str) -> None:
    assert list(point(**changes).contradictions()) == [said]


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (STARTED, "database: the capture's evidence has no such capture_started"),
        (FINISHED, "database: the capture's evidence has no such capture_finished"),
        (SEEN, "inventories/database is not recorded as the capture's evidence has it"),
        (SEALED, f"the capture's evidence is of none that was sealed, not {ID}"),
    ],
)
def test_evidence_that_lacks_a_line_contradicts_the_record(gone: Line, said: str) -> None:
    assert list(point(*(line for line in LINES if line is not gone)).contradictions()) == [said]
