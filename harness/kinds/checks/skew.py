"""The restored tiers come from one instant: each from the one that its artefact claims, in the declared order.

The objective `skew` measures how far apart the capture points lie; here it is asked whether they are true, by the
numbered writes that survived. Data newer than its capture point came from somewhere else (LR-24); data older than it
is yesterday's (LR-D5). While a capture runs, a tree may hold a later file and lack an earlier one: only a write that
was acknowledged before a capture began is sure to be in it, and only one that began after its end is sure not to be.
Requirements: LR-24, LR-33, LR-D5, design facts 2 and 8.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.kinds.contracts import Judgement, KindOptions, Record, When, joined
from harness.model.drill import Group
from harness.model.evidence import Evidence, Mark
from harness.model.restore_point import Artefact, RestorePoint
from harness.model.verdict import Outcome

WHEN = When.AS_RESTORED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("LR-24", "LR-33", "LR-D5")
RESOLUTION_S = 1.0  # between a write and its mark

_Found = tuple[Outcome, str]  # PASS: a note


class Options(KindOptions):
    pass


@dataclass(frozen=True)
class _Write:
    """A write that a tier acknowledged. `not_before_s`: the writer, which writes one number after the other, had not
    begun it then. Units: seconds since boot."""

    number: int
    acknowledged_s: float
    not_before_s: float
    kept: bool


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a group captured in another order or over its limit; a tier that holds what was written after its capture,
    or lacks what was written before it. UNKNOWN: no capture points, or writes that were not seen."""
    point = record.restore_point
    found: list[_Found] = []
    if point is None:
        found.append((Outcome.UNKNOWN, "there is no restore point"))
    elif len({mark.at.boot_id for mark in _marks(record, point)}) > 1:
        found.append((Outcome.UNKNOWN, "the marks of the capture are of two boots"))
    else:
        for group in record.drill.groups:
            found += _judge_group(record, group, point)
        found += _judge_data(record, point)
    wrong = [text for outcome, text in found if outcome is Outcome.FAIL]
    unknown = [text for outcome, text in found if outcome is Outcome.UNKNOWN]
    named = wrong or unknown
    return Judgement(
        outcome=Outcome.FAIL if wrong else Outcome.UNKNOWN if unknown else Outcome.PASS,
        expected="every tier of the instant that its artefact claims, captured in the declared order",
        found=joined(named or [text for _, text in found]),
        names=named,
    )


def _marks(record: Record, point: RestorePoint) -> Iterator[Mark]:
    for artefact in point.artefacts:
        yield from (artefact.started, artefact.finished, artefact.capture_point)
    yield from _evidence(record, point).marks("canary_written")


def _evidence(record: Record, point: RestorePoint) -> Evidence:
    """Where the writes stand: those after sealing only in the run that captured."""
    return record.evidence if record.captured_here else point.evidence


def _judge_group(record: Record, group: Group, point: RestorePoint) -> Iterator[_Found]:
    planned = {component.name for component in record.plan.components} - {*record.drill.rebuilt()}
    members = [name for name in group.order if name in planned]
    artefacts = [artefact for name in members if (artefact := point.artefact(name))]
    if len(artefacts) < len(members):
        lacking = [name for name in members if point.artefact(name) is None]
        yield Outcome.UNKNOWN, f"{group.name}: {joined(lacking)} has no capture point"
    for first, then in itertools.pairwise(artefacts):
        if (early_s := _point_s(first) - _point_s(then)) > 0:
            text = f"{group.name}: {then.component} was captured before {first.component}, by {early_s:.1f} s"
            yield Outcome.FAIL, text
    ordered = sorted(artefacts, key=_point_s)
    spread_s = _point_s(ordered[-1]) - _point_s(ordered[0]) if ordered else 0.0
    apart = f"{ordered[0].component} and {ordered[-1].component} lie {spread_s:.1f} s apart" if ordered else ""
    if group.max_skew_s is not None and spread_s > group.max_skew_s:
        yield Outcome.FAIL, f"{group.name}: {apart}, allowed are {group.max_skew_s:g} s"
    elif ordered:
        yield Outcome.PASS, f"{group.name}: {apart}"


