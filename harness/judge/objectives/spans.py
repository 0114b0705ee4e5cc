"""Spans between marks, and how a measurement is held against its limit."""

from __future__ import annotations

from harness.model.evidence import Evidence, Mark
from harness.model.verdict import ObjectiveResult, Outcome


def span_s(start: Mark | None, end: Mark | None) -> float | None:
    """Seconds from `start` to `end`; None if one is missing or they are of two boots."""
    if start is None or end is None or start.at.boot_id != end.at.boot_id:
        return None
    return round(end.at.monotonic_s - start.at.monotonic_s, 3)


def judged(measured_s: float | None, limit_s: float | None) -> Outcome:
    """UNKNOWN without a measurement; without a limit it is measured and not judged."""
    if measured_s is None:
        return Outcome.UNKNOWN
    return Outcome.FAIL if limit_s is not None and measured_s > limit_s else Outcome.PASS


def unmeasured(name: str, limit_s: float | None, reason: str) -> ObjectiveResult:
    return ObjectiveResult(name=name, outcome=Outcome.UNKNOWN, limit_s=limit_s, measured_s=None, reason=reason)


def kept_canaries(evidence: Evidence) -> dict[tuple[str, int], bool] | None:
    """(tier, number) to whether the write survived; None if nobody looked."""
    seen = evidence.observation("canaries")
    if seen is None or not isinstance(seen.data, list):
        return None
    return {(str(e["tier"]), int(str(e["number"]))): bool(e["kept"]) for e in seen.data if isinstance(e, dict)}
