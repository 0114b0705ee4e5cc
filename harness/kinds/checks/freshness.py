"""The restored portal is of this restore point: its nonce, and every write from before each capture (LR-24).

A canary that a tier acknowledged before that tier's capture began must be in its backup: an earlier day's files
beside today's database lack it (LR-33, the commonest failure, design fact 8).
"""

from __future__ import annotations

from harness.kinds.contracts import CheckAccess, Judgement, KindOptions, Record, When, joined
from harness.model.frozen import JsonValue
from harness.model.restore_point import RestorePoint
from harness.model.verdict import Outcome

WHEN = When.AS_RESTORED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = True
ALWAYS = False
REQUIREMENTS = ("LR-24", "GEN-D1")


class Options(KindOptions):
    pass


def observe(access: CheckAccess, options: Options) -> JsonValue:
    return [*access.portal_kind.read_nonces(access.portal)]


def _lost(record: Record, point: RestorePoint) -> tuple[list[str], int]:
    """Names of lost writes from before each tier's capture, and how many were asked for."""
    seen = record.evidence.observation("canaries")
    entries = seen.data if seen and isinstance(seen.data, list) else []
    kept = {(str(e["tier"]), int(str(e["number"]))): bool(e["kept"]) for e in entries if isinstance(e, dict)}
    lost, asked = [], 0
    for mark in point.evidence.marks("canary_written"):
        if mark.subject in record.drill.rebuilt():
            continue  # built from what another component's capture held
        artefact, number = point.artefact(mark.subject), int(str(mark.facts["number"]))
        if artefact and mark.at.monotonic_s < artefact.started.at.monotonic_s and (mark.subject, number) in kept:
            asked += 1
            if not kept[mark.subject, number]:
                lost.append(f"canary {number} in {mark.subject}")
    return lost, asked


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: the newest nonce is another one, or none, or a write from before a capture is lost. UNKNOWN: not asked."""
    seen, point = record.evidence.observation("freshness"), record.restore_point
    nonces = seen.data if seen and isinstance(seen.data, list) else None
    expected = f"nonce {point.nonce} of {point.id}" if point else "the restore point's nonce"
    if nonces is None or point is None:
        outcome, found = Outcome.UNKNOWN, "the portal was not asked for its nonce"
    elif not nonces:
        outcome, found = Outcome.FAIL, "the portal holds no nonce at all"
    elif nonces[-1] != point.nonce:
        outcome, found = Outcome.FAIL, f"the newest nonce is {nonces[-1]}: the backup of another moment"
    else:
        lost, asked = _lost(record, point)
        outcome = Outcome.FAIL if lost else Outcome.PASS if asked else Outcome.UNKNOWN
        found = f"nonce {point.nonce}, and all {asked} writes from before the captures"
        found = f"lost though acknowledged before its capture: {joined(lost)}" if lost else found
    return Judgement(outcome, expected, found)
