"""The restored portal holds this restore point's nonce: it is not the backup of an earlier day (LR-24, GEN-D1)."""

from __future__ import annotations

from harness.kinds.contracts import CheckAccess, KindOptions, Record, When
from harness.model.frozen import JsonValue
from harness.model.verdict import CheckResult, Outcome

WHEN = When.AS_RESTORED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = True
ALWAYS = False
REQUIREMENTS = ("LR-24", "GEN-D1")


class Options(KindOptions):
    pass


def observe(access: CheckAccess, options: Options) -> JsonValue:
    return [*access.portal_kind.read_nonces(access.portal)]


def judge(record: Record, options: Options) -> CheckResult:
    """FAIL: the newest nonce in the portal is another one, or there is none. UNKNOWN: it was not asked."""
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
        outcome, found = Outcome.PASS, f"nonce {point.nonce}"
    return CheckResult(
        name="freshness", when=WHEN, outcome=outcome, expected=expected, found=found, requirements=REQUIREMENTS
    )
