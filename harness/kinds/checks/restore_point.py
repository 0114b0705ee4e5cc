"""The restore point is what was sealed: manifests, digests, pairing, and of this drill (LR-D5, GEN-D2, design fact 1).

Its record is held against the drill and against the capture's evidence inside it. Who rewrites both alike, and the
artefacts, is not found out by it: nothing of the vault is signed.
"""

from __future__ import annotations

from harness.kinds.contracts import Judgement, KindOptions, Record, When, counted, joined
from harness.model.verdict import Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = True
REQUIREMENTS = ("LR-D5", "GEN-D2")


class Options(KindOptions):
    pass


def judge(record: Record, options: Options) -> Judgement:
    """Judges the observation that `run` writes while it verifies the artefacts: what disagrees, by name."""
    expected = "every artefact as its manifest says, all of one capture of this drill"
    seen = record.evidence.observation("restore_point")
    if record.restore_point is None or seen is None or not isinstance(seen.data, dict):
        return Judgement(Outcome.UNKNOWN, expected, "the artefacts were not held against their manifests")
    listed = seen.data["disagreements"]
    named = [str(name) for name in listed] if isinstance(listed, list) else []
    wrong = [*dict.fromkeys([*record.restore_point.foreign_to(record.drill), *named])]
    if wrong:
        return Judgement(Outcome.FAIL, expected, joined(wrong), wrong)
    count = sum(len(artefact.files) for artefact in record.restore_point.artefacts)
    if count == 0:
        return Judgement(Outcome.UNKNOWN, expected, "there is no file to verify")
    return Judgement(Outcome.PASS, expected, f"{counted(count, 'file')} verified by SHA-256")
