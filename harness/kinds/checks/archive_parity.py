"""Every item that a job moves between databases lies in exactly one of them: none in two, none in neither.

Captured at different moments, databases agree with their own inventories each, and an item that was moved in between
has vanished from both, or is in both. Requirements: XLR-D3, GEN-D2.
"""

from __future__ import annotations

from collections import Counter
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
from harness.model.evidence import AT_SOURCE
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass, Named, Names, key_bytes
from harness.model.verdict import Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = True
ALWAYS = False
REQUIREMENTS = ("XLR-D3", "GEN-D2")
EXPECTED = "every item that is moved between databases lies in exactly one of them"
UNABLE = "this portal's adapter does not know which items are moved"
UNSEEN = "nobody looked where the items lie"
AT_ONCE = 100_000  # items that are nowhere, looked up in the inventories together: each time reads them all

Places = Mapping[str, str]  # by component, the item's key in its inventory


class Options(KindOptions):
    pass


def look(access: SourceAccess, options: Options) -> JsonValue:
    """Where each item lies at the source, by name, is kept beside the restore point: the components with its key in
    their inventories. Shape: what was kept, and how many items lie in each component."""
    if not isinstance(access.portal_kind, MovesItems):
        return {"refusal": UNABLE}
    spread = Counter[str]()

    def counted(placed: Iterator[Placed]) -> Iterator[Item]:
        for name, places in _by_name(placed):
            spread.update(places.keys())
            yield Item(name, ItemClass.STATE, "", places)

    kept = access.keep("archive_parity", counted(access.portal_kind.placed(access.portal)))
    return {"kept": kept, "spread": dict(sorted(spread.items()))}


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """Items in several databases, and those of the source that none has: `lost`, or `gone` if they had left their
    place at the source by the end of the backup, moved or deleted; `moved`: how many lie elsewhere since."""
    before = access.restore_point.evidence.observation("archive_parity", AT_SOURCE)
    if not isinstance(access.portal_kind, MovesItems):
        return {"refusal": UNABLE}
    if before is None or not isinstance(before.data, dict) or "kept" not in before.data:
        return {"refusal": UNSEEN}
    found, count = _Found(access), 0
    for name, there, here in _side_by_side(
        ((item.key, item.attributes) for item in access.kept(before.data["kept"])),
        _by_name(access.portal_kind.placed(access.portal)),
    ):
        count += here is not None
        found.take(name, there, here)
    found.look_up()
    wrong = {"twice": found.twice.data(), "lost": found.lost.data(), "gone": found.gone.data()}
    return {"items": count, "moved": found.moved, **wrong}


class _Found:
    """What is wrong, by name: counted, and the first of each sort."""

    def __init__(self, access: CheckAccess) -> None:
        self._access = access
        self._nowhere: dict[str, Places] = {}
        self.twice, self.lost, self.gone = Names(), Names(), Names()
        self.moved = 0

    def take(self, name: str, there: Places | None, here: Places | None) -> None:
        self.moved += bool(there and here and len(there) == len(here) == 1 and there.keys() != here.keys())
        if here is not None and len(here) > 1:
            already = ", already at the source" if there and len(there) > 1 else ""
            self.twice.add(f"in {' and '.join(here)}: {name}{already}")
        elif here is None and there is not None:
            self._nowhere[name] = there
            if len(self._nowhere) == AT_ONCE:
                self.look_up()

    def look_up(self) -> None:
        """Of those that are nowhere: whether any of an item's rows was not there any more when the backup ended."""
        components = {component for places in self._nowhere.values() for component in places}
        traces = {
            component: self._access.trace(
                component, frozenset(places[component] for places in self._nowhere.values() if component in places)
            )
            for component in sorted(components)
        }
        for name, places in self._nowhere.items():
            seen = [traces[component].get(key) for component, key in places.items()]
            if any(trace is None or trace.after is None for trace in seen):
                self.gone.add(name)
            else:
                self.lost.add(f"in none: {name}, which was in {' and '.join(places)}")
        self._nowhere.clear()


def _by_name(placed: Iterator[Placed]) -> Iterator[tuple[str, dict[str, str]]]:
    """By component, in order of their names, the keys of one item after the other."""
    for name, several in groupby(placed, key=lambda one: one.name):
        yield name, {one.component: one.key for one in sorted(several, key=lambda one: one.component)}


def _side_by_side(
    source: Iterator[tuple[str, Places]], restored: Iterator[tuple[str, Places]]
) -> Iterator[tuple[str, Places | None, Places | None]]:
    """Both in byte order of name; None: it is not there."""
    there, here = next(source, None), next(restored, None)
    while there or here:
        name = min((one[0] for one in (there, here) if one), key=key_bytes)
        one, other = (each[1] if each and each[0] == name else None for each in (there, here))
        yield name, one, other
        there = next(source, None) if one is not None else there
        here = next(restored, None) if other is not None else here


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: an item in two databases that was in one, or in none. UNKNOWN: not looked at, nothing to move, or only
    items that left their place while the backup ran: nobody can tell whether they were moved or deleted."""
    seen, before = record.seen("archive_parity"), record.at_source("archive_parity")
    data = seen.data if seen and isinstance(seen.data, dict) else {}
    spread = before.data.get("spread") if before and isinstance(before.data, dict) else None
    if "twice" not in data or not isinstance(spread, dict):
        return Judgement(Outcome.UNKNOWN, EXPECTED, str(data.get("refusal", UNSEEN)))
    twice, lost, gone = (Named.model_validate(data[sort]) for sort in ("twice", "lost", "gone"))
    wrong, count = [*twice.first, *lost.first], twice.count + lost.count
    if wrong:
        return Judgement(Outcome.FAIL, EXPECTED, f"{count:,} do not: {joined(wrong, 3)}", wrong, count)
    if gone.count:
        found = f"{gone.count:,} left their place while the backup ran, and are in none: moved, or deleted"
        return Judgement(Outcome.UNKNOWN, EXPECTED, found, gone.first, gone.count)
    if not data["items"]:
        return Judgement(Outcome.UNKNOWN, EXPECTED, "there are no items, so that none could be lost")
    there = ", ".join(f"{held:,} in {where}" for where, held in spread.items())
    moved = f"; {data['moved']:,} moved since" if data.get("moved") else ""
    return Judgement(Outcome.PASS, EXPECTED, f"{data['items']:,} items in one each; at the source {there}{moved}")
