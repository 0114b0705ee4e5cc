"""The run drawn to scale: captures, canaries, the disaster and the restore on one axis of time (DESIGN 6).

RPO and skew are to be seen, not only read: which writes each tier kept, where each backup was taken, where the
disaster struck, how long the recovery took. All positions are per cent of the drawing's width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.model.drill import Drill
from harness.model.evidence import Evidence, Mark
from harness.model.restore_point import RestorePoint
from harness.model.verdict import ObjectiveResult, TierLoss, Verdict
from harness.report.rows import duration, tier_loss

WIDTH = 100.0
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MOST_TICKS = 12
UNITS = ((3600, "h"), (60, "min"), (1, "s"))
ENDS = ("component_restored", "product_started", "product_healthy", "index_consistent", "first_correct_search")
KINDS = {"kept": "kept", "lost": "lost", "unknown": "not known whether written or kept"}


class Bar(NamedTuple):
    """A span of time; `kind` is its colour: capture, restore, start, look, stage, stage2, loss, skew."""

    start: float
    width: float
    kind: str
    text: str


class Dot(NamedTuple):
    """An instant; `kind`: kept, lost, unknown, capture_point, rto_limit, or instant."""

    at: float
    kind: str
    text: str


class Lane(NamedTuple):
    """`said`: what it shows, for people who read it instead."""

    name: str
    said: str
    bars: tuple[Bar, ...]
    dots: tuple[Dot, ...]


class Tick(NamedTuple):
    """`minor`: left out where there is little room."""

    at: float
    label: str
    minor: bool


class Timeline(NamedTuple):
    """`disaster` is a position; `seconds` is the whole width's; `kinds` of bars and dots that are drawn."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    disaster: float
    seconds: float

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(bar.kind for lane in self.lanes for bar in lane.bars) | frozenset(
            dot.kind for lane in self.lanes for dot in lane.dots
        )


class _Axis:
    def __init__(self, start_s: float, end_s: float) -> None:
        self.start_s, self.span_s = start_s, max(end_s - start_s, 0.001)

    def at(self, instant_s: float) -> float:
        return round(min(max((instant_s - self.start_s) / self.span_s, 0.0), 1.0) * WIDTH, 2)

    def bar(self, start_s: float, end_s: float, kind: str, what: str) -> Bar:
        start = self.at(start_s)
        text = f"{what}: {duration(end_s - start_s)}"
        return Bar(start, round(max(self.at(end_s) - start, 0.1), 2), kind, text)


def timeline(verdict: Verdict, drill: Drill, point: RestorePoint | None, evidence: Evidence) -> Timeline | None:
    """None if there was no disaster, or its marks are of more than one boot: then there is no common clock."""
    marks = [line for line in evidence.lines if isinstance(line, Mark)]
    disaster = evidence.mark("disaster")
    if disaster is None or len({mark.at.boot_id for mark in marks}) > 1:
        return None
    first = [m.at.monotonic_s for m in marks if m.name in ("capture_started", "canary_written")]
    last = [m.at.monotonic_s for m in marks if m.name in ENDS]
    struck_s = disaster.at.monotonic_s
    axis = _Axis(min([*first, struck_s]), max([*last, struck_s]))
    here = point if point is not None and evidence.mark("restore_point_sealed", point.id) else None
    rpo, rto = verdict.objectives.get("rpo"), verdict.objectives.get("rto")
    lanes = [
        *_tiers(axis, evidence, rpo.per_tier if rpo else (), here, drill, struck_s),
        *_components(axis, evidence),
        *_portal(axis, evidence),
        *(_recovery(axis, evidence, rto, struck_s) if rto else ()),
    ]
    drawn = tuple(lane for lane in lanes if lane.bars or lane.dots)
    return Timeline(drawn, tuple(_ticks(axis, struck_s)), axis.at(struck_s), axis.span_s) if drawn else None


def _tiers(
    axis: _Axis,
    evidence: Evidence,
    losses: Iterable[TierLoss],
    point: RestorePoint | None,
    drill: Drill,
    struck_s: float,
) -> Iterator[Lane]:
    """Every write as it was judged, over the span that was lost and the spread of the group's capture points."""
    doubted = tuple(evidence.marks("canary_indeterminate"))
    for loss in losses:
        bars, dots = [*_skew(axis, loss.tier, point, drill)], []
        if loss.measured_s:
            bars.append(axis.bar(struck_s - loss.measured_s, struck_s, "loss", f"lost in {loss.tier}"))
        survived = "kept" if loss.kept or loss.lost else "unknown"  # of a tier without a result nobody knows
        acknowledged = [(m, "lost" if _number(m) in loss.lost else survived) for m in _writes(evidence, loss.tier)]
        known = {_number(mark) for mark, _ in acknowledged}
        unknown = [(mark, "unknown") for mark in doubted if _number(mark) not in known]
        for mark, kind in [*acknowledged, *unknown]:
            text = f"canary {_number(mark)} in {loss.tier}: {KINDS[kind]}"
            dots.append(Dot(axis.at(mark.at.monotonic_s), kind, text))
        artefact = point.artefact(loss.tier) if point else None
        if artefact is not None:
            at = axis.at(artefact.capture_point.at.monotonic_s)
            dots.append(Dot(at, "capture_point", f"capture point of {loss.tier}"))
        doubtful = f", {len(loss.indeterminate)} not known" if loss.indeterminate else ""
        said = f"{loss.kept} kept, {len(loss.lost)} lost{doubtful}"
        yield Lane(f"writes in {loss.tier}", f"{said}: {tier_loss(loss)}", tuple(bars), tuple(dots))


