"""Every item that a job moves between databases lies in exactly one of them: none in two, none in neither.

Captured at different moments, databases agree with their own inventories each, and an item that was moved in between
has vanished from both, or is in both. Requirements: XLR-D3, GEN-D2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from harness.kinds.contracts import (
    CheckAccess,
    Judgement,
    KindOptions,
    MovesItems,
    Placed,
    Record,
    SourceAccess,
    When,
    joined,
)
from harness.model.evidence import AT_SOURCE, Observation
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = True
ALWAYS = False
REQUIREMENTS = ("XLR-D3", "GEN-D2")
EXPECTED = "every item that is moved between databases lies in exactly one of them"


class Options(KindOptions):
    pass


def look(access: SourceAccess, options: Options) -> JsonValue:
    """Where each item lies at the source, by name: the components with its key in their inventories."""
    if not isinstance(access.portal_kind, MovesItems):
        return {"refusal": "this portal's adapter does not know which items are moved"}
    return {"items": {name: {**places} for name, places in _by_name(access.portal_kind.placed(access.portal))}}


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """Items in several databases, and those of the source that none has; `gone`: of these, what had left its place at
    the source by the end of the backup, moved or deleted; `moved`: how many lie elsewhere than at that look."""
    said = look(access, options)
    before = _items(access.restore_point.evidence.observation("archive_parity", AT_SOURCE))
    assert isinstance(said, dict)
    if "items" not in said or before is None:
        return {"refusal": said.get("refusal", "nobody looked where the items lie at the source")}
    now = said["items"]
    assert isinstance(now, dict)
    nowhere = [name for name in before if name not in now]
    gone = [name for name in nowhere if _left(access, before[name])]
    twice: dict[str, JsonValue] = {
        name: [*places] for name, places in now.items() if isinstance(places, dict) and len(places) > 1
    }
    moved = sum(
        isinstance(places, dict) and name in before and places.keys() != before[name].keys()
        for name, places in now.items()
    )
    return {"items": len(now), "twice": twice, "nowhere": [*nowhere], "gone": [*gone], "moved": moved}


def _by_name(placed: Iterator[Placed]) -> Iterator[tuple[str, dict[str, str]]]:
    for name, places in groupby(sorted(placed, key=lambda one: (one.name, one.component)), key=lambda one: one.name):
        yield name, {one.component: one.key for one in places}


def _left(access: CheckAccess, places: Mapping[str, str]) -> bool:
    """Whether any of its rows was not there any more when the backup ended: it may have gone since the look."""
    for component, key in places.items():
        trace = access.trace(component, frozenset({key})).get(key)
        if trace is None or trace.after is None:
            return True
    return False


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: an item in two databases that was in one, or in none. UNKNOWN: not looked at, nothing to move, or only
    items that left their place while the backup ran: nobody can tell whether they were moved or deleted."""
    seen, before = record.seen("archive_parity"), _items(record.at_source("archive_parity"))
    data = seen.data if seen and isinstance(seen.data, dict) else {}
    if "twice" not in data or before is None:
        why = data.get("refusal", "nobody looked where the items lie")
        return Judgement(Outcome.UNKNOWN, EXPECTED, str(why))
    twice, nowhere, gone = data["twice"], data["nowhere"], data["gone"]
    assert isinstance(twice, dict) and isinstance(nowhere, list) and isinstance(gone, list)
    wrong = [f"in {_and(places)}: {name}{_already(before, name)}" for name, places in sorted(twice.items())]
    wrong += [f"in none: {name}, which was in {_and([*before[str(name)]])}" for name in nowhere if name not in gone]
    if wrong:
        return Judgement(Outcome.FAIL, EXPECTED, f"{len(wrong)} do not: {joined(wrong, 3)}", wrong)
    if gone:
        found = f"{len(gone)} left their place while the backup ran, and are in none: moved, or deleted"
        return Judgement(Outcome.UNKNOWN, EXPECTED, found, [str(name) for name in gone])
    if not data["items"]:
        return Judgement(Outcome.UNKNOWN, EXPECTED, "there are no items, so that none could be lost")
    counts = {where: sum(where in places for places in before.values()) for where in _components(before)}
    spread = ", ".join(f"{count:,} in {where}" for where, count in counts.items())
    found = f"{data['items']:,} items in one each; at the source {spread}"
    return Judgement(Outcome.PASS, EXPECTED, found + (f"; {data['moved']:,} moved since" if data.get("moved") else ""))


def _items(seen: Observation | None) -> Mapping[str, Mapping[str, str]] | None:
    data = seen.data if seen and isinstance(seen.data, dict) else {}
    items = data.get("items")
    if not isinstance(items, dict):
        return None
    return {name: {where: str(key) for where, key in places.items()} for name, places in items.items()
            if isinstance(places, dict)}  # fmt: skip


def _components(items: Mapping[str, Mapping[str, str]]) -> list[str]:
    return sorted({component for places in items.values() for component in places})


def _and(places: JsonValue) -> str:
    return " and ".join(str(place) for place in places) if isinstance(places, list) else str(places)


def _already(before: Mapping[str, Mapping[str, str]], name: str) -> str:
    return ", already at the source" if len(before.get(name, {})) > 1 else ""
