"""Judges one key of three inventories after the other by its class (DESIGN 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.errors import CouldNotAsk
from harness.model.drill import Component
from harness.model.inventory import Item, ItemClass, Names, rule_of

BATCH = 1000
MOST_BRIEF = 1000  # items in no inventory of the source that are looked at closer, of each sort
UNREADABLE = "unreadable"  # as digest: it was there, and could not be read
IGNORED = frozenset({ItemClass.DISPOSABLE, ItemClass.REBUILDABLE})
# Attributes that say what an item holds or is, not who may use it: never `Difference.attributes`.
CONTENT = frozenset({"type", "size", "link", "hard links", "last", "highest"})
PrefixDigests = Callable[[Mapping[str, int]], Mapping[str, str]]
Why = Callable[[str], str]  # of the key of an item that the component's own options exempt


@dataclass(frozen=True)
class Meanwhile:
    """What was seen of the source between its two inventories.

    Shape: `rotated` are files of class `append` that it began anew; `deletions` how many items whose keys begin so
    were deleted; `written` when restored items say that they were written, and `window_unix_s` when they must have
    been, to have come after the first inventory and into the backup.
    """

    rotated: frozenset[str] = frozenset()
    deletions: Mapping[str, int] = field(default_factory=dict)
    written: Callable[[Sequence[str]], Mapping[str, float]] | None = None
    window_unix_s: tuple[float, float] = (0.0, 0.0)


class Tally:
    """Judges one key after the other by its class."""

    def __init__(
        self, component: Component, prefix_digests: PrefixDigests | None, seen: Meanwhile, why: Why | None
    ) -> None:
        self._component, self._prefix_digests, self._seen, self._why = component, prefix_digests, seen, why
        self._deleted: Counter[str] = Counter()  # by the beginning of their keys
        self._unknown: dict[str, list[str]] = {}
        self._young: list[str] = []
        self.missing, self.extra, self.transient, self.gone = Names(), Names(), Names(), Names()
        self.changed, self.attributes = Names(), Names()
        self.canaries = 0
        self.ignored: dict[str, int] = {}
        self._appended: dict[str, Item] = {}

    def take(self, before: Item | None, after: Item | None, restored: Item | None) -> None:
        one = restored or after or before
        assert one is not None
        # What the source had says how it is judged: damage must not make an item one of those that are not.
        classes = {item.item_class for item in (before, after) if item} or {one.item_class}
        if before and after is None and (counted := self._counted(one.key)):
            self._deleted[counted] += 1
        if ItemClass.CANARY in classes:
            self.canaries += 1
        elif classes & IGNORED:
            self._ignore(one.key, next(iter(classes & IGNORED)))
        elif (where := _unreadable(before, after, restored)) is not None:
            raise CouldNotAsk(f"{self._component.name}: {one.key!r} could not be read {where}")
        elif before is None or after is None:
            self._not_in_both(one.key, before, after, restored)
        elif restored is None:
            self.missing.add(one.key or ".")
        elif ItemClass.MONOTONE in classes and "last" in before.attributes and "last" in restored.attributes:
            self._monotone(before, after, restored)
        elif ItemClass.APPEND in classes:
            self._append(before, after, restored)
        else:
            self._as_state(before, after, restored)

    def _not_in_both(self, key: str, before: Item | None, after: Item | None, restored: Item | None) -> None:
        if before is None and after is None:
            self._only_restored(key)
            return
        self.transient.add(key or ".")  # born or deleted while the backup ran: may be absent, may be there
        if after is None:
            self.gone.add(key or ".")

    def _only_restored(self, key: str) -> None:
        """It was never there, or it was born and died between the inventories: that takes evidence of its own."""
        if (counted := self._counted(key)) and len(waiting := self._unknown.setdefault(counted, [])) < MOST_BRIEF:
            waiting.append(key)
        elif not counted and self._seen.written and len(self._young) < MOST_BRIEF:
            self._young.append(key)
        else:
            self.extra.add(key or ".")

    def _counted(self, key: str) -> str | None:
        """The beginning of the key under which deletions are counted."""
        ends = (i + 1 for i, sign in enumerate(key) if sign == "/")
        return next((key[:end] for end in ends if key[:end] in self._seen.deletions), None)

    def _ignore(self, key: str, item_class: ItemClass) -> None:
        rule = rule_of(key, self._component.classes)
        if rule and rule.item_class is item_class:
            why = rule.reason
        else:  # the component gave the class itself, and that stays
            why = (self._why(key) if self._why else "") or "as the component says"
        reason = f"{item_class}: {why}"
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def _monotone(self, before: Item, after: Item, restored: Item) -> None:
        """A sequence may stand anywhere between its two places at the source, and behind an id in use only if that
        id is beyond all that the sequence ever gave (somebody wrote it) or the sequence was behind it before."""
        first, end, found = (_Place.of(item) for item in (before, after, restored))
        # By the source itself, from wherever it began; one that cycles may have done so unseen.
        restarted = end.last < first.last or "cycles" in before.attributes
        if not restarted and found.last < first.last:
            what = f"{before.attributes['last']} to {restored.attributes['last']}"
            self.changed.add(f"{before.key} (set back from {what})")
        elif found.last < found.highest <= end.last and not first.last < found.highest <= first.highest:
            self.changed.add(f"{before.key} (at {restored.attributes['last']}, but {found.highest:.0f} is in use)")

    def _append(self, before: Item, after: Item, restored: Item) -> None:
        if before.attributes.get("type", "f") != "f":
            self._as_state(before, after, restored)
            return
        permissions = self._permissions(before, after, restored)
        if self._was_rotated(before, after) or _differs(_plain(before), _plain(after)):
            self.transient.add(before.key or ".")
            if permissions:
                self.changed.add(f"{before.key} ({permissions})")
        elif what := _differs(_plain(before), _plain(restored)):
            self.changed.add(f"{before.key} ({what})")
        elif all((i.digest, i.attributes) != (restored.digest, restored.attributes) for i in (before, after)):
            self._appended[before.key] = before
            if len(self._appended) >= BATCH:
                self.finish()

    def _was_rotated(self, before: Item, after: Item) -> bool:
        """The source itself did not only append: it became shorter, began anew, or was in mid-change when looked at."""
        shorter = int(after.attributes.get("size", "0")) < int(before.attributes.get("size", "0"))
        return shorter or before.key in self._seen.rotated or UNREADABLE in (before.digest, after.digest)

    def _as_state(self, before: Item, after: Item, restored: Item) -> None:
        permissions = self._permissions(before, after, restored)
        if _differs(before, after):
            self.transient.add(before.key or ".")
            if permissions:  # of these nothing changed meanwhile
                self.changed.add(f"{before.key or '.'} ({permissions})")
        elif what := _differs(after, restored):
            self.changed.add(f"{before.key or '.'} ({what})")

    def _permissions(self, before: Item, after: Item, restored: Item) -> str:
        """Notes and returns which of them differ though the source's inventories agree; a content that changed as
        well does not hide it."""
        unsure = CONTENT | _differing(before, after).keys()
        what = ", ".join(words for key, words in _differing(after, restored).items() if key not in unsure)
        if what:
            self.attributes.add(f"{restored.key or '.'} ({what})")
        return what

    def end(self) -> None:
        """Judge what had to wait: files that grew, and items that may have lived briefly."""
        self.finish()
        for counted, keys in self._unknown.items():
            # As many may have been born and died as were deleted, and were not there before.
            brief = len(keys) <= self._seen.deletions[counted] - self._deleted[counted]
            for key in keys:
                (self.transient if brief else self.extra).add(key)
        first, last = self._seen.window_unix_s
        times = self._seen.written(self._young) if self._seen.written and self._young else {}
        for key in self._young:
            inside = first <= times.get(key, float("-inf")) <= last
            (self.transient if inside else self.extra).add(key or ".")

    def finish(self) -> None:
        """Compare the beginnings of files that grew."""
        if not self._appended:
            return
        sizes = {key: int(item.attributes.get("size", "0")) for key, item in self._appended.items()}
        digests = self._prefix_digests(sizes) if self._prefix_digests else {}
        for key, item in self._appended.items():
            if digests.get(key) != item.digest:
                self.changed.add(f"{key} (does not begin with what it held before)")
        self._appended.clear()


def _unreadable(before: Item | None, after: Item | None, restored: Item | None) -> str | None:
    """Where an item that is judged could not be read; at the source once is enough, if that is what was restored. Logs
    are moved while they are looked at: one that could be read only once changed."""
    if restored and restored.digest == UNREADABLE:
        return "after its restore"
    if before is None or after is None:
        return None
    seen = {before.digest, after.digest}
    once = UNREADABLE in seen and ItemClass.APPEND not in (before.item_class, after.item_class)
    if seen == {UNREADABLE} or (once and restored and restored.digest not in seen):
        return "on the source"
    return None


class _Place(NamedTuple):
    """Where a sequence stands, and the highest id that is in use."""

    last: float
    highest: float

    @classmethod
    def of(cls, item: Item) -> _Place:
        return cls(_number(item.attributes.get("last", "")), _number(item.attributes.get("highest", "")))


def _number(text: str) -> float:
    """Words instead of numbers (never asked, none in use) stand below every number."""
    try:
        return int(text)
    except ValueError:
        return float("-inf")


def _plain(item: Item) -> Item:
    """What of a file that only grows must be equal: all but its content and its size."""
    return item._replace(digest="", attributes=item.attributes | {"size": ""})


def _differs(one: Item, other: Item) -> str:
    """What differs, in words; empty if nothing does. An unreadable digest never equals another."""
    found = list(_differing(one, other).values())
    if one.digest != other.digest or one.digest == UNREADABLE:
        found.insert(0, "content")
    return ", ".join(found)


def _differing(one: Item, other: Item) -> dict[str, str]:
    """Attributes that differ, in order of their names, each with both values."""
    pairs = {key: (one.attributes.get(key), other.attributes.get(key)) for key in one.attributes | other.attributes}
    return {key: f"{key} {a or 'none'} → {b or 'none'}" for key, (a, b) in sorted(pairs.items()) if a != b}
