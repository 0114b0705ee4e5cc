"""The restore point is what was sealed: manifests, digests, pairing, and of this drill (LR-D5, GEN-D2, design fact 1).

Its record is held against the drill and against the capture's evidence inside it. Who rewrites both alike, and the
artefacts, is not found out by it: nothing of the vault is signed.
"""

from __future__ import annotations

from harness.kinds.contracts import KindOptions, Record, When, joined
from harness.model.inventory import Named
from harness.model.verdict import CheckResult, Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = True
REQUIREMENTS = ("LR-D5", "GEN-D2")


class Options(KindOptions):
    pass


def judge(record: Record, options: Options) -> CheckResult:
    """Judges the observation that `run` writes while it verifies the artefacts: what disagrees, by name."""
    expected = "every artefact as its manifest says, all of one capture of this drill"
    seen = record.evidence.observation("restore_point")
    if record.restore_point is None or seen is None or not isinstance(seen.data, dict):
        return _result(Outcome.UNKNOWN, expected, "the artefacts were not held against their manifests", [])
    listed = seen.data["disagreements"]
    named = [str(name) for name in listed] if isinstance(listed, list) else []
    wrong = [*dict.fromkeys([*record.restore_point.foreign_to(record.drill), *named])]
    if wrong:
        return _result(Outcome.FAIL, expected, joined(wrong), wrong)
    count = sum(len(artefact.files) for artefact in record.restore_point.artefacts)
    if count == 0:
        return _result(Outcome.UNKNOWN, expected, "there is no file to verify", [])
    return _result(Outcome.PASS, expected, f"{count} files verified by SHA-256", [])


def _result(outcome: Outcome, expected: str, found: str, names: list[str]) -> CheckResult:
    return CheckResult(
        name="restore_point",
        when=WHEN,
        outcome=outcome,
        expected=expected,
        found=found,
        items=Named(count=len(names), first=tuple(names[:20])),
        requirements=REQUIREMENTS,
    )
