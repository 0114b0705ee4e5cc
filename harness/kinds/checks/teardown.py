"""Nothing of the run is left: containers, networks, volumes, firewall rules, by label (GEN-D29)."""

from __future__ import annotations

from harness.kinds.contracts import CheckAccess, Judgement, KindOptions, Record, When, joined
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.TORN_DOWN
OUTCOMES = frozenset({Outcome.PASS, Outcome.UNKNOWN})  # leftovers: isolation was not shown
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("GEN-D29",)


class Options(KindOptions):
    pass


def observe(access: CheckAccess, options: Options) -> JsonValue:
    return None if access.leftovers is None else [*access.leftovers]


def judge(record: Record, options: Options) -> Judgement:
    """UNKNOWN: something is left, the sandbox was kept, or nobody looked."""
    seen = record.evidence.observation("teardown")
    left = [str(name) for name in seen.data] if seen and isinstance(seen.data, list) else None
    early = record.evidence.mark("source_removed")  # the run ended before there was a sandbox
    if left is None and early is not None and isinstance(early.facts["leftovers"], list):
        left = [str(name) for name in early.facts["leftovers"]]
    if record.evidence.mark("kept") is not None:
        outcome, found = Outcome.UNKNOWN, "not exercised: the sandbox was kept on request"
    elif left is None or (early is None and record.evidence.mark("sandbox_removed") is None):
        outcome, found = Outcome.UNKNOWN, "nobody looked for leftovers"
    else:
        outcome = Outcome.UNKNOWN if left else Outcome.PASS
        found = f"left behind: {joined(left)}" if left else "nothing is left"
    return Judgement(
        outcome=outcome,
        expected="no container, network, volume or rule of this run",
        found=found,
        names=left or [],
    )
