"""Finds hosts and addresses in configuration text: URLs, JDBC URLs, `host:port`, keys that name a host, literals.

Of every format the same few signs are read, because a portal's configuration is properties, OSGi files, XML,
scripts and JSON at once. What is commented out is not in use and is left out; so are XML namespaces, names of
classes and of files. What a line must have for any of it says `host_lines.py`, and has to know of each new sign.
Requirements: HCL-20, LR-D7, GEN-D20.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple

from harness.kinds.host_signs import HOST_KEY, anywhere, means, of_value, plain

TEXT = 200  # characters of a line that are quoted
OVERLAP = 4096  # characters of a piece of a line that are read again before the next piece
_QUOTED_FROM = 1024  # characters at a line's beginning
_COMMENTS = "#", "!", "//", ";"  # how a line begins that is none of the configuration

_PAIR = re.compile(
    r"""(?:^|[\s,{;<"'])["']?([A-Za-z_][\w.:-]{0,200})["']?\s*(?:=|:(?=[\s"'\[]))\s*(\[[^\]]*\]|"[^"]*"|'[^']*'|.*)"""
    r"""|^([A-Za-z_][\w.-]{0,200}):(.*)"""
)
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([A-Za-z0-9_:.-]{1,200})\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ELEMENT = re.compile(r"<([\w:.-]++)[^<>]*+>([^<>]*+)</")
_OPEN_VALUE = re.compile(r"<[\w:.-]*-value\b[^<>]*>\Z")
_SCALAR = re.compile(r"[^,}\]]*")
_NAMESPACES = re.compile(
    r"""\b(?:xmlns(?::[\w.-]+)?|(?:\w+:)?(?:schemaLocation|noNamespaceSchemaLocation))\s*=\s*("[^"]*"|'[^']*')"""
)
_DECLARED = re.compile(r"<!(?:DOCTYPE|ENTITY)[^>\[]*")
SEAM = re.compile(r""">(?=<)|[,;](?=\s?["'])""")  # where a long line is cut: no pair is
_SECRET_WORDS = "password", "passwd", "pwd", "secret", "token"
_SECRET_IN_TEXT = re.compile(rf"""(?i)((?:{"|".join(_SECRET_WORDS)})[\w.-]*["']?\s*[=:]\s*["']?)[^\s&"'<>;,]+""")
_USER_IN_URL = re.compile(r"(://[^\s/@:]*):[^\s/@]*@")


class Named(NamedTuple):
    """A host or address as it stands in a line; `port` None where none is given."""

    host: str
    port: int | None
    line: int
    text: str


class Piece(NamedTuple):
    """A line of a file with its number from 1, or a part of a long one: the parts of one line have its number."""

    line: int
    text: str


def named_in(lines: Iterable[str]) -> Iterator[Named]:
    """Every host that the lines of one file name, numbered from 1; see `named_at`."""
    return named_at(Piece(*numbered) for numbered in enumerate(lines, 1))


def named_at(pieces: Iterable[Piece]) -> Iterator[Named]:
    """Every host that these pieces of one file name, in its order; each once per piece. Lines may be left out as
    `host_lines.py` says, and nothing else is found.

    Shape: `host` in lower case without brackets or a last dot; `text` the piece, cut short, passwords left out.
    """
    reader = _Reader()
    for piece in pieces:
        found: dict[tuple[str, int | None], None] = {}
        for host, port in reader.hosts(piece):
            found[plain(host), port] = None
        if not found:
            continue
        with_port = {host for host, port in found if port is not None}
        text = quoted(piece.text)
        yield from (Named(*one, piece.line, text) for one in found if one[1] is not None or one[0] not in with_port)


def is_own(host: str) -> bool:
    """Whether a name or address never leaves the machine, or is made to lead nowhere (RFC 2606, RFC 6761)."""
    if host == "localhost" or host.endswith((".localhost", ".invalid")):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def quoted(line: str) -> str:
    """The line for people: passwords out of it, cut short."""
    text = line.strip()
    if len(text) > _QUOTED_FROM:  # without the word that is cut: it may be half a password
        text = re.sub(r"[^\s/@]*\Z", "", text[:_QUOTED_FROM]) + "…"
    folded = text.casefold()
    if any(word in folded for word in _SECRET_WORDS):
        text = _SECRET_IN_TEXT.sub(r"\1…", text)
    if "@" in text:
        text = _USER_IN_URL.sub(r"\1:…@", text)
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


class _Pair(NamedTuple):
    """A key and its value; `span`: where the value stands in the text."""

    key: str
    value: str
    span: tuple[int, int]


@dataclass
class _Reader:
    """Reads piece by piece; remembers a comment that is open, a key whose value stands in a later element (`key`) or
    on the next line (`carried`: by this line), and how the line begins of which this is a piece."""

    key: str = ""
    carried: tuple[int, str] = (0, "")
    in_comment: bool = False
    line: int = 0
    begin: str = ""
    before: str = ""

    def hosts(self, piece: Piece) -> Iterator[tuple[str, int | None]]:
        if piece.line != self.line:
            self.line, self.begin, self.before = piece.line, "", ""
        fresh = self._without_comments(piece.text)
        text = (_from_seam(self.before) + fresh if self.before else fresh).strip()
        self.begin, self.before = self.begin or text[:2], fresh[-OVERLAP:]
        if not fresh.strip() or self.begin.startswith(_COMMENTS):
            return
        if "xmlns" in text or "chemaLocation" in text:
            text = _NAMESPACES.sub(" ", text)
        if "<!" in text:
            text = _DECLARED.sub(" ", text)
        if "\\" in text:
            text = text.replace(r"\:", ":").replace(r"\=", "=").replace(r"\/", "/")  # as Java writes properties
        pairs = [*(self._of_markup(text) if self.begin[0] == "<" else self._of_text(text))]
        secrets = {pair.span for pair in pairs if means(pair.key).secret}
        yield from anywhere(_without(text, secrets) if secrets else text)
        for pair in pairs:
            if pair.span not in secrets:
                yield from of_value(pair.key, pair.value)

    def _without_comments(self, text: str) -> str:
        if self.in_comment:
            _, end, text = text.partition("-->")
            self.in_comment = not end
        while "<!--" in text and not self.in_comment:
            before, _, after = text.partition("<!--")
            _, end, rest = after.partition("-->")
            self.in_comment, text = not end, before + " " + rest
        return text

    def _of_markup(self, text: str) -> Iterator[_Pair]:
        """Attributes, elements, and elements that hold the value of a key which an earlier one named."""
        pairs = [_Pair(m[1].lower(), m[m.lastindex or 0], m.span(m.lastindex or 0)) for m in _ATTRIBUTE.finditer(text)]
        named = [pair for pair in pairs if pair.key == "name" and not text.startswith("<Host ")]
        name = named[-1].value if named else ""  # it names what the others say
        yield from (pair._replace(key=name) for pair in pairs if named and pair.key == "value")
        yield from (pair for pair in pairs if pair.key != "name" or not named)
        for match in _ELEMENT.finditer(text):
            element, value = match[1], match[2].strip()
            if element.endswith("-name") and not HOST_KEY.search(element.removesuffix("-name")):
                self.key = value
            else:
                key = self.key if element.endswith("-value") else name or element
                yield _Pair(key, value, match.span(2))
        if "-value" in text and _OPEN_VALUE.search(text):
            self.carried = self.line, self.key

    def _of_text(self, text: str) -> Iterator[_Pair]:
        """`key=value` and `key: value`, or the value of the key that the line before named."""
        first = self.carried[1] if self.carried[0] == self.line - 1 else ""
        if first and "=" not in text:
            yield _Pair(first, text.rstrip("\\").strip(), (0, len(text)))
        else:
            for number, match in enumerate(_PAIR.finditer(text)):
                key, group = (match[1], 2) if match[1] else (match[3], 4)
                first = first if number else key
                begin, end = match.span(group)
                if match[1] and text[match.end(1)] in "\"'" and text[begin : begin + 1] not in ("[", '"', "'"):
                    end = _SCALAR.match(text, begin).end()  # type: ignore[union-attr]  # of JSON; it may be empty
                yield _Pair(key, match[group].rstrip("\\").strip().rstrip(",").strip("\"'"), (begin, end))
        self.carried = self.line, first if text.endswith("\\") else ""


def _from_seam(text: str) -> str:
    """From the first place where no pair is cut."""
    seam = SEAM.search(text)
    return text[seam.end() :] if seam else text


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """A space instead of each, in one pass."""
    parts, at = list[str](), 0
    for begin, end in sorted(spans):
        parts += text[at:begin], " "
        at = max(at, end)
    return "".join((*parts, text[at:]))
