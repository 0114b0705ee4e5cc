"""The verdict, and `verdict.json`, the interface that other programs build on (DESIGN 3).

The schema `portal-drill/verdict/1` is only ever extended.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from harness.model.frozen import Frozen
from harness.model.inventory import Named
from harness.model.restore_point import FaultNote

SCHEMA = "portal-drill/verdict/1"
OBJECTIVES = ("rto", "rpo", "skew", "downtime")


class Outcome(StrEnum):
    """FAIL over UNKNOWN over PASS (DESIGN 5)."""

    PASS = "PASS"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst outcome; of an empty set it is UNKNOWN, for nothing was shown."""
    found = set(outcomes)
    if Outcome.FAIL in found:
        return Outcome.FAIL
    return Outcome.PASS if found == {Outcome.PASS} else Outcome.UNKNOWN


class CheckResult(Frozen):
    """One check's outcome with what was expected, what was found, and the first names."""

    name: str
    when: str
    outcome: Outcome
    expected: str
    found: str
    items: Named = Named()
    requirements: tuple[str, ...] = ()


class Stage(Frozen):
    """A link of the RTO chain. Units: seconds."""

    name: str
    seconds: float


class TierLoss(Frozen):
    """Measured RPO of one tier; `lost` are canary numbers."""

    tier: str
    outcome: Outcome
    measured_s: float | None
    at_least: bool = False
    lost: tuple[int, ...] = ()
    kept: int = 0
    indeterminate: tuple[int, ...] = ()
    reason: str = ""


class ObjectiveResult(Frozen):
    """One objective. `limit_s` None: measured and not judged. Units: seconds."""

    name: str
    outcome: Outcome
    limit_s: float | None
    measured_s: float | None
    reason: str = ""
    stages: tuple[Stage, ...] = ()
    per_tier: tuple[TierLoss, ...] = ()
    worst_case_s: float | None = None
    resolution_s: float | None = None


class Verdict(Frozen):
    """The outcomes of all checks and objectives, and their worst. Saved with `by_alias`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_id: str = Field(default=SCHEMA, alias="schema")
    harness_version: str
    drill: str
    drill_sha256: str
    product: str
    portal: str
    versions: dict[str, str]
    stand_in: str | None
    run: str
    restore_point: str | None
    captured_utc: datetime | None
    started_utc: datetime
    outcome: Outcome
    recovered: bool
    partial: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    objectives: dict[str, ObjectiveResult]
    faults: FaultNote | None = None
    evidence_sha256: str
