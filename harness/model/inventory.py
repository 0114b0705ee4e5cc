"""Inventories and their differences: one format for files, rows, index ids and all else (DESIGN 4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from harness.model.frozen import Frozen, JsonValue


class ItemClass(StrEnum):
    """How an item is judged; every class but `state` stands with a reason."""

    STATE = "state"
    APPEND = "append"
    MONOTONE = "monotone"
    REBUILDABLE = "rebuildable"
    DISPOSABLE = "disposable"
    REWRITTEN = "rewritten"
    CANARY = "canary"


def key_bytes(text: str) -> bytes:
    """The bytes of a name, the same in every locale: those of one that is not UTF-8 by surrogateescape."""
    return text.encode("utf-8", "surrogateescape")


def key_text(name: bytes) -> str:
    """The name as text, in every locale the same. The inverse of `key_bytes`."""
    return name.decode("utf-8", "surrogateescape")


class Item(NamedTuple):
    """One thing that a component holds.

    Shape: `key` unique and sortable by its bytes (file names that are not UTF-8 by surrogateescape),
    `digest` of its content, `attributes` what must be equal besides (mode, owner, link target, …).
    """

    key: str
    item_class: ItemClass
    digest: str
    attributes: dict[str, str]

    @property
    def sort_key(self) -> bytes:
        return key_bytes(self.key)


# Of these there may be many today and few tomorrow.
VOLATILE = frozenset({ItemClass.DISPOSABLE, ItemClass.REBUILDABLE, ItemClass.APPEND})


class Lines(NamedTuple):
    """Many items at once, as the lines of an inventory that hold them (`run/inventory_lines`), made where the items
    are: whole lines, in order, of class `state` unless they say another."""

    text: bytes


@lru_cache(maxsize=4096)
def _pattern(glob: str) -> re.Pattern[str]:
    translated = re.escape(glob).replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.compile(translated, re.DOTALL)


class ClassRule(Frozen):
    """Items whose key matches the glob `match` have this class, for this reason.

    `**` crosses `/`, `*` and `?` do not; `dir/**` matches all below `dir`, not `dir` itself.
    """

    match: str
    item_class: ItemClass
    reason: str

    def matches(self, key: str) -> bool:
        return _pattern(self.match).fullmatch(key) is not None


def rule_of(key: str, rules: Iterable[ClassRule]) -> ClassRule | None:
    """The first rule that matches the whole key."""
    return next((rule for rule in rules if rule.matches(key)), None)


FORM = "xxh3-128, rows in bundles, columns by name, views summed, objects and settings with all of them"


class InventoryRef(Frozen):
    """Where an inventory lies: a gzip of JSON lines beside the evidence or in the restore point.

    Shape: `volatile` items of `count` are caches, temporary files, logs: how many there are says nothing of the
    portal; `volatile_bytes` is their size, where items tell theirs.
    """

    component: str
    moment: str  # before | after | restored
    path: str
    count: int
    sha256: str
    volatile: int = 0
    volatile_bytes: int = 0
    form: str = ""  # how items are digested and written; only one form compares with itself


class Named(Frozen):
    """The first items of one kind of difference, and how many there are in all."""

    count: int = 0
    first: tuple[str, ...] = ()


FIRST = 20  # names that are kept unless told otherwise


@dataclass
class Names:
    """Collects one kind of difference: every name is counted, the first `most` are kept, for a million may come."""

    most: int = FIRST
    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.first) < self.most:  # names that are not Unicode are written out, so that they can be saved
            self.first.append(name.encode("utf-8", "backslashreplace").decode())

    def named(self) -> Named:
        return Named(count=self.count, first=tuple(self.first))

    def data(self) -> dict[str, JsonValue]:
        """As an observation holds it."""
        return {"count": self.count, "first": [*self.first]}


class Difference(Frozen):
    """What the merge of a component's inventories found; judges see this, never inventories.

    Shape: `source_count` are all items after the backup, `judged_count` those of them that can be judged (no class
    that is not, no canary, not the root of a tree), `compared_count` those that had to come back as they are.
    `missing`, `extra`, `changed` break parity (each name may carry what changed); `attributes` are those
    of `changed` whose mode, owner, access list or another extended attribute differs, whatever their content;
    `transient` are items that differ between the source's own two inventories, `gone` those of them that it had before
    the backup and no longer after it; `as_read_count` of them came back as one of the two inventories has them, those
    `between` as neither has them, though they are no logs, or are logs longer than the source's after the backup;
    `grown` are logs that both at the source and as restored begin with what they held before the backup: none of the
    transient ones, among which evidence without `grown` has them;
    `undecided` are in neither inventory, and whether they came and went meanwhile cannot be told (also a log that came
    back longer than in both, which are the same);
    `ignored` counts items by class and reason.
    """

    component: str
    source_count: int
    restored_count: int
    judged_count: int = 0
    compared_count: int = 0
    missing: Named = Named()
    extra: Named = Named()
    changed: Named = Named()
    attributes: Named = Named()
    transient: Named = Named()
    gone: Named = Named()
    as_read_count: int = 0
    grown: Named = Named()
    between: Named = Named()
    undecided: Named = Named()
    canary_count: int = 0
    ignored: dict[str, int] = {}

    @property
    def equal(self) -> bool:
        return not (self.missing.count or self.extra.count or self.changed.count)
