"""The run drawn to scale: captures, canaries, the disaster and the restore on one axis of time (DESIGN 6).

RPO and skew are to be seen, not only read: which writes each tier kept, where each backup was taken, where the
disaster struck. All positions are per mille of the drawing's width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.model.evidence import Evidence, Mark
from harness.model.verdict import TierLoss, Verdict
from harness.report.rows import duration

WIDTH = 1000.0
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MOST_TICKS = 12
ENDS = ("component_restored", "product_started", "product_healthy", "index_consistent", "first_correct_search")
KINDS = {"kept": "kept", "lost": "lost", "unknown": "not known whether written"}


class Bar(NamedTuple):
    """A span of time; `kind` is its colour: capture, restore, start, look."""

    start: float
    width: float
    kind: str
    text: str


class Dot(NamedTuple):
    """An instant; `kind`: kept, lost, unknown, or mark."""

    at: float
    kind: str
    text: str


class Lane(NamedTuple):
    name: str
    bars: tuple[Bar, ...]
    dots: tuple[Dot, ...]


class Timeline(NamedTuple):
    """`disaster` and `ticks` are positions; `seconds` is the whole width's."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    disaster: float
    seconds: float


class _Axis:
    def __init__(self, start_s: float, end_s: float) -> None:
        self.start_s, self.span_s = start_s, max(end_s - start_s, 0.001)

    def at(self, instant_s: float) -> float:
        return round(min(max((instant_s - self.start_s) / self.span_s, 0.0), 1.0) * WIDTH, 1)

    def bar(self, start_s: float, end_s: float, kind: str, what: str) -> Bar:
        start = self.at(start_s)
        text = f"{what}: {duration(end_s - start_s)}"
        return Bar(start, round(max(self.at(end_s) - start, 1.0), 1), kind, text)


def timeline(verdict: Verdict, evidence: Evidence) -> Timeline | None:
    """None if there was no disaster, or its marks are of more than one boot: then there is no common clock."""
    marks = [line for line in evidence.lines if isinstance(line, Mark)]
    disaster = evidence.mark("disaster")
    if disaster is None or len({mark.at.boot_id for mark in marks}) > 1:
        return None
    first = [m.at.monotonic_s for m in marks if m.name in ("capture_started", "canary_written")]
    last = [m.at.monotonic_s for m in marks if m.name in ENDS]
    struck_s = disaster.at.monotonic_s
    axis = _Axis(min([*first, struck_s]), max([*last, struck_s]))
    rpo = verdict.objectives.get("rpo")
    lanes = [
        *_tiers(axis, evidence, rpo.per_tier if rpo else ()),
        *_components(axis, evidence),
        *_portal(axis, evidence),
    ]
    drawn = tuple(lane for lane in lanes if lane.bars or lane.dots)
    return Timeline(drawn, tuple(_ticks(axis, struck_s)), axis.at(struck_s), axis.span_s) if drawn else None


def _tiers(axis: _Axis, evidence: Evidence, losses: Iterable[TierLoss]) -> Iterator[Lane]:
    for loss in losses:
        dots = []
        for mark in evidence.marks("canary_written", loss.tier):
            number = int(str(mark.facts["number"]))
            kind = "lost" if number in loss.lost else "unknown" if number in loss.indeterminate else "kept"
            dots.append(Dot(axis.at(mark.at.monotonic_s), kind, f"canary {number} in {loss.tier}: {KINDS[kind]}"))
        yield Lane(f"writes in {loss.tier}", (), tuple(dots))


def _components(axis: _Axis, evidence: Evidence) -> Iterator[Lane]:
    """Each component's backup from its marks, and its restore from the step."""
    bars: dict[str, list[Bar]] = {}
    for started in evidence.marks("capture_started"):
        finished = evidence.mark("capture_finished", started.subject)
        if finished is not None:
            span = axis.bar(started.at.monotonic_s, finished.at.monotonic_s, "capture", f"backup of {started.subject}")
            bars.setdefault(started.subject, []).append(span)
    for line in evidence.steps():
        action, _, component = line.step.partition(":")
        if action == "restore":
            end_s = line.at.monotonic_s
            span = axis.bar(end_s - line.duration_s, end_s, "restore", f"restore of {component}")
            bars.setdefault(component, []).append(span)
    for component, spans in bars.items():
        yield Lane(component, tuple(spans), ())


def _portal(axis: _Axis, evidence: Evidence) -> Iterator[Lane]:
    starting, looking = [], []
    for line in evidence.steps():
        end_s = line.at.monotonic_s
        action, _, subject = line.step.partition(":")
        if action in ("start_service", "start_portal", "rebuild"):
            what = subject or "the portal"
            starting.append(axis.bar(end_s - line.duration_s, end_s, "start", f"{action.replace('_', ' ')}: {what}"))
        elif action == "inventory_restored":
            looking.append(axis.bar(end_s - line.duration_s, end_s, "look", f"looked at {subject}"))
    instants = [mark for name in ENDS[1:] for mark in evidence.marks(name)]
    dots = [Dot(axis.at(mark.at.monotonic_s), "mark", mark.name.replace("_", " ")) for mark in instants]
    yield Lane("servers and portal", tuple(starting), tuple(dots))
    yield Lane("the harness looks", tuple(looking), ())


def _ticks(axis: _Axis, struck_s: float) -> Iterator[tuple[float, str]]:
    """Round numbers of seconds before and after the disaster."""
    step = next((s for s in STEPS_S if axis.span_s / s <= MOST_TICKS), STEPS_S[-1])
    number = -int((struck_s - axis.start_s) // step)
    while struck_s + number * step <= axis.start_s + axis.span_s:
        sign = "−" if number < 0 else "+"
        yield axis.at(struck_s + number * step), f"{sign}{duration(abs(number * step))}" if number else "disaster"
        number += 1