def _point_s(artefact: Artefact) -> float:
    return artefact.capture_point.at.monotonic_s


def _judge_data(record: Record, point: RestorePoint) -> Iterator[_Found]:
    seen = record.evidence.observation("canaries")
    entries = seen.data if seen and isinstance(seen.data, list) else []
    kept = {(str(e["tier"]), int(str(e["number"]))): bool(e["kept"]) for e in entries if isinstance(e, dict)}
    planned = {component.name for component in record.plan.components} - {*record.drill.rebuilt()}
    tiers = {t: w for t, w in _writes(_evidence(record, point), kept).items() if t in planned}
    if not tiers:
        yield Outcome.UNKNOWN, "no write of the drill is known to any tier"
    certain = dict[str, list[_Write]]()
    for tier, writes in tiers.items():
        artefact = point.artefact(tier)
        if artefact is None:
            yield Outcome.UNKNOWN, f"{tier}: no capture point"
            continue
        started_s, finished_s = artefact.started.at.monotonic_s, artefact.finished.at.monotonic_s
        certain[tier] = [write for write in writes if write.acknowledged_s < started_s]
        newer = [w for w in writes if w.kept and w.not_before_s > finished_s + RESOLUTION_S]
        after = [w for w in writes if w.not_before_s > finished_s]
        if newer:
            late_s = newer[-1].not_before_s - finished_s
            text = f"{tier}: holds write {newer[-1].number}, made {late_s:.1f} s after the end of its capture"
            yield Outcome.FAIL, f"{text}: it is of another instant than it claims"
        if any(not write.kept for write in certain[tier]):
            continue  # said below
        if not newer and not (certain[tier] and after):
            place = "after" if certain[tier] else "before"
            yield Outcome.UNKNOWN, f"{tier}: no write from {place} its capture was looked for"
        elif not newer:
            newest = max(write.number for write in writes if write.kept)
            yield Outcome.PASS, f"{tier} ends with write {newest}, as its capture does"
    yield from _lost(certain, tiers)


def _writes(evidence: Evidence, kept: Mapping[tuple[str, int], bool]) -> dict[str, list[_Write]]:
    """Acknowledged writes by tier in order of number, as far as it was looked whether they survived."""
    ends: dict[int, float] = {}
    marks = [mark for name in ("written", "indeterminate", "refused") for mark in evidence.marks(f"canary_{name}")]
    for mark in marks:
        number = int(str(mark.facts["number"]))
        ends[number] = max(ends.get(number, 0.0), mark.at.monotonic_s)
    begun: dict[int, float] = {}
    latest = 0.0
    for number in sorted(ends):
        begun[number], latest = latest, max(latest, ends[number])
    found: dict[str, list[_Write]] = {}
    for mark in sorted(evidence.marks("canary_written"), key=lambda mark: int(str(mark.facts["number"]))):
        tier, number = mark.subject, int(str(mark.facts["number"]))
        found.setdefault(tier, [])
        if (tier, number) in kept:
            found[tier].append(_Write(number, mark.at.monotonic_s, begun[number], kept[tier, number]))
    return found


def _lost(certain: Mapping[str, list[_Write]], tiers: Mapping[str, list[_Write]]) -> Iterator[_Found]:
    """Per tier once: whether it is older than its capture point or has a gap, and which other tier kept the same."""
    for tier, writes in certain.items():
        lost = [write.number for write in writes if not write.kept]
        if not lost:
            continue
        survived = [write.number for write in tiers[tier] if write.kept]
        others = [
            other
            for other, theirs in certain.items()
            if other != tier and any(write.kept and write.number in lost for write in theirs)
        ]
        if survived and max(survived) > min(lost):
            text = f"{tier}: lacks write {min(lost)}, though it holds write {max(survived)}"
        else:
            ends = f"ends with write {max(survived)}" if survived else "holds no write"
            text = f"{tier}: {ends}, though write {max(lost)} was made before its capture: it is older than it claims"
        yield Outcome.FAIL, text + (f"; {joined(others)} kept what it lost" if others else "")
