"""Writes inventories and compares three of them by one merge-join in constant memory (DESIGN 4)."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import CouldNotAsk
from harness.model.drill import Component
from harness.model.inventory import ClassRule, Difference, InventoryRef, Item, ItemClass, Named, rule_of

FIRST = 20
BATCH = 1000
UNREADABLE = "unreadable"  # as digest: it was there, and could not be read
IGNORED = frozenset({ItemClass.DISPOSABLE, ItemClass.REBUILDABLE})
PrefixDigests = Callable[[Mapping[str, int]], Mapping[str, str]]


def write_inventory(items: Iterable[Item], rules: tuple[ClassRule, ...], path: Path) -> tuple[int, str]:
    """Compress items into `path`; returns their count and the SHA-256 of the uncompressed lines.

    Raises: CouldNotAsk if keys do not ascend by bytes: the comparison would be wrong.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, digest, last = 0, hashlib.sha256(), None
    with gzip.open(path, "wb", compresslevel=1) as out:
        for item in items:
            sort_key = item.sort_key
            if last is not None and sort_key <= last:
                raise CouldNotAsk(f"inventory out of order: {item.key!r} after {last!r}")
            last = sort_key
            item_class = item.item_class
            if rules and item_class is ItemClass.STATE and (rule := rule_of(item.key, rules)):
                item_class = rule.item_class
            line = json.dumps([item.key, item_class, item.digest, item.attributes], separators=(",", ":"))
            encoded = line.encode("ascii") + b"\n"
            out.write(encoded)
            digest.update(encoded)
            count += 1
    return count, digest.hexdigest()


def read_inventory(path: Path) -> Iterator[Item]:
    """Items as written. Raises: CouldNotAsk if the file is cut short or unreadable."""
    try:
        if not path.stat().st_size:  # of no bytes gzip makes no items, instead of an error
            raise EOFError("it has no bytes")
        with gzip.open(path, "rb") as lines:
            for line in lines:
                key, item_class, digest, attributes = json.loads(line)
                yield Item(key, ItemClass(item_class), digest, attributes)
    except (OSError, EOFError, TypeError, ValueError, zlib.error) as error:
        raise CouldNotAsk(f"inventory {path.name} cannot be read: {error}") from error


@dataclass
class _Names:
    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.first) < FIRST:
            self.first.append(name.encode("utf-8", "backslashreplace").decode())

    def frozen(self) -> Named:
        return Named(count=self.count, first=tuple(self.first))


class _Tally:
    """Judges one key after the other by its class."""

    def __init__(self, component: Component, prefix_digests: PrefixDigests | None) -> None:
        self._component, self._prefix_digests = component, prefix_digests
        self.missing, self.extra, self.transient, self.gone = _Names(), _Names(), _Names(), _Names()
        self.changed, self.attributes = _Names(), _Names()
        self.canaries = 0
        self.ignored: dict[str, int] = {}
        self._appended: dict[str, Item] = {}

    def take(self, before: Item | None, after: Item | None, restored: Item | None) -> None:
        one = restored or after or before
        assert one is not None
        classes = {item.item_class for item in (before, after, restored) if item}
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
            self._monotone(before, restored)
        elif ItemClass.APPEND in classes:
            self._append(before, after, restored)
        elif _differs(before, after):
            self.transient.add(one.key or ".")
        elif what := _differs(after, restored):
            self.changed.add(f"{one.key or '.'} ({what})")
            if after.digest == restored.digest:
                self.attributes.add(f"{one.key or '.'} ({what})")

    def _not_in_both(self, key: str, before: Item | None, after: Item | None, restored: Item | None) -> None:
        if before is None and after is None:
            self.extra.add(key or ".")
        else:  # born or deleted while the backup ran: may be absent, may be there
            self.transient.add(key or ".")
            if after is None:
                self.gone.add(key or ".")

    def _ignore(self, key: str, item_class: ItemClass) -> None:
        rule = rule_of(key, self._component.classes)
        reason = f"{item_class}: {rule.reason if rule else 'as the component says'}"
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def _monotone(self, before: Item, restored: Item) -> None:
        """A sequence behind the ids in use is only the restore's fault if it was not so before."""
        last, highest = _number(restored.attributes["last"]), _number(restored.attributes["highest"])
        if last < _number(before.attributes["last"]):
            what = f"{before.attributes['last']} to {restored.attributes['last']}"
            self.changed.add(f"{before.key} (set back from {what})")
        elif last < highest and highest > _number(before.attributes["highest"]):
            self.changed.add(f"{before.key} (at {restored.attributes['last']}, but {highest:.0f} is in use)")

    def _append(self, before: Item, after: Item, restored: Item) -> None:
        if before.attributes.get("type", "f") != "f":
            if what := _differs(before, restored):
                self.changed.add(f"{before.key} ({what})")
            return
        what = _differs(
            before._replace(digest="", attributes=before.attributes | {"size": ""}),
            restored._replace(digest="", attributes=restored.attributes | {"size": ""}),
        )
        if what:
            self.changed.add(f"{before.key} ({what})")
        elif all((i.digest, i.attributes) != (restored.digest, restored.attributes) for i in (before, after)):
            self._appended[before.key] = before
            if len(self._appended) >= BATCH:
                self.finish()

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
    """Where an item that is judged could not be read; at the source once is enough to have seen it."""
    if restored and restored.digest == UNREADABLE:
        return "after its restore"
    if before and after and before.digest == after.digest == UNREADABLE:
        return "on the source"
    return None


