"""Merges rows that name files with the files of a component, and sorts what does not agree (design fact 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from harness.errors import CouldNotAsk
from harness.kinds.contracts import Reference, StoredFile, joined
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.inventory import ClassRule, Difference, ItemClass, Names, key_bytes, key_text, rule_of

T = TypeVar("T")
MOST = 1000  # names that are kept of each sort
KINDS = ("missing", "size", "orphan", "transient", "undecided")
NOT_JUDGED = frozenset({ItemClass.DISPOSABLE, ItemClass.REBUILDABLE})


@dataclass(frozen=True)
class Window:
    """When a file may have been born without a row: from the database's snapshot to the end of the files' capture.

    `in_order`: the database was captured first. `looked_utc`: when the source was looked at, before all that.
    """

    start: datetime
    end: datetime
    in_order: bool
    looked_utc: datetime | None


@dataclass
class Join:
    """One component's rows and files, merged.

    `difference`: what else changed while the backup ran; None if that is not known. At the source nothing is excused.
    """

    component: Component
    globs: tuple[str, ...]
    window: Window | None = None
    difference: Difference | None = None
    at_source: bool = False
    found: dict[str, Names] = field(default_factory=lambda: {kind: Names(MOST) for kind in KINDS})
    rows: int = 0
    files: int = 0

    def take(self, references: Sequence[Reference], file: StoredFile | None) -> None:
        """One key: the rows that name it, and its file."""
        self.rows += len(references)
        self.files += file is not None
        if file is None:
            self._without_file(references)
        elif not references:
            self._without_row(file)
        else:
            self._with_both(references, file)

    def _with_both(self, references: Sequence[Reference], file: StoredFile) -> None:
        """A file replaced while the backup ran may be newer than its row, never older."""
        in_order = self.window is not None and self.window.in_order
        for one in references:
            if None not in (one.size_bytes, file.size_bytes) and one.size_bytes != file.size_bytes:
                sizes = f"{one.size_bytes} bytes in {one.row}, {file.size_bytes} on disk"
                kind = self._unless(file.key, "transient", "size") if in_order else "size"
                self._add(kind, f"{file.key} ({sizes})")

    def _without_file(self, references: Sequence[Reference]) -> None:
        """Only a file that the source itself deleted meanwhile is excused: one that was born meanwhile is lost."""
        rows = joined([one.row for one in references], 3)
        self._add(self._unless(references[0].key, "gone", "missing"), f"{references[0].key} (named by {rows})")

    def _without_row(self, file: StoredFile) -> None:
        rule = rule_of(file.key, self.component.classes)
        if not _named_by(file.key, self.globs) or (rule and rule.item_class in NOT_JUDGED):
            return
        if self.window and self.window.start <= file.changed_utc <= self.window.end:
            self._add("transient", file.key)  # its time tells, however many others changed meanwhile
            return
        kind = self._unless(file.key, "transient", "orphan")
        if kind == "orphan" and self.window:
            if file.changed_utc > self.window.end:
                kind = "undecided"  # later than its own backup: the restore did not keep the time
            elif self.window.looked_utc and file.changed_utc > self.window.looked_utc:
                kind = "undecided"  # an upload that came to nothing, or one whose row is lost
        self._add(kind, file.key)

    def _unless(self, key: str, changed: str, kind: str) -> str:
        """`transient` if the source's own inventories say so, by their names `transient` or `gone`; `undecided` if they
        have too many such names to tell."""
        if self.at_source:
            return kind
        if self.difference is None:
            return "undecided"
        found = self.difference
        named = (found.gone,) if changed == "gone" else (found.transient, found.grown)
        if any(key.encode("utf-8", "backslashreplace").decode() in one.first for one in named):
            return "transient"
        return "undecided" if any(one.count > len(one.first) for one in named) else kind

    def _add(self, kind: str, name: str) -> None:
        self.found[kind].add(f"{self.component.name}: {name}")

    def data(self) -> dict[str, JsonValue]:
        return {"rows": self.rows, "files": self.files} | {kind: one.data() for kind, one in self.found.items()}


def _named_by(key: str, globs: tuple[str, ...]) -> bool:
    return any(ClassRule(match=glob, item_class=ItemClass.STATE, reason="").matches(key) for glob in globs)


def pairs(
    references: Iterator[Reference], files: Iterator[StoredFile]
) -> Iterator[tuple[tuple[Reference, ...], StoredFile | None]]:
    """Merge-join by the bytes of the key, in constant memory. Raises: CouldNotAsk if a side is out of order."""
    by_key = ((key_bytes(key), tuple(same)) for key, same in groupby(references, key=lambda one: one.key))
    named = _ascending(by_key, "rows")
    stored = _ascending(((key_bytes(one.key), one) for one in files), "files")
    rows, file = next(named, None), next(stored, None)
    while rows or file:
        if file is None or (rows is not None and rows[0] < file[0]):
            assert rows is not None
            yield rows[1], None
            rows = next(named, None)
        elif rows is None or file[0] < rows[0]:
            yield (), file[1]
            file = next(stored, None)
        else:
            yield rows[1], file[1]
            rows, file = next(named, None), next(stored, None)


def _ascending(keyed: Iterator[tuple[bytes, T]], what: str) -> Iterator[tuple[bytes, T]]:
    last = b""
    for pair in keyed:
        if last and pair[0] <= last:
            raise CouldNotAsk(f"{what} out of order: {key_text(pair[0])!r} after {key_text(last)!r}")
        last = pair[0]
        yield pair