def _writes(evidence: Evidence, tier: str) -> Iterator[Mark]:
    return evidence.marks("canary_written", tier)


def _number(mark: Mark) -> int:
    return int(str(mark.facts["number"]))


def _skew(axis: _Axis, tier: str, point: RestorePoint | None, drill: Drill) -> Iterator[Bar]:
    for group in drill.groups:
        artefacts = [point.artefact(name) for name in group.order] if point else []
        at = [artefact.capture_point.at.monotonic_s for artefact in artefacts if artefact]
        if tier in group.order and len(at) > 1:
            yield axis.bar(min(at), max(at), "skew", f"spread of the capture points of {group.name}")


def _components(axis: _Axis, evidence: Evidence) -> Iterator[Lane]:
    """Each component's backup from its marks, and its restore from the step."""
    bars: dict[str, list[Bar]] = {}
    said: dict[str, list[str]] = {}
    for started in evidence.marks("capture_started"):
        finished = evidence.mark("capture_finished", started.subject)
        if finished is not None:
            span = axis.bar(started.at.monotonic_s, finished.at.monotonic_s, "capture", f"backup of {started.subject}")
            bars.setdefault(started.subject, []).append(span)
            took = duration(finished.at.monotonic_s - started.at.monotonic_s)
            said.setdefault(started.subject, []).append(f"backup {took}")
    for line in evidence.steps():
        action, _, component = line.step.partition(":")
        if action == "restore" and line.duration_s:
            end_s = line.at.monotonic_s
            span = axis.bar(end_s - line.duration_s, end_s, "restore", f"restore of {component}")
            bars.setdefault(component, []).append(span)
            said.setdefault(component, []).append(f"restore {duration(line.duration_s)}")
    for component, spans in bars.items():
        yield Lane(component, ", ".join(said[component]), tuple(spans), ())


def _portal(axis: _Axis, evidence: Evidence) -> Iterator[Lane]:
    starting = []
    for line in evidence.steps():
        end_s = line.at.monotonic_s
        action, _, subject = line.step.partition(":")
        if action in ("launch_service", "start_service", "start_portal", "rebuild"):
            what = subject or "the portal"
            starting.append(axis.bar(end_s - line.duration_s, end_s, "start", f"{action.replace('_', ' ')}: {what}"))
    instants = [mark for name in ENDS[1:] for mark in evidence.marks(name)]
    dots = [Dot(axis.at(mark.at.monotonic_s), "instant", mark.name.replace("_", " ")) for mark in instants]
    yield Lane("servers and portal", ", ".join(dot.text for dot in dots), tuple(starting), tuple(dots))
    looks = tuple(_looks(axis, evidence))
    yield Lane("the harness looks", "not in the RTO", looks, ())


def _looks(axis: _Axis, evidence: Evidence) -> Iterator[Bar]:
    """The spans in which the harness itself was observing, as far as the recovery goes."""
    for started in evidence.marks("observing_started"):
        ended = evidence.mark("observing_ended", started.subject)
        if ended is not None and started.at.monotonic_s < axis.start_s + axis.span_s:
            yield axis.bar(started.at.monotonic_s, ended.at.monotonic_s, "look", started.subject.replace("_", " "))


def _recovery(axis: _Axis, evidence: Evidence, rto: ObjectiveResult, struck_s: float) -> Iterator[Lane]:
    """The chain of stages end to end; what the harness looked at lies between them, as it is in no stage."""
    bars = []
    for number, stage in enumerate(rto.stages):
        name, _, subject = stage.name.partition(" ")
        mark = evidence.mark(name, subject or None)
        if mark is not None:
            end_s = mark.at.monotonic_s
            bars.append(axis.bar(end_s - stage.seconds, end_s, "stage2" if number % 2 else "stage", stage.name))
    dots = []
    if rto.limit_s is not None and struck_s + rto.limit_s <= axis.start_s + axis.span_s:
        dots.append(Dot(axis.at(struck_s + rto.limit_s), "rto_limit", f"limit {duration(rto.limit_s)}"))
    limit = "no limit" if rto.limit_s is None else f"limit {duration(rto.limit_s)}"
    limit += "" if dots or rto.limit_s is None else ", beyond the drawing"
    taken = "not measured" if rto.measured_s is None else duration(rto.measured_s)
    yield Lane("RTO chain", f"{taken}; {limit}", tuple(bars), tuple(dots))


def _ticks(axis: _Axis, struck_s: float) -> Iterator[Tick]:
    """Round numbers before and after the disaster, all in one unit."""
    step = next((s for s in STEPS_S if axis.span_s / s <= MOST_TICKS), STEPS_S[-1])
    unit_s, unit = next(each for each in UNITS if step % each[0] == 0)
    major = 3 if axis.span_s / step > 8 else 2
    number = -int((struck_s - axis.start_s) // step)
    while struck_s + number * step <= axis.start_s + axis.span_s:
        label = f"{'−' if number < 0 else '+'}{abs(number) * step // unit_s} {unit}" if number else "disaster"
        yield Tick(axis.at(struck_s + number * step), label, number % major != 0)
        number += 1
