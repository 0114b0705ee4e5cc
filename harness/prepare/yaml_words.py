"""What the YAML reader could not read, in words for the author: what stands there, what was expected, a hint.

Source: the problems and contexts of libyaml 0.2.5 (`scanner.c`, `parser.c`). The reader in pure Python, which is used
where libyaml is missing, has other words for some of them; those fall through to the last line.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

Place = tuple[int, int]
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PLAIN = "quotes around a text that begins with & * % @ ` { } [ ] , ! | or >"


def syntax_words(error: yaml.MarkedYAMLError, text: str) -> tuple[Place, str, str, str]:
    """Place, found, expected and hint."""
    lines = _BREAK.split(text)
    place, began = _place(error.problem_mark or error.context_mark, text), _place(error.context_mark, text)
    there = _rest(lines, place)
    since = f"it begins in line {began[0]}, column {began[1]}"
    problem = error.problem or error.context or "no YAML"
    if there.startswith("\t") or "found a tab" in problem:
        return place, "a tab", "spaces for indentation", ""
    if "could not find expected ':'" in problem:
        return began, _quoted(_rest(lines, began)), "a key, a colon, a space and a value", ""
    if "quoted scalar" in (error.context or "") and "end of stream" in problem:
        return began, "a quotation mark that is never closed", "another one at the end of the text", ""
    if "unknown escape" in problem:
        return place, _quoted(there[:2]), "text in single quotes, in which \\ is plain", ""
    if "mapping values are not allowed" in problem:
        return place, "a second colon in one value", "one value, in quotes if it holds a colon and a space", ""
    if "sequence entries are not allowed" in problem:
        return place, "a list entry behind a key", "entries below the key, or in [ ]", ""
    if "expected ',' or" in problem:
        opened = "{" if problem.endswith("'}'") else "["
        return place, _quoted(there), f", or {'}' if opened == '{' else ']'}", f"{opened} is not closed: {since}"
    if "did not find expected key" in problem:
        hint = "all keys of one mapping begin in the same column, and nothing follows a closing quotation mark"
        return place, _quoted(there), f"a key in column {began[1]}, as those above it", hint
    if "'-' indicator" in problem:
        return place, _quoted(there), f"`- ` in column {began[1]}, as above it", f"the list: {since}"
    if "alphabetic or numeric" in problem:
        return place, _quoted(there), "a name right behind & or *", _PLAIN
    if "cannot start any token" in problem:
        return place, _quoted(there[:1]), "a value", _PLAIN
    if "node content" in problem:
        return place, _quoted(there), "a value", _PLAIN
    if "<document start>" in problem:
        return place, _quoted(there), "the end of the file", "what was closed here was not open"
    return place, problem.removeprefix("found "), "valid YAML", error.context or ""


def place_behind(text: str) -> Place:
    """The end of a text. libyaml's marks can lie one line behind it."""
    lines = _BREAK.split(text)
    return len(lines), len(lines[-1]) + 1


def character_words(error: yaml.reader.ReaderError, text: str) -> tuple[Place, str, str]:
    """Place, found and expected. The C reader tells the code point, the other one the character or byte."""
    character: Any = error.character
    place = place_behind(text[: int(error.position)])
    number = character if isinstance(character, int) else ord(character[:1])
    return place, f"character U+{number:04X}", "printable text"


def tag_word(tag: str) -> str:
    """As people write it."""
    return tag.replace("tag:yaml.org,2002:", "!!", 1)


def _place(mark: Any, text: str) -> Place:
    return min((mark.line + 1, mark.column + 1), place_behind(text)) if mark else (1, 1)


def _rest(lines: list[str], place: Place) -> str:
    return lines[place[0] - 1][place[1] - 1 :]


def _quoted(text: str) -> str:
    """What stands there, up to the end of its line."""
    printable = "".join(character if character.isprintable() else "�" for character in text).strip()
    return (printable[:39] + "…" if len(printable) > 40 else printable) or "the end of the line"
