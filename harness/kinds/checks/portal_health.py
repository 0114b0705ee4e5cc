"""The restored portal works for a person: login, a seeded page, modules, licence, settings, a clean log.

HTTP 200 alone never passes: every probe compares with what the source said of itself before the backup.
Requirements: LR-6, LR-7, LR-10, LR-11, LR-13, LR-19, LR-20, LR-31, LR-D8, GEN-D22, GEN-D30; XLR-D6 and GEN-D26 (no
version is older than the source's).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from pydantic import Field

from harness.kinds.contracts import CheckAccess, Judgement, KindOptions, Probe, Record, When, joined
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.AS_RESTORED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = (
    "LR-6",
    "LR-7",
    "LR-10",
    "LR-11",
    "LR-13",
    "LR-19",
    "LR-20",
    "LR-31",
    "LR-D8",
    "XLR-D6",
    "GEN-D22",
    "GEN-D26",
    "GEN-D30",
)


class Options(KindOptions):
    ignore: list[str] = Field(default=[], description="Names of probes that are asked but not judged.")


def loosened(options: Options) -> Iterator[str]:
    for name in options.ignore:
        yield f"the probe {name} is not judged"


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """Ask every probe of the portal; each is a name, whether it is as expected, and both values."""
    facts = access.restore_point.survey.get("facts")
    expected = {str(key): str(value) for key, value in facts.items()} if isinstance(facts, dict) else {}
    if not expected:
        return []  # a restore point without the source's facts: nothing can be compared
    expected |= _changed_meanwhile(access, expected)
    for rewire in access.drill.rewire:  # what had to differ, differs everywhere it is said
        expected = {key: value.replace(rewire.old, rewire.new) for key, value in expected.items()}
    kind = access.portal_kind
    asked = chain([kind.healthy(access.portal)], kind.probes(access.portal, expected), _versions(access))
    return [
        {"name": p.name, "ok": p.ok, "expected": p.expected, "found": p.found[:500], "requirements": [*p.requirements]}
        for p in asked
    ]


def _changed_meanwhile(access: CheckAccess, before: dict[str, str]) -> dict[str, str]:
    """Facts that changed at the source while it was backed up, and that the restored portal has as they were then:
    either value is the source's own."""
    after = access.restore_point.survey.get("facts_after")
    changed = {k: str(v) for k, v in after.items() if before.get(k) != str(v)} if isinstance(after, dict) else {}
    now = access.portal_kind.facts(access.portal) if changed else {}
    return {name: value for name, value in changed.items() if now.get(name) == value}


def _versions(access: CheckAccess) -> Iterator[Probe]:
    """No software is older than at the source: what a newer one has written, an older one may not read, or spoil."""
    then, now = access.restore_point.versions, access.portal_kind.versions(access.portal)
    for name in sorted(then.keys() & now.keys()):
        good = _numbers(now[name]) >= _numbers(then[name])
        yield Probe(f"version of {name}", good, f"{then[name]} or newer", now[name], ("XLR-D6", "GEN-D26"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: any probe differs. UNKNOWN: no probe was asked (an empty list shows nothing)."""
    seen = record.evidence.observation("portal_health")
    probes = [p for p in seen.data if isinstance(p, dict)] if seen and isinstance(seen.data, list) else []
    judged = [probe for probe in probes if probe["name"] not in options.ignore]
    wrong = [f"{p['name']}: expected {p['expected']}, found {p['found']}" for p in judged if not p["ok"]]
    outcome = Outcome.UNKNOWN if not judged else Outcome.FAIL if wrong else Outcome.PASS
    asked = f"{len(judged)} of {len(judged)} probes good" if judged else "no probe was asked: the portal did not answer"
    return Judgement(
        outcome=outcome,
        expected="login, pages, modules, licence and settings as on the source",
        found=joined(wrong, 3) if wrong else asked,
        names=wrong,
    )
