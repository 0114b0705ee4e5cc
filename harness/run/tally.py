"""Judges one key of three inventories after the other by its class (DESIGN 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import CouldNotAsk
from harness.model.drill import Component
from harness.model.inventory import Item, ItemClass, Names, rule_of
from harness.run.items import UNREADABLE, differing, differs, integer, plain, sequence_wrong, size_of, unreadable

BATCH = 1000
MOST_BRIEF = 1000  # items in no inventory of the source that are looked at closer, of each sort
IGNORED = frozenset({ItemClass.DISPOSABLE, ItemClass.REBUILDABLE})
# Attributes that say what an item holds or is, not who may use it: never `Difference.attributes`.
CONTENT = frozenset({"type", "size", "link", "hard links", "last", "highest"})
PrefixDigests = Callable[[Mapping[str, int]], Mapping[str, str]]
Why = Callable[[str], str]  # of the key of an item that the component's own options exempt
# The highest key that tables had before, where all of a table's keys are integers; by the beginning of the keys.
HighestKeys = Callable[[Sequence[str]], Mapping[str, int]]


@dataclass(frozen=True)
class Meanwhile:
    """What was seen of the source between its two inventories.

    Shape: `rotated` are files of class `append` that it began anew; `deletions` how many items whose keys begin so
    were deleted, `later_deletions` how many more, of which some may have come after the second inventory; `written`
    when restored items say that they were written, and `window_unix_s` when they must have been, to have come after
    the first inventory and into the backup.
    """

    rotated: frozenset[str] = frozenset()
    deletions: Mapping[str, int] = field(default_factory=dict)
    later_deletions: Mapping[str, int] = field(default_factory=dict)
    written: Callable[[Sequence[str]], Mapping[str, float]] | None = None
    window_unix_s: tuple[float, float] = (0.0, 0.0)


class Tally:
    """Judges one key after the other by its class.

    Shape: counts and names as `Difference` has them.
    """

    def __init__(
        self,
        component: Component,
        prefix_digests: PrefixDigests | None,
        seen: Meanwhile,
        why: Why | None,
        highest: HighestKeys,
    ) -> None:
        self._component, self._prefix_digests, self._seen, self._why = component, prefix_digests, seen, why
        self._highest = highest
        self._deleted: Counter[str] = Counter()  # by the beginning of their keys
        self._unknown: dict[str, list[str]] = {}
        self._young: list[str] = []
        self.missing, self.extra, self.transient, self.gone = Names(), Names(), Names(), Names()
        self.grown, self.between, self.undecided = Names(), Names(), Names()
        self.changed, self.attributes = Names(), Names()
        self.judged = self.compared = self.as_read = self.canaries = 0
        self.ignored: dict[str, int] = {}
        self._appended: dict[str, tuple[Item, Item, Item]] = {}

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
        elif (where := unreadable(before, after, restored)) is not None:
            raise CouldNotAsk(f"{self._component.name}: {one.key!r} could not be read {where}")
        else:
            if after and one.key:  # a tree has a root, whatever else it has
                self.judged, self.compared = self.judged + 1, self.compared + 1
            self._judge(one, before, after, restored, classes)

    def _judge(
        self, one: Item, before: Item | None, after: Item | None, restored: Item | None, classes: set[ItemClass]
    ) -> None:
        if before is None or after is None:
            self._not_in_both(one.key, before, after, restored)
        elif restored is None:
            self.missing.add(one.key or ".")
        elif ItemClass.MONOTONE in classes and "last" in before.attributes and "last" in restored.attributes:
            if wrong := sequence_wrong(before, after, restored):
                self.changed.add(f"{one.key} ({wrong})")
        elif ItemClass.APPEND in classes:
            self._append(before, after, restored)
        else:
            self._as_state(before, after, restored)

    def _not_in_both(self, key: str, before: Item | None, after: Item | None, restored: Item | None) -> None:
        if before is None and after is None:
            self._only_restored(key)
            return
        self._excuse(before, after, restored)  # born or deleted while the backup ran: may be absent, may be there
        if after is None:
            self.gone.add(key or ".")

    def _excuse(self, before: Item | None, after: Item | None, restored: Item | None) -> None:
        """It changed while the backup ran. What came back as neither inventory has it may be of a moment in between,
        or of any other year."""
        one = after or before
        assert one is not None
        self.transient.add(one.key or ".")
        self.compared -= bool(after and one.key)
        if restored is None or any(seen and not differs(seen, restored) for seen in (before, after)):
            self.as_read += 1
        elif one.item_class is not ItemClass.APPEND:  # a log that is written on is of a moment in between
            self.between.add(one.key or ".")

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
        known = self._seen.deletions, self._seen.later_deletions
        return next((key[:end] for end in ends if any(key[:end] in deletions for deletions in known)), None)

    def _ignore(self, key: str, item_class: ItemClass) -> None:
        rule = rule_of(key, self._component.classes)
        if rule and rule.item_class is item_class:
            why = rule.reason
        else:  # the component gave the class itself, and that stays
            why = (self._why(key) if self._why else "") or "as the component says"
        reason = f"{item_class}: {why}"
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def _append(self, before: Item, after: Item, restored: Item) -> None:
        if before.attributes.get("type", "f") != "f":
            self._as_state(before, after, restored)
            return
        permissions = self._permissions(before, after, restored)
        if self._was_rotated(before, after) or differs(plain(before), plain(after)):
            self._excuse(before, after, restored)
            if permissions:
                self.changed.add(f"{before.key} ({permissions})")
        elif what := differs(plain(before), plain(restored)):
            self.changed.add(f"{before.key} ({what})")
        elif any((i.digest, i.attributes) == (restored.digest, restored.attributes) for i in (before, after)):
            return
        elif size_of(restored) == size_of(after):  # it only grew, and so much of it after the backup is this
            sizes = f"{size_of(restored)} bytes, at the source {size_of(after)} after the backup"
            self.changed.add(f"{before.key} (other content: {sizes})")
        else:
            self._appended[before.key] = before, after, restored
            if len(self._appended) >= BATCH:
                self.finish()

    def _was_rotated(self, before: Item, after: Item) -> bool:
        """The source itself did not only append: it became shorter, began anew, or was in mid-change when looked at."""
        return (
            size_of(after) < size_of(before)
            or before.key in self._seen.rotated
            or UNREADABLE in (before.digest, after.digest)
        )

    def _as_state(self, before: Item, after: Item, restored: Item) -> None:
        permissions = self._permissions(before, after, restored)
        if differs(before, after):
            self._excuse(before, after, restored)
            if permissions:  # of these nothing changed meanwhile
                self.changed.add(f"{before.key or '.'} ({permissions})")
        elif what := differs(after, restored):
            self.changed.add(f"{before.key or '.'} ({what})")

    def _permissions(self, before: Item, after: Item, restored: Item) -> str:
        """Notes and returns which of them differ though the source's inventories agree; a content that changed as
        well does not hide it."""
        unsure = CONTENT | differing(before, after).keys()
        what = ", ".join(words for key, words in differing(after, restored).items() if key not in unsure)
        if what:
            self.attributes.add(f"{restored.key or '.'} ({what})")
        return what

    def end(self) -> None:
        """Judge what had to wait: files that grew, and items that may have lived briefly."""
        self.finish()
        highest = self._highest([*self._unknown]) if self._unknown else {}
        for counted, keys in self._unknown.items():
            # As many may have been born and died as were deleted, and were not there before.
            most = self._seen.deletions.get(counted, 0) - self._deleted[counted]
            perhaps = most + self._seen.later_deletions.get(counted, 0)
            for key in keys:
                # A table that counts its rows gives a new one a key beyond all others; one that was deleted long ago
                # and is back has none.
                old = counted in highest and not _is_above(key.removeprefix(counted), highest[counted])
                found = self.undecided if old or len(keys) > most else self.transient
                (self.extra if len(keys) > perhaps else found).add(key)
        first, last = self._seen.window_unix_s
        times = self._seen.written(self._young) if self._seen.written and self._young else {}
        for key in self._young:
            inside = first <= times.get(key, float("-inf")) <= last
            (self.transient if inside else self.extra).add(key or ".")

    def finish(self) -> None:
        """Compare the beginnings of files that grew."""
        if not self._appended:
            return
        sizes = {key: size_of(before) for key, (before, _, _) in self._appended.items()}
        digests = self._prefix_digests(sizes) if self._prefix_digests else {}
        for key, (before, after, restored) in self._appended.items():
            if digests.get(key) != before.digest:
                self.changed.add(f"{key} (does not begin with what it held before)")
            elif size_of(before) and size_of(restored) < size_of(after):  # the source's own begins so too
                self.grown.add(key)
                self.compared -= 1  # what follows is of a moment that nobody saw
            elif not differs(before, after):  # rotated and empty, or its header, once more; or written on afterwards
                self.undecided.add(key)
                self.compared -= 1
            else:
                self._excuse(before, after, restored)
                if size_of(restored) > size_of(after):  # began anew meanwhile, and the old beginning fits the new one
                    self.between.add(key)
        self._appended.clear()


def _is_above(key: str, highest: int) -> bool:
    number = integer(key)
    return number is not None and number > highest
