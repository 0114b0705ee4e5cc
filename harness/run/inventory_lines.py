"""Inventories on disk: gzip of JSON lines, one for each item or for each bundle of rows (DESIGN 4).

    ["key", "class", "digest", {attributes}]
    [how many, "row/public.page/#04d2", "class", {"primary key": "digest", …}]

A bundle's name ends in the hash of its keys, so that a database bundles rows alike in whatever order they come.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from isal import igzip, isal_zlib

from harness.errors import CouldNotAsk
from harness.model.frozen import JsonValue
from harness.model.inventory import FORM, ClassRule, InventoryRef, Item, ItemClass, Lines, key_bytes, rule_of

CHUNK = 1 << 16
STATE_MARK = b'","state",'  # in a key the quotes would have a backslash in front
_LITERAL = re.compile(r"[^*?]*")
_CANNOT_READ: tuple[Any, ...] = (
    OSError,
    EOFError,
    TypeError,
    ValueError,
    KeyError,
    zlib.error,
    isal_zlib.error,
)


class Bundle(NamedTuple):
    """Rows of one table and one class whose keys have one hash: digests by the ends of their keys."""

    name: str
    item_class: ItemClass
    members: dict[str, str]

    @property
    def sort_key(self) -> bytes:
        return key_bytes(self.name)

    def items(self) -> Iterator[Item]:
        table = self.name.rpartition("#")[0]
        for key, digest in self.members.items():
            yield Item(table + key, self.item_class, digest, {})


def write_inventory(items: Iterable[Item | Lines], rules: tuple[ClassRule, ...], path: Path) -> tuple[int, str]:
    """Compress items into `path`; returns their count and the SHA-256 of the uncompressed lines.

    Raises: CouldNotAsk if keys do not ascend by bytes: the comparison would be wrong.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, digest, last = 0, hashlib.sha256(), None
    with igzip.open(path, "wb", compresslevel=1) as out:  # type: ignore[no-untyped-call]  # isal has no types
        for item in classified(items, rules):
            if isinstance(item, Lines):  # in order by themselves: what differs is looked at when it is compared
                text, last = item.text, None
                count += sum(map(count_of, text.split(b"\n")[:-1]))
            else:
                sort_key = item.sort_key
                if last is not None and sort_key <= last:
                    raise CouldNotAsk(f"inventory out of order: {item.key!r} after {last!r}")
                last = sort_key
                text = _line(item)
                count += 1
            out.write(text)
            digest.update(text)
    return count, digest.hexdigest()


def classified(items: Iterable[Item | Lines], rules: tuple[ClassRule, ...]) -> Iterable[Item | Lines]:
    """Items with the class that the first fitting rule gives them; a class that the component gave stays."""
    beginnings = tuple(_beginning(rule) for rule in rules)
    return (_with_class(item, rules, beginnings) for item in items) if rules else items


def _with_class(item: Item | Lines, rules: Sequence[ClassRule], beginnings: tuple[str, ...]) -> Item | Lines:
    if isinstance(item, Item):
        return _ruled(item, rules)
    written = tuple(json.dumps(beginning)[1:-1].encode() for beginning in beginnings)
    lines = item.text.split(b"\n")[:-1]
    ruled = (one for line in lines for one in _classified(line, rules, beginnings, written))
    return Lines(b"".join(one + b"\n" for one in ruled))


def marked(item: Item | Lines) -> Iterator[Item]:
    """Those that have another class than `state`."""
    if isinstance(item, Item):
        if item.item_class is not ItemClass.STATE:
            yield item
        return
    for line in item.text.split(b"\n")[:-1]:
        if STATE_MARK not in line:
            read = _read(line)
            yield from (read,) if isinstance(read, Item) else read.items()


def _line(item: Item) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode("ascii") + b"\n"


def _ruled(item: Item, rules: Sequence[ClassRule]) -> Item:
    """An item that has a class keeps it."""
    if item.item_class is ItemClass.STATE and (rule := rule_of(item.key, rules)):
        return item._replace(item_class=rule.item_class)
    return item


