"""Valid files made wrong in many ways, each by its number alone, so that a failure can be seen again."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
TOKEN = re.compile(r"[\w.-]+|[^\w\s]|\s+")
KEY = re.compile(r"[\w-]+(?=:)")
TEXTS = [
    *("", "null", "~", "true", "no", "0", "-1", "7", "1.5", ".nan", "1e999", "9" * 30, "15 min", "every 24 h", "0 s"),
    *(
        "[]",
        "{}",
        "[[]]",
        "{a: {b: [c]}}",
        "- x",
        "&a",
        "*a",
        "<<: *a",
        "!!str",
        "!!python/none",
        "|",
        ">",
        "---",
        "...",
    ),
    *("'", '"', "#", ": ", "? ", "\t", "\\", "${env:X}", "${HOME}", "\x00", "\x85", "\u2028", "\ufeff", "é", "𝄞", "\r"),
    *("database", "search", "order", "kind", "engine", "rebuild", "command", "pg_dump", "plain", "wagtail", "sql"),
    *("/", "..", "/opt/liferay", "2099-12-31", "a" * 300),
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 10**12, 0.5, float("nan"), float("inf")),
    *("", " ", "x", "15 min", "every 24 h", "/opt/liferay", "database", "\x00", "${env:X}", "2099-12-31"),
    *([], {}, [None], [[]], [{}], {"": None}, {"a": [{"b": "c"}]}, ["database", "database"]),
]


def mutated(content: bytes, number: int) -> bytes:
    """The `number`th mutation of a file: one to four changes."""
    chance = random.Random(number)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        content = chance.choice(MUTATIONS)(content, chance)
    return content


def _bytes(content: bytes, chance: random.Random) -> bytes:
    """A few bytes flipped, left out or put in."""
    found = bytearray(content or b"a")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found))
        match chance.randrange(3):
            case 0:
                found[at] ^= 1 << chance.randrange(8)
            case 1 if len(found) > 1:
                del found[at]
            case _:
                found.insert(at, chance.randrange(256))
    return bytes(found)


def _of_text(change: Callable[[str, random.Random], str]) -> Callable[[bytes, random.Random], bytes]:
    return lambda content, chance: change(content.decode("utf-8", "replace"), chance).encode("utf-8", "replace")


def _lines(text: str, chance: random.Random) -> str:
    """Lines left out, doubled, exchanged, moved in or out, cut off."""
    lines = text.split("\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = " " * chance.randint(1, 4) + lines[at]
        case 4:
            lines[at] = lines[at].lstrip()
        case _:
            del lines[at:]
    return "\n".join(lines)


def _tokens(text: str, chance: random.Random) -> str:
    """Two words or signs exchanged, or one replaced."""
    tokens = TOKEN.findall(text) or [""]
    at, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
    if chance.random() < 0.5:
        tokens[at], tokens[other] = tokens[other], tokens[at]
    else:
        tokens[at] = chance.choice(TEXTS)
    return "".join(tokens)


def _keys(text: str, chance: random.Random) -> str:
    """One key in the place of another."""
    keys = list(KEY.finditer(text))
    if not keys:
        return text
    at, other = chance.choice(keys), chance.choice(keys)
    return text[: at.start()] + other[0] + text[at.end() :]


def _structure(content: bytes, chance: random.Random) -> bytes:
    """A value replaced, removed, wrapped, moved elsewhere or renamed, in what the file says."""
    try:
        data = yaml.load(content, LOADER)
        places = list(_places(data))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):  # no YAML, or one that holds itself
        return content
    if not places:
        return content
    (holder, key), (elsewhere, there) = chance.choice(places), chance.choice(places)
    match chance.randrange(5):
        case 0:
            holder[key] = deepcopy(chance.choice(VALUES))
        case 1:
            del holder[key]
        case 2:
            holder[key] = chance.choice(([holder[key]], {"x": holder[key]}))
        case 3:
            holder[key] = deepcopy(elsewhere[there])
        case _ if isinstance(holder, dict):
            holder[str(there)] = holder.pop(key)
    style = chance.choice((None, True, False))
    try:
        return yaml.dump(data, Dumper=DUMPER, allow_unicode=True, default_flow_style=style).encode()
    except RecursionError:  # hundreds of levels
        return content


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(data, dict | list):
        for key in list(data) if isinstance(data, dict) else range(len(data)):
            yield data, key
            yield from _places(data[key])


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    _bytes,
    _of_text(_lines),
    _of_text(_tokens),
    _of_text(_keys),
    _structure,
    _structure,
]
