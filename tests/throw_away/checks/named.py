"""The restore point has the name of its drill; thrown away after the test."""

from __future__ import annotations

from harness.kinds.contracts import CheckAccess, Judgement, KindOptions, Record, When
from harness.model.evidence import Seen
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset({Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN})
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("GEN-D2",)


class Options(KindOptions):
    pass


def observe(access: CheckAccess, options: Options) -> JsonValue:
    return access.drill.name


def judge(record: Record, options: Options) -> Judgement:
    point, seen = record.restore_point, record.seen("named")
    right = point is not None and seen is not None and point.drill == seen.data
    return Judgement(
        outcome=Outcome.UNKNOWN
        if point is None or seen is None or seen.seen is not Seen.SEEN
        else Outcome.PASS
        if right
        else Outcome.FAIL,
        expected=record.drill.name,
        found=point.drill if point else "no restore point",
    )
