"""YAML text as plain data, with the line and column of every key and value.

Plain words mean what they say: `on`, `yes` and `0755` stay text, dates stay text, and only `true`, `false`,
`null`, decimal integers and decimal fractions are anything else (YAML 1.2, without its octal and
hexadecimal numbers).
"""

from __future__ import annotations

import errno
import hashlib
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from harness.errors import DrillFileWrong, Mistake
from harness.model.frozen import JsonValue
from harness.prepare.yaml_words import Place, character_words, place_behind, syntax_words, tag_word

MOST_BYTES = 1024 * 1024
MOST_NODES = 20_000
MOST_DEPTH = 40

Key = str | int
At = tuple[Key, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REASONS = {
    errno.ENOENT: "no such file",
    errno.EACCES: "a file that this user may not read",
    errno.ELOOP: "a link that leads back to itself",
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}([eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, JsonValue] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


@dataclass(frozen=True)
class Document:
    """One file's data and where each part of it stands. Units: lines and columns count from 1."""

    file: str
    data: JsonValue
    sha256: str = ""  # of the file's bytes
    keys: dict[At, Place] = field(default_factory=dict)
    values: dict[At, Place] = field(default_factory=dict)

    def key_place(self, at: At) -> Place:
        """Where the key stands, or the nearest thing around it."""
        return self.keys.get(at) or self.value_place(at)

    def value_place(self, at: At) -> Place:
        while at and at not in self.values:
            at = at[:-1]
        return self.values.get(at, (1, 1))


@dataclass(slots=True)
class _Node:
    """A parsed value; a list holds nodes, a mapping by each key where that stands, and a node."""

    place: Place
    value: JsonValue = None
    items: list[_Node] | None = None
    pairs: dict[str, tuple[Place, _Node]] | None = None


class _Wrong(Exception):
    def __init__(self, place: Place, found: str, expected: str, hint: str = "") -> None:
        self.place, self.found, self.expected, self.hint = place, found, expected, hint


def read_yaml(path: Path, shown_as: str) -> Document:
    """The one document in the file. Raises: DrillFileWrong if it cannot be read or is no sound YAML."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            found = "a folder" if stat.S_ISDIR(kind) else "neither a file nor a folder"
            raise DrillFileWrong((Mistake(shown_as, 1, 1, found, "a file"),))
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        number, words = getattr(error, "errno", 0), getattr(error, "strerror", "no usable file name")
        reason = _REASONS.get(number, words)
        raise DrillFileWrong((Mistake(shown_as, 1, 1, reason, "a file that can be read"),)) from error
    return parse_yaml(content, shown_as)


def parse_yaml(content: bytes, shown_as: str) -> Document:
    """As `read_yaml`, from bytes."""
    mistakes: list[Mistake] = []
    try:
        text = _decoded(content)
        root = _Builder(text, shown_as, mistakes).root()
        document = Document(shown_as, None)
        data = _Flattener(document).plain(root, (), 0)
    except _Wrong as wrong:
        mistakes.append(Mistake(shown_as, *wrong.place, wrong.found, wrong.expected, wrong.hint))
    if mistakes:
        raise DrillFileWrong(tuple(mistakes))
    return replace(document, data=data, sha256=hashlib.sha256(content).hexdigest())


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise _Wrong((1, 1), "a file over 1 MiB", "at most 1 MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = place_behind(error.object[: error.start].decode("utf-8", "replace"))
        raise _Wrong(place, f"byte 0x{error.object[error.start]:02x}", "text in UTF-8") from error


class _Builder:
    """Events to nodes: one document, unique keys, no tags, no merge keys, aliases only to finished anchors."""

    def __init__(self, text: str, file: str, mistakes: list[Mistake]) -> None:
        self.text, self.file, self.mistakes = text, file, mistakes
        self.anchors: dict[str, _Node] = {}
        self.next_event: Callable[[], Any] = lambda: None

    def root(self) -> _Node:
        """The reader's events are asked for one by one, without a generator in between: that is half of the time."""
        try:
            self.next_event = _LOADER(self.text).get_event
            return self._root()
        except yaml.reader.ReaderError as error:
            raise _Wrong(*character_words(error, self.text)) from error
        except yaml.MarkedYAMLError as error:
            raise _Wrong(*syntax_words(error, self.text)) from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise _Wrong((1, 1), str(error).splitlines()[0], "valid YAML") from error

    def _place(self, event: Any) -> Place:
        """Inside the file: libyaml adds a line behind a last one that does not end."""
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1)
        return place if mark.index < len(self.text) else min(place, place_behind(self.text))

    def _root(self) -> _Node:
        root: _Node | None = None
        while (event := self.next_event()) is not None:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise _Wrong(self._place(event), "a second document", "one document in one file")
            if isinstance(event, yaml.NodeEvent):
                root = self._node(event, 0)
        return root or _Node((1, 1))

    def _node(self, event: Any, depth: int) -> _Node:
        place = self._place(event)
        if depth > MOST_DEPTH:
            raise _Wrong(place, f"level {depth} of nesting", f"at most {MOST_DEPTH} levels")
        sort = type(event)
        if sort is yaml.AliasEvent:
            if event.anchor not in self.anchors:
                expected = f"an alias whose anchor &{event.anchor} is complete before it"
                raise _Wrong(place, f"*{event.anchor}", expected)
            return self.anchors[event.anchor]
        self._refuse(event)
        if sort is yaml.ScalarEvent:
            node = _Node(place, _scalar(event))
        elif sort is yaml.SequenceStartEvent:
            node = _Node(place, items=self._items(depth))
        else:
            node = _Node(place, pairs=self._pairs(depth))
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _refuse(self, event: Any) -> None:
        """Tags, and the one character that no command, path or request can hold."""
        if event.tag and event.tag not in ("!", "tag:yaml.org,2002:str"):
            raise _Wrong(self._place(event), f"the tag {tag_word(event.tag)}", "a value without a tag")
        if isinstance(event, yaml.ScalarEvent) and "\0" in event.value:
            raise _Wrong(self._place(event), "character U+0000", "printable text")

    def _items(self, depth: int) -> list[_Node]:
        items: list[_Node] = []
        while type(event := self.next_event()) is not yaml.SequenceEndEvent:
            items.append(self._node(event, depth + 1))
        return items

    def _pairs(self, depth: int) -> dict[str, tuple[Place, _Node]]:
        pairs: dict[str, tuple[Place, _Node]] = {}
        while type(event := self.next_event()) is not yaml.MappingEndEvent:
            key, place = self._key(event), self._place(event)
            value = self._node(self.next_event(), depth + 1)
            if key in pairs:
                hint = f"it stands in line {pairs[key][0][0]} already"
                self.mistakes.append(Mistake(self.file, *place, f"the key {key} again", "each key once", hint))
                continue
            pairs[key] = place, value
        return pairs

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _Wrong(self._place(event), "a key that is no plain word", "a word, a colon and a value")
        if event.value == "<<" and event.implicit[0]:
            raise _Wrong(self._place(event), "the merge key <<", "keys spelled out, or an alias for a whole value")
        self._refuse(event)
        return str(event.value)


def _scalar(event: Any) -> JsonValue:
    text: str = event.value
    if not event.implicit[0] or event.tag:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text


class _Flattener:
    """Nodes to plain data, noting places; aliases are expanded, within a budget for the whole file."""

    def __init__(self, document: Document) -> None:
        self.document, self.count = document, 0

    def plain(self, node: _Node, at: At, depth: int) -> JsonValue:
        self.count += 1
        if self.count > MOST_NODES:
            raise _Wrong(node.place, f"over {MOST_NODES} values, aliases expanded", "a smaller file")
        if depth > MOST_DEPTH:
            raise _Wrong(node.place, f"level {depth} of nesting", f"at most {MOST_DEPTH} levels")
        self.document.values[at] = node.place
        if node.items is not None:
            return [self.plain(item, (*at, number), depth + 1) for number, item in enumerate(node.items)]
        if node.pairs is None:
            return node.value
        found: dict[str, JsonValue] = {}
        for key, (place, value) in node.pairs.items():
            below = (*at, key)
            self.document.keys[below] = place
            found[key] = self.plain(value, below, depth + 1)
        return found
