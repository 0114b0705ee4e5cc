"""Recovery time, recovery point, skew and downtime, each a pure function of evidence (DESIGN 6).

Every span is in seconds between marks of one boot; a missing mark, or marks of two boots, make it UNKNOWN.
"""

from harness.judge.objectives.rpo import recovery_point
from harness.judge.objectives.rto import recovery_time, rto_marks
from harness.judge.objectives.source import downtime, group_skew, skew
from harness.judge.objectives.spans import judged, span_s

__all__ = ["downtime", "group_skew", "judged", "recovery_point", "recovery_time", "rto_marks", "skew", "span_s"]