def _classified(
    line: bytes, rules: Sequence[ClassRule], beginnings: tuple[str, ...], written: tuple[bytes, ...]
) -> Iterator[bytes]:
    """The line, or what the rules make of it; most lines no rule can match, and they are not read.

    Shape: `beginnings` of what the rules match, and as they are `written` in a line.
    """
    if not line.startswith(written, line.index(b'"') + 1) and not line[1:2].isdigit():
        yield line
        return
    read = _read(line)
    if isinstance(read, Item):
        yield _line(_ruled(read, rules))[:-1]
        return
    table = read.name.rpartition("#")[0]
    if not table.startswith(beginnings) and not any(beginning.startswith(table) for beginning in beginnings):
        yield line
        return
    members: dict[ItemClass, dict[str, str]] = {}
    for one in read.items():
        item = _ruled(one, rules)
        members.setdefault(item.item_class, {})[item.key.removeprefix(table)] = item.digest
    for item_class, found in sorted(members.items()):
        yield json.dumps([len(found), read.name, item_class, found], separators=(",", ":")).encode("ascii")


def _beginning(rule: ClassRule) -> str:
    """What every key that the rule matches begins with."""
    found = _LITERAL.match(rule.match)
    return found[0] if found else ""


def count_of(line: bytes) -> int:
    """How many items a line stands for. Raises: CouldNotAsk if it is no line of an inventory."""
    try:
        return int(line[1 : line.index(b",")]) if line[1:2].isdigit() else 1
    except ValueError as error:
        raise CouldNotAsk(f"{error} in the line {line[:80]!r}") from error


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines as written, without their ends. Raises: CouldNotAsk if the file is cut short or unreadable."""
    try:
        if not path.stat().st_size:  # of no bytes gzip makes no lines, instead of an error
            raise EOFError("it has no bytes")
        rest = b""
        with igzip.open(path, "rb") as stream:  # type: ignore[no-untyped-call]  # isal has no types
            while chunk := stream.read(CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
        if rest:
            raise EOFError("its last line has no end")
    except _CANNOT_READ as error:
        raise CouldNotAsk(f"inventory {path.name} cannot be read: {error}") from error


def read_line(line: bytes, path: Path) -> Item | Bundle:
    """Raises: CouldNotAsk if it is no line of an inventory."""
    try:
        return _read(line)
    except CouldNotAsk as error:
        raise CouldNotAsk(f"inventory {path.name} cannot be read: {error}") from error


def _read(line: bytes) -> Item | Bundle:
    try:
        first, second, third, fourth = json.loads(line)
        if isinstance(first, str):
            return Item(first, ItemClass(second), third, fourth)
        if first != len(fourth):
            raise ValueError(f"{second} should have {first} rows, and has {len(fourth)}")
        return Bundle(second, ItemClass(third), fourth)
    except _CANNOT_READ as error:
        raise CouldNotAsk(f"{error} in the line {line[:80]!r}") from error


def read_inventory(path: Path) -> Iterator[Item]:
    """Items as written, those of a bundle one by one."""
    for line in lines_of(path):
        read = read_line(line, path)
        if isinstance(read, Item):
            yield read
        else:
            yield from read.items()


def hold_against(path: Path, ref: InventoryRef) -> None:
    """Raises: CouldNotAsk if an inventory is not the one that was recorded, or in a form that this version does not
    write: nothing may be judged by it."""
    if ref.form != FORM:
        raise CouldNotAsk(
            f"inventory {path.name} is of the form {ref.form or 'of before 2026-11-21'!r}, not {FORM!r}: "
            "another version of portal-drill made it; take a new backup"
        )
    digest, count = hashlib.sha256(), 0
    for line in lines_of(path):
        digest.update(line + b"\n")
        count += count_of(line)
    if (count, digest.hexdigest()) != (ref.count, ref.sha256):
        raise CouldNotAsk(f"inventory {path.name} is not the one that was recorded at capture")


def keep_items(folder: Path, name: str, items: Iterable[Item]) -> JsonValue:
    """Items that a check saw of the source, beside the restore point in `folder`; what evidence has of them."""
    path = f"kept/{name}.jsonl.gz"
    count, digest = write_inventory(items, (), folder / path)
    return InventoryRef(component=name, moment="before", path=path, count=count, sha256=digest, form=FORM).model_dump(
        mode="json"
    )


def kept_items(folder: Path, kept: JsonValue) -> Iterator[Item]:
    """Raises: CouldNotAsk if they are not those that were kept."""
    ref = InventoryRef.model_validate(kept)
    hold_against(folder / ref.path, ref)
    yield from read_inventory(folder / ref.path)
