"""Figures as ratios of two things timed in turn, A B A B …, so that a machine whose speed drifts is fair to both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PAIRS = 5


@dataclass(frozen=True)
class Figure:
    """One row of the table. `ours` and `theirs` are medians; `value` is the median of the ratios pair by pair, or
    `ours` itself where nothing stands beside it. `limit`: it may be so much at most."""

    name: str
    ours: float
    theirs: float | None
    value: float
    limit: float
    unit: str  # of `ours` and `theirs`
    beside: str  # what the ratio is to

    @property
    def held(self) -> bool:
        return self.value <= self.limit


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def paired(
    name: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    beside: str,
    limit: float,
    rounds: int,
    warm_up: bool = True,
) -> Figure:
    if warm_up:
        ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    return of_pairs(name, pairs, beside=beside, limit=limit)


def of_pairs(name: str, pairs: Sequence[tuple[float, float]], *, beside: str, limit: float) -> Figure:
    mine, others = zip(*pairs, strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    return Figure(name, statistics.median(mine), statistics.median(others), ratio, limit, "s", beside)


def alone(name: str, act: Callable[[], object], *, limit: float, rounds: int) -> Figure:
    act()
    found = statistics.median(seconds(act) for _ in range(rounds))
    return Figure(name, found, None, found, limit, "s", "")


def table(figures: Sequence[Figure], machine: str) -> str:
    """Markdown, as `make bench` prints it and the README holds it."""
    lines = ["| what | here | beside it | figure | at most | |", "| --- | --- | --- | --- | --- | --- |"]
    for one in figures:
        beside = f"{one.theirs:.2f} {one.unit} {one.beside}" if one.theirs is not None else one.beside
        figure = f"{one.value:.2f} times" if one.theirs is not None else f"{one.value:.2f} {one.unit}"
        limit = f"{one.limit:g} times" if one.theirs is not None else f"{one.limit:g} {one.unit}"
        held = "held" if one.held else "**not held**"
        lines.append(f"| {one.name} | {one.ours:.2f} {one.unit} | {beside} | {figure} | {limit} | {held} |")
    return "\n".join([*lines, "", machine])