def _number(text: str) -> float:
    """Words instead of numbers (never asked, none in use) stand below every number."""
    try:
        return int(text)
    except ValueError:
        return float("-inf")


def hold_against(path: Path, ref: InventoryRef) -> None:
    """Raises: CouldNotAsk if an inventory is not the one that was recorded: nothing may be judged by it."""
    digest, count = hashlib.sha256(), 0
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                digest.update(line)
                count += 1
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise CouldNotAsk(f"inventory {path.name} cannot be read: {error}") from error
    if (count, digest.hexdigest()) != (ref.count, ref.sha256):
        raise CouldNotAsk(f"inventory {path.name} is not the one that was recorded at capture")


def _differs(one: Item, other: Item) -> str:
    """What differs, in words; empty if nothing does. An unreadable digest never equals another."""
    keys = sorted(one.attributes.keys() | other.attributes.keys())
    found = [
        f"{key} {one.attributes.get(key, 'none')} → {other.attributes.get(key, 'none')}"
        for key in keys
        if one.attributes.get(key) != other.attributes.get(key)
    ]
    if one.digest != other.digest or one.digest == UNREADABLE:
        found.insert(0, "content")
    return ", ".join(found)


def compare_inventories(
    component: Component, before: Path, after: Path, restored: Path, prefix_digests: PrefixDigests | None = None
) -> Difference:
    """What the restored component lacks, has too much, or has otherwise than the source had.

    Raises: CouldNotAsk if an inventory cannot be read to its end.
    """
    tally = _Tally(component, prefix_digests)
    streams = [read_inventory(before), read_inventory(after), read_inventory(restored)]
    heads = [next(stream, None) for stream in streams]
    counts = [0, 0, 0]
    while any(heads):
        lowest = min(head.sort_key for head in heads if head)
        row: list[Item | None] = [head if head and head.sort_key == lowest else None for head in heads]
        tally.take(row[0], row[1], row[2])
        for i, item in enumerate(row):
            if item:
                counts[i] += 1
                heads[i] = next(streams[i], None)
    tally.finish()
    return Difference(
        component=component.name,
        source_count=counts[1],
        restored_count=counts[2],
        missing=tally.missing.frozen(),
        extra=tally.extra.frozen(),
        changed=tally.changed.frozen(),
        attributes=tally.attributes.frozen(),
        transient=tally.transient.frozen(),
        gone=tally.gone.frozen(),
        canary_count=tally.canaries,
        ignored=dict(sorted(tally.ignored.items())),
    )
