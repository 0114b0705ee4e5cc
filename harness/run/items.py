"""What differs between the items that inventories have of one key, and where a sequence may stand (DESIGN 4)."""

from __future__ import annotations

import re
from typing import NamedTuple

from harness.model.inventory import Item, ItemClass

UNREADABLE = "unreadable"  # as digest: it was there, and could not be read
_INTEGER = re.compile(r"-?[0-9]+")


def sequence_wrong(before: Item, after: Item, restored: Item) -> str:
    """Why a sequence may not stand there; empty if it may.

    It may stand anywhere between its two places at the source, and behind an id in use only if that id is beyond all
    that the sequence ever gave (somebody wrote it) or the sequence was behind it before.
    """
    first, end, found = (_Place.of(item) for item in (before, after, restored))
    # By the source itself, from wherever it began; one that cycles may have done so unseen.
    restarted = end.last < first.last or "cycles" in before.attributes
    if not restarted and found.last < first.last:
        return f"set back from {before.attributes['last']} to {restored.attributes['last']}"
    if found.last < found.highest <= end.last and not first.last < found.highest <= first.highest:
        return f"at {restored.attributes['last']}, but {found.highest:.0f} is in use"
    return ""


def unreadable(before: Item | None, after: Item | None, restored: Item | None) -> str | None:
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
    return float("-inf") if (number := integer(text)) is None else number


def integer(text: str) -> int | None:
    """The number, if the text is one as a database writes it."""
    return int(text) if _INTEGER.fullmatch(text) else None


def size_of(item: Item) -> int:
    """In bytes; 0 of what has none."""
    return int(item.attributes.get("size", "0"))


def plain(item: Item) -> Item:
    """What of a file that only grows must be equal: all but its content and its size."""
    return item._replace(digest="", attributes=item.attributes | {"size": ""})


def differs(one: Item, other: Item) -> str:
    """What differs, in words; empty if nothing does. An unreadable digest never equals another."""
    found = list(differing(one, other).values())
    if one.digest != other.digest or one.digest == UNREADABLE:
        found.insert(0, "content")
    return ", ".join(found)


def differing(one: Item, other: Item) -> dict[str, str]:
    """Attributes that differ, in order of their names, each with both values."""
    pairs = {key: (one.attributes.get(key), other.attributes.get(key)) for key in one.attributes | other.attributes}
    return {key: f"{key} {a or 'none'} → {b or 'none'}" for key, (a, b) in sorted(pairs.items()) if a != b}
