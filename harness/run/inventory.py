"""Compares three inventories by one merge-join in constant memory (DESIGN 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from harness.errors import CouldNotAsk
from harness.model.drill import Component
from harness.model.inventory import Difference, Item, ItemClass, key_bytes
from harness.run.inventory_lines import STATE_MARK, Bundle, count_of, lines_of, read_line
from harness.run.items import UNREADABLE, integer
from harness.run.tally import BATCH, Meanwhile, PrefixDigests, Tally, Why

_UNREADABLE = b'"unreadable"'
_ROOT = b'["",'  # how the line of a tree's root begins


def compare_inventories(
    component: Component,
    before: Path,
    after: Path,
    restored: Path,
    prefix_digests: PrefixDigests | None = None,
    meanwhile: Meanwhile | None = None,
    why: Why | None = None,
) -> Difference:
    """What the restored component lacks, has too much, or has otherwise than the source had.

    Shape: `meanwhile` is what was seen of the source between its inventories; None: nothing. `why` says by its key
    why an item that has its class from the component is not judged.
    Raises: CouldNotAsk if an inventory cannot be read to its end.
    """
    tally = Tally(component, prefix_digests, meanwhile or Meanwhile(), why, partial(highest_keys, before))
    equal, counts = Counter(), [0, 0, 0]
    for row in merged(before, after, restored, equal=equal):
        tally.take(row[0], row[1], row[2])
        for i, item in enumerate(row):
            counts[i] += item is not None
    tally.end()
    return Difference(
        component=component.name,
        source_count=counts[1] + equal.items,
        restored_count=counts[2] + equal.items,
        judged_count=tally.judged + equal.items,
        compared_count=tally.compared + equal.items,
        missing=tally.missing.named(),
        extra=tally.extra.named(),
        changed=tally.changed.named(),
        attributes=tally.attributes.named(),
        transient=tally.transient.named(),
        gone=tally.gone.named(),
        as_read_count=tally.as_read,
        grown=tally.grown.named(),
        between=tally.between.named(),
        undecided=tally.undecided.named(),
        canary_count=tally.canaries,
        ignored=dict(sorted(tally.ignored.items())),
    )


class Counter:
    """How many items were equal everywhere, and needed no judging."""

    items = 0


class _Stream:
    """The lines of one inventory, one after the other; a line is read only when it is needed."""

    def __init__(self, path: Path) -> None:
        self._path, self._lines = path, lines_of(path)
        self._read: Item | Bundle | None = None
        self._last = b""
        self.line = next(self._lines, None)

    def advance(self) -> None:
        self.line, self._read = next(self._lines, None), None

    def read(self) -> Item | Bundle | None:
        """What the line says. Raises: CouldNotAsk if keys do not ascend: the comparison would be wrong."""
        if self._read is None and self.line is not None:
            self._read = read_line(self.line, self._path)
            if self._read.sort_key < self._last:
                raise CouldNotAsk(f"inventory {self._path.name} is out of order at {self.line[:80]!r}")
            self._last = self._read.sort_key
        return self._read

    def take(self, sort_key: bytes) -> list[Item | Bundle]:
        """All that has this key: one item, or the bundles of several classes."""
        taken: list[Item | Bundle] = []
        while (one := self.read()) and one.sort_key == sort_key and not (taken and isinstance(one, Item)):
            taken.append(one)
            self.advance()
        return taken


def merged(*paths: Path, equal: Counter | None = None) -> Iterator[list[Item | None]]:
    """The items of one key after the other, as each inventory has it, in constant memory.

    Shape: with `equal`, items of class `state` that are the same everywhere are only counted there. Two inventories
    of one path are read once. Those of a bundle come by their keys.
    """
    streams = {path: _Stream(path) for path in paths}
    every = list(streams.values())
    while any(stream.line is not None for stream in every):
        line = every[0].line
        if equal and line is not None and all(s.line == line for s in every) and _is_plain(line):
            equal.items += count_of(line)
            for stream in every:
                stream.advance()
            continue
        lowest = min(read.sort_key for stream in every if (read := stream.read()))
        taken = {path: stream.take(lowest) for path, stream in streams.items()}
        if not any(isinstance(one, Bundle) for held in taken.values() for one in held):
            yield [one if (one := next(iter(taken[path]), None)) and isinstance(one, Item) else None for path in paths]
            continue
        by_key = {path: _by_key(held, path) for path, held in taken.items()}
        for key in sorted({key for found in by_key.values() for key in found}, key=key_bytes):
            yield [by_key[path].get(key) for path in paths]


def _by_key(held: list[Item | Bundle], path: Path) -> dict[str, Item]:
    """Raises: CouldNotAsk if two items have one key: one of them would be compared with nothing."""
    found: dict[str, Item] = {}
    for item in (item for one in held for item in _items(one)):
        if item.key in found:
            raise CouldNotAsk(f"inventory {path.name} has two items {item.key!r}")
        found[item.key] = item
    return found


def _items(one: Item | Bundle) -> Iterator[Item]:
    if isinstance(one, Bundle):
        yield from one.items()
    else:
        yield one


def _is_plain(line: bytes) -> bool:
    """Of class `state`, could be read, and no root of a tree, which is there however little the tree holds."""
    at = line.find(STATE_MARK)
    return at > 0 and not line.startswith(_UNREADABLE, at + len(STATE_MARK)) and not line.startswith(_ROOT)


def traced(keys: frozenset[str], *paths: Path) -> Iterator[tuple[str, list[str | None]]]:
    """Those of `keys` that any of the inventories has, each with its digest there; None: it is not there."""
    for row in merged(*paths):
        one = next(item for item in row if item)
        if one.key in keys:
            yield one.key, [item.digest if item else None for item in row]


def highest_keys(path: Path, beginnings: Sequence[str]) -> dict[str, int]:
    """The highest key of each of these tables, if all of its keys are integers. Reads the inventory once more."""
    written = tuple(json.dumps(beginning)[1:-1].encode() for beginning in beginnings)
    found, others = dict[str, int](), set[str]()
    for line in lines_of(path):
        if not line.startswith(written, line.find(b'"') + 1):
            continue
        for item in _items(read_line(line, path)):
            table = next(beginning for beginning in beginnings if item.key.startswith(beginning))
            number = integer(item.key.removeprefix(table))
            if number is None:
                others.add(table)
            else:
                found[table] = max(number, found.get(table, number))
    return {table: highest for table, highest in found.items() if table not in others}


def began_anew(before: Path, after: Path, prefix_digests: PrefixDigests) -> tuple[str, ...]:
    """Files of class `append` that are no shorter than before and do not begin with what they held before: rotated
    and written on. Asked while the files of `after` are still there."""
    grown = {}
    for one, other in merged(before, after, equal=Counter()):
        if one and other and one.digest != other.digest and ItemClass.APPEND in (one.item_class, other.item_class):
            sizes = [int(item.attributes.get("size", "-1")) for item in (one, other)]
            if 0 <= sizes[0] <= sizes[1] and one.digest != UNREADABLE:
                grown[one.key] = (sizes[0], one.digest)
    digests: dict[str, str] = {}
    keys = list(grown)
    for start in range(0, len(keys), BATCH):
        digests |= prefix_digests({key: grown[key][0] for key in keys[start : start + BATCH]})
    return tuple(key for key, (_, digest) in grown.items() if digests.get(key) != digest)
