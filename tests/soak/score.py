"""The score of a soak: one line of JSON per round, what a round's outcome means, and the next round to play.

Nothing here touches an engine: rounds are played by `soak.py`.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

CLEAN = "clean"
GOOD = ""
WRONG = ("wrong PASS", "wrong FAIL", "wrong check", "UNKNOWN", "not recovered", "leftovers", "broken")

Json = dict[str, Any]


class Expected(NamedTuple):
    """What a faulty round must end with: `outcome` of the run and of the check that must catch it."""

    outcome: str
    check: str


class Score:
    """The file of rounds. A line that a kill cut short is dropped: that round was not ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rounds: list[Json] = []
        if path.exists():
            whole = path.read_bytes()
            kept = whole[: whole.rfind(b"\n") + 1]
            self.rounds = [json.loads(line) for line in kept.splitlines()]
            if kept != whole:
                path.write_bytes(kept)

    def add(self, played: Json) -> None:
        """On the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(played, sort_keys=True) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
        self.rounds.append(played)

    @property
    def wrong(self) -> list[Json]:
        return [one for one in self.rounds if one["wrong"]]

    def totals(self) -> dict[str, Counter[str]]:
        """By row: how many rounds, and how many of each wrong."""
        found: dict[str, Counter[str]] = {}
        for one in self.rounds:
            counts = found.setdefault(one["row"], Counter())
            counts["rounds"] += 1
            counts[one["wrong"]] += bool(one["wrong"])
        return found


def judged(verdict: Json, expected: Expected | None, left: Sequence[str] = ()) -> str:
    """What is wrong with a round; empty if nothing is. `expected` is None for a clean round."""
    outcome = verdict["outcome"]
    if expected is None:
        if outcome != "PASS":
            return "wrong FAIL" if outcome == "FAIL" else "UNKNOWN"
        return ("leftovers" if left else GOOD) if verdict["recovered"] else "not recovered"
    if outcome == "PASS" or verdict["recovered"]:
        return "wrong PASS"
    if outcome != expected.outcome:
        return "UNKNOWN" if outcome == "UNKNOWN" else "wrong FAIL"
    caught = {check["name"]: check["outcome"] for check in verdict["checks"]}.get(expected.check)
    if caught != expected.outcome:
        return "wrong check"
    return "leftovers" if left else GOOD


def next_round(seed: int, played: Iterable[Json], rows: Sequence[str], share: float, points: int) -> str:
    """`clean` or a row, the same for the same seed and the same rounds before it.

    Given: `share` of rounds that are clean; `points` restore points that this call has made: a fault needs two, an
    earlier one and today's. Every row comes once, in random order, before any comes again.
    """
    mine = [one for one in played if one["seed"] == seed]
    if points < 2 or not rows or random.Random(f"{seed} {len(mine)}").random() < share:
        return CLEAN
    faults = sum(one["row"] != CLEAN for one in mine)
    turn, place = divmod(faults, len(rows))
    order = sorted(rows)
    random.Random(f"{seed} turn {turn}").shuffle(order)
    return order[place]
