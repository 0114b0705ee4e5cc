"""What a service's own user can do with a tree of files; no kind of its own.

Asked inside the service's own container, by commands that any shell and `find` know, so that users, groups and
mounts are those that the service itself lives with.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.errors import CouldNotAsk
from harness.kinds.contracts import ComponentAccess, nested_in
from harness.kinds.records import records
from harness.model.frozen import JsonValue
from harness.model.inventory import ItemClass, key_bytes, rule_of

TIMEOUT_S = 3600.0
FIRST = 20
MOST = 1000  # names of one kind that are kept of the source, the first in byte order; what comes later is not judged
NO_FILES = frozenset({ItemClass.DISPOSABLE, ItemClass.CANARY})  # come and go between the two looks

# A root that cannot be entered is an answer. Links are not followed: what they lead to is another item.
_LIST = r"""cd "$1" 2>/dev/null || { printf 'd--- .\0'; exit 0; }; shift; "$@" 2>/dev/null; true"""
_EACH = r"""for f; do [ -h "$f" ] && continue
k=f; [ -d "$f" ] && k=d; r=-; [ -r "$f" ] && r=r; w=-; [ -w "$f" ] && w=w; x=-; [ -x "$f" ] && x=x
printf '%s%s%s%s %s\0' $k $r $w $x "$f"; done"""


class _Names:
    """All counted; the first `most` in byte order kept."""

    def __init__(self, most: int) -> None:
        self._most, self.count, self._kept = most, 0, list[bytes]()

    def add(self, name: str) -> None:
        self.count += 1
        self._kept.append(key_bytes(name))
        if len(self._kept) >= 2 * self._most:
            self._kept = heapq.nsmallest(self._most, self._kept)

    def data(self) -> JsonValue:
        first = [name.decode("utf-8", "backslashreplace") for name in heapq.nsmallest(self._most, self._kept)]
        return {"count": self.count, "first": [*first]}


@dataclass(frozen=True)
class Before:
    """What the source's user could not read, could not write into, could execute: by name, as far as kept."""

    names: dict[str, frozenset[bytes]] = field(default_factory=dict)
    until: dict[str, bytes | None] = field(default_factory=dict)  # after this name nothing is known; None: all is

    @classmethod
    def of(cls, data: JsonValue) -> Before | None:
        """None if the source was not looked at, or ran as root."""
        if not isinstance(data, dict) or "unreadable" not in data:
            return None
        names, until = {}, dict[str, bytes | None]()
        for kind, part in data.items():
            if isinstance(part, dict) and isinstance(part.get("first"), list):
                listed = [str(name).encode() for name in part["first"]]  # type: ignore[union-attr]
                names[kind] = frozenset(listed)
                until[kind] = listed[-1] if len(listed) < int(str(part["count"])) else None
        return cls(names, until)

    def lost(self, kind: str, name: bytes) -> bool:
        """Whether an item that is so now was not so then."""
        if kind == "executable":
            return name in self.names.get(kind, frozenset())
        last = self.until.get(kind)
        return name not in self.names.get(kind, frozenset()) and (last is None or name < last)


def tree_access(access: ComponentAccess, user: str, before: Before | None) -> JsonValue:
    """What `user` can do with the tree. Shape: counts of files and directories, names of what it cannot read, of
    directories that it cannot write into, of files that it can execute; with `before` what it has `lost` since.

    Raises: CouldNotAsk if nothing could be listed.
    """
    path = str(access.component.options["path"])
    nested = [re.sub(r"([*?\[\]\\])", r"\\\1", mount) for mount in nested_in(path, access)]
    prune = [word for mount in nested for word in ("-path", f"./{mount}", "-prune", "-o")]
    listing = ["find", ".", "-xdev", *prune, "-exec", "sh", "-c", _EACH, "each", "{}", "+"]
    shell = access.stack.shell(access.component.service)
    counts = {"files": 0, "directories": 0}
    kinds = {kind: _Names(MOST) for kind in ("unreadable", "unwritable", "executable")}
    lost = {kind: _Names(FIRST) for kind in kinds}
    for record in records(shell.stream(["sh", "-c", _LIST, "list", path, *listing], user=user, timeout_s=TIMEOUT_S)):
        signs, _, found = record.partition(" ")
        if not re.fullmatch("[df][r-][w-][x-]", signs) or not found:
            raise CouldNotAsk(f"listing {path} printed a record that is none: {record[:80]!r}")
        name = found.removeprefix("./")
        is_folder = signs[0] == "d"
        counts["directories" if is_folder else "files"] += 1
        rule = rule_of("" if name == "." else name, access.component.classes)
        if not is_folder and rule and rule.item_class in NO_FILES:
            continue
        plain = key_bytes(name).decode("utf-8", "backslashreplace").encode()
        for kind, holds, gone in _kinds(signs, is_folder):
            if holds:
                kinds[kind].add(name)
            if gone and before and before.lost(kind, plain):
                lost[kind].add(name)
    if not counts["directories"]:
        raise CouldNotAsk(f"{path} could not be listed in the container of {access.component.service}")
    data: dict[str, JsonValue] = {**counts}
    if before is None:
        return data | {kind: names.data() for kind, names in kinds.items()}
    cut = [kind for kind, last in before.until.items() if last is not None]
    return data | {"lost": {kind: names.data() for kind, names in lost.items()}, "bounded": [*sorted(cut)]}


def _kinds(signs: str, is_folder: bool) -> Iterable[tuple[str, bool, bool]]:
    """(kind, whether the item is of it, whether that may be a loss)."""
    readable, writable, executable = signs[1], signs[2], signs[3]
    closed = readable == "-" or (is_folder and executable == "-")
    yield "unreadable", closed, closed
    if is_folder:
        yield "unwritable", writable == "-", writable == "-"
    else:
        yield "executable", executable == "x", executable == "-"
