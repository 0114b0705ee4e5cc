"""The restored portal works for a person: login, a seeded page, modules, licence, settings, a clean log.

HTTP 200 alone never passes: every probe compares with what the source said of itself before the backup.
Requirements: LR-6, LR-7, LR-10, LR-11, LR-13, LR-19, LR-20, LR-31, LR-D8, GEN-D22, GEN-D30; XLR-D6 and GEN-D26 (no
version is older than the source's); GEN-D23 (what is bound to the source's host name does not hold in the copy).
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
_OF_LIFERAY = ("LR-6", "LR-7", "LR-10", "LR-11", "LR-13", "LR-19", "LR-20", "LR-31", "LR-D8")
REQUIREMENTS = (*_OF_LIFERAY, "XLR-D6", "GEN-D22", "GEN-D23", "GEN-D26", "GEN-D30")


class Options(KindOptions):
    ignore: list[str] = Field(default=[], description="Names of probes that are asked but not judged.")


def loosened(options: Options) -> Iterator[str]:
    for name in options.ignore:
        yield f"the probe {name} is not judged"


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """Ask every probe of the portal; each is a name, whether it is as expected (None: not known), and both values."""
    facts = access.restore_point.survey.get("facts")
    expected = {str(key): str(value) for key, value in facts.items()} if isinstance(facts, dict) else {}
    if not expected:
        return []  # a restore point without the source's facts: nothing can be compared
    expected |= _changed_meanwhile(access, expected)
    for rewire in access.drill.rewire:  # what had to differ, differs everywhere it is said
        expected = {key: value.replace(rewire.old, rewire.new) for key, value in expected.items()}
    asked = chain([access.portal_kind.healthy(access.portal)], access.portal_kind.probes(access.portal, expected))
    found = [_written(p) for p in asked]
    try:
        found += [_written(p) for p in _versions(access)]
    except Exception as error:  # whatever it is, it hides nothing that the probes have seen
        found.append({"name": "versions", "ok": None, "expected": "an answer", "found": str(error)[:500]})
    return [*found]


def _written(probe: Probe) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {"name": probe.name, "ok": probe.ok, "expected": probe.expected}
    return {**facts, "found": probe.found[:500], "requirements": [*probe.requirements]}


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
        good = now[name] == then[name] or _number(now[name]) >= _number(then[name])
        yield Probe(f"version of {name}", good, f"{then[name]} or newer", now[name], ("XLR-D6", "GEN-D26"))


def _number(version: str) -> tuple[int, ...]:
    """That of the release, without zeros at its end: 8.0 is 8, and what stands behind it (builds, digests, names) says
    nothing of older or newer. Raises: ValueError if there is none."""
    found = re.search(r"\d+(\.\d+)*", version)
    if found is None:
        raise ValueError(f"{version!r} holds no number")
    return tuple(map(int, re.sub(r"(\.0+)+$", "", found[0]).split(".")))


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: any probe differs. UNKNOWN: no probe was asked (an empty list shows nothing), or one could not be."""
    seen = record.evidence.observation("portal_health")
    looked = seen.data if seen and isinstance(seen.data, list) else None
    probes = [probe for probe in looked or () if isinstance(probe, dict)]
    judged = [probe for probe in probes if probe["name"] not in options.ignore]
    wrong = [f"{p['name']}: expected {p['expected']}, found {p['found']}" for p in judged if p["ok"] is False]
    unknown = [f"{p['name']} could not be asked for: {p['found']}" for p in judged if p["ok"] is None]
    outcome = Outcome.FAIL if wrong else Outcome.UNKNOWN if unknown or not judged else Outcome.PASS
    asked = f"{len(judged)} of {len(judged)} probes good" if judged else "no probe was asked"
    asked += ": the portal was not looked at" if looked is None else ""
    return Judgement(
        outcome=outcome,
        expected="login, pages, modules, licence and settings as on the source",
        found=joined(wrong or unknown, 3) if wrong or unknown else asked,
        names=wrong or unknown,
    )
