"""Writes inventories and compares three of them by one merge-join in constant memory (DESIGN 4)."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import CouldNotAsk
from harness.model.drill import Component
from harness.model.inventory import ClassRule, Difference, InventoryRef, Item, ItemClass, rule_of
from harness.run.tally import UNREADABLE, Meanwhile, PrefixDigests, Tally


def write_inventory(items: Iterable[Item], rules: tuple[ClassRule, ...], path: Path) -> tuple[int, str]:
    """Compress items into `path`; returns their count and the SHA-256 of the uncompressed lines.

    Raises: CouldNotAsk if keys do not ascend by bytes: the comparison would be wrong.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, digest, last = 0, hashlib.sha256(), None
    with gzip.open(path, "wb", compresslevel=1) as out:
        for item in classified(items, rules):
            sort_key = item.sort_key
            if last is not None and sort_key <= last:
                raise CouldNotAsk(f"inventory out of order: {item.key!r} after {last!r}")
            last = sort_key
            line = json.dumps([item.key, item.item_class, item.digest, item.attributes], separators=(",", ":"))
            encoded = line.encode("ascii") + b"\n"
            out.write(encoded)
            digest.update(encoded)
            count += 1
    return count, digest.hexdigest()


def classified(items: Iterable[Item], rules: tuple[ClassRule, ...]) -> Iterable[Item]:
    """Items with the class that the first fitting rule gives them; a class that the component gave stays."""
    return (_with_class(item, rules) for item in items) if rules else items


def _with_class(item: Item, rules: tuple[ClassRule, ...]) -> Item:
    rule = rule_of(item.key, rules) if item.item_class is ItemClass.STATE else None
    return item._replace(item_class=rule.item_class) if rule else item


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


def compare_inventories(
    component: Component,
    before: Path,
    after: Path,
    restored: Path,
    prefix_digests: PrefixDigests | None = None,
    meanwhile: Meanwhile | None = None,
) -> Difference:
    """What the restored component lacks, has too much, or has otherwise than the source had.

    Shape: `meanwhile` is what was seen of the source between its inventories; None: nothing.
    Raises: CouldNotAsk if an inventory cannot be read to its end.
    """
    tally = Tally(component, prefix_digests, meanwhile or Meanwhile())
    counts = [0, 0, 0]
    for row in merged(before, after, restored):
        tally.take(row[0], row[1], row[2])
        for i, item in enumerate(row):
            counts[i] += item is not None
    tally.end()
    return Difference(
        component=component.name,
        source_count=counts[1],
        restored_count=counts[2],
        missing=tally.missing.named(),
        extra=tally.extra.named(),
        changed=tally.changed.named(),
        attributes=tally.attributes.named(),
        transient=tally.transient.named(),
        gone=tally.gone.named(),
        canary_count=tally.canaries,
        ignored=dict(sorted(tally.ignored.items())),
    )


def merged(*paths: Path) -> Iterator[list[Item | None]]:
    """The items of one key after the other, as each inventory has it, in constant memory."""
    streams = [read_inventory(path) for path in paths]
    heads = [next(stream, None) for stream in streams]
    while any(heads):
        lowest = min(head.sort_key for head in heads if head)
        row: list[Item | None] = [head if head and head.sort_key == lowest else None for head in heads]
        yield row
        for i, item in enumerate(row):
            if item:
                heads[i] = next(streams[i], None)


def traced(keys: frozenset[str], *paths: Path) -> Iterator[tuple[str, list[str | None]]]:
    """Those of `keys` that any of the inventories has, each with its digest there; None: it is not there."""
    for row in merged(*paths):
        one = next(item for item in row if item)
        if one.key in keys:
            yield one.key, [item.digest if item else None for item in row]


def began_anew(before: Path, after: Path, prefix_digests: PrefixDigests) -> tuple[str, ...]:
    """Files of class `append` that are no shorter than before and do not begin with what they held before: rotated
    and written on. Asked while the files of `after` are still there."""
    grown = {}
    for one, other in merged(before, after):
        if one and other and one.digest != other.digest and ItemClass.APPEND in (one.item_class, other.item_class):
            sizes = [int(item.attributes.get("size", "-1")) for item in (one, other)]
            if 0 <= sizes[0] <= sizes[1] and one.digest != UNREADABLE:
                grown[one.key] = (sizes[0], one.digest)
    digests = prefix_digests({key: size for key, (size, _) in grown.items()}) if grown else {}
    return tuple(key for key, (_, digest) in grown.items() if digests.get(key) != digest)
