"""The restored portal takes a new item in every tier, and has it when it is asked again (GEN-D7, GEN-D13).

A portal that only reads looks whole: sequences behind their ids, a read-only database, a write block on an
index or a document library that belongs to somebody else show at the first write.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import CheckAccess, Judgement, KindOptions, Record, When, joined
from harness.model.frozen import JsonValue
from harness.model.restore_point import Canary
from harness.model.verdict import Outcome

WHEN = When.SETTLED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("GEN-D7", "GEN-D13", "GEN-D16", "LR-31")
NUMBER = 0  # canaries of the source count from 1


class Options(KindOptions):
    pass


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """Write one item, then look for it: per tier whether it was acknowledged and whether it is there.

    A write that is refused is an answer, and a bad one.
    """
    kind, token = access.portal_kind, f"written{access.restore_point.id[-4:]}after"
    wanted = [tier for tier in kind.TIERS if any(c.name == tier for c in access.plan.components)]
    refs, refused = dict[str, str](), ""
    try:
        for tier, ref in kind.write_canary(access.portal, NUMBER, token):
            refs[tier] = ref
    except CommandFailed as error:
        refused = str(error)[:300]
    # The mark says when a canary of the source was written; of this one nobody asks it.
    mark = access.restore_point.artefacts[0].finished
    canary = Canary(number=NUMBER, token=token, refs=refs, acknowledged=True, mark=mark)
    there = {tier: kept for _, tier, kept in kind.kept_canaries(access.portal, [canary])}
    return [
        {"tier": tier, "acknowledged": tier in refs, "there": there.get(tier, False), "refused": refused}
        for tier in wanted
    ]


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a tier did not acknowledge the item, or does not have it. UNKNOWN: nothing was written."""
    seen = record.evidence.observation("writable")
    tiers = [t for t in seen.data if isinstance(t, dict)] if seen and isinstance(seen.data, list) else []
    wrong = [
        f"{t['tier']}: " + ("it is not there" if t["acknowledged"] else f"not acknowledged; {t['refused']}".strip("; "))
        for t in tiers
        if not (t["acknowledged"] and t["there"])
    ]
    wrong += [f"refused: {t['refused']}" for t in tiers[:1] if t["refused"] and not wrong]
    outcome = Outcome.UNKNOWN if not tiers else Outcome.FAIL if wrong else Outcome.PASS
    good = f"written and found in {joined(str(t['tier']) for t in tiers)}" if tiers else "nothing was written"
    return Judgement(
        outcome=outcome,
        expected="a new item in every tier",
        found=joined(wrong) if wrong else good,
        names=wrong,
    )
