"""How long the drill wrote to the source; thrown away after the test."""

from __future__ import annotations

from harness.judge.objectives.spans import judged, span_s, unmeasured
from harness.model.evidence import Evidence
from harness.model.verdict import ObjectiveResult


def busy(evidence: Evidence) -> ObjectiveResult:
    """From the first canary to the last."""
    writes = list(evidence.marks("canary_written"))
    measured_s = span_s(writes[0], writes[-1]) if writes else None
    if measured_s is None:
        return unmeasured("busy", None, "nothing was written")
    return ObjectiveResult(name="busy", outcome=judged(measured_s, None), limit_s=None, measured_s=measured_s)
