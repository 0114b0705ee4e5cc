"""Taking values out of answers, and putting values into requests: the whole language, and no more.

A value is found by a JSON Pointer (RFC 6901: `/database/engine`, `/items/0/id`; the empty pointer is all of it), in
a header, or by a regular expression whose first group counts. `{name}` in a request stands for a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Annotated, Any
from urllib.parse import quote
from warnings import catch_warnings

from pydantic import BeforeValidator, Field, field_validator, model_validator

from harness.errors import CouldNotAsk
from harness.kinds.contracts import HttpReply, KindOptions
from harness.model.frozen import JsonValue

PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
Values = Mapping[str, str]


class Unmatched(CouldNotAsk):
    """An answer came and is not of the form that the drill file describes: what it says is not known."""


class NoJson(Unmatched):
    """The body is no JSON: an error page is no data."""


def regular(value: str) -> str:
    """Raises: ValueError if it is no regular expression."""
    try:
        with catch_warnings(action="ignore"):  # of what future versions may read otherwise
            re.compile(value)
    except re.error as error:
        raise ValueError(f"a regular expression|{error}") from error
    return value


def _pointer(value: object) -> object:
    """`/id` is short for `{json: /id}`."""
    return {"json": value} if isinstance(value, str) else value


class Find(KindOptions):
    """Where a value stands in an answer: `json` or `header`, `pattern` in it, or `pattern` in the whole body."""

    pointer: str | None = Field(default=None, alias="json", description="JSON Pointer into the body: `/items/0/id`.")
    header: str | None = Field(default=None, description="Name of a header of the answer.")
    pattern: str | None = Field(
        default=None, description="Regular expression that is searched; its first group is the value, else all of it."
    )

    @field_validator("pointer")
    @classmethod
    def _is_a_pointer(cls, value: str | None) -> str | None:
        if value and (not value.startswith("/") or re.search(r"~(?![01])", value)):
            raise ValueError("a JSON Pointer, which begins with a slash: /items/0/id|in a key ~ is written ~0 and / ~1")
        return value

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        regular(PLACE.sub("0", value or ""))
        return value

    @model_validator(mode="after")
    def _says_where(self) -> Find:
        if self.pointer is not None and self.header is not None:
            raise ValueError("json or header, not both")
        if self.pointer is None and self.header is None and self.pattern is None and type(self) is Find:
            raise ValueError("one of json, header, pattern")
        return self


class Holds(Find):
    """What an answer must hold: a value that is there, that `is` something, or in which a `text` stands. Without
    `json`, `header` and `pattern` it is the body that is looked at."""

    equal: str | int | float | bool | None = Field(default=None, alias="is", description="The value, exactly.")
    text: str | None = Field(default=None, description="Whole words that stand in the value.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Holds:
        if type(self) is Holds and not self.model_fields_set:
            raise ValueError("one of json, header, pattern, text, with `is` or `text`|a status alone proves nothing")
        return self


class Acknowledged(Holds):
    """What shows that a tier has taken a write; `{}`: the status is enough."""


Where = Annotated[Find, BeforeValidator(_pointer, json_schema_input_type=str | Find)]


@dataclass(frozen=True)
class Answer:
    """What values are taken from: a whole answer, or one item of a list (a JSON value, or a piece of HTML)."""

    reply: HttpReply
    piece: str | None = None
    value: Any = None
    is_item: bool = False

    @property
    def text(self) -> str:
        if self.is_item:
            return self.piece if self.piece is not None else shown(self.value)
        return self.reply.text

    def plain(self, text: str) -> str:
        """Entities of HTML as the signs that they stand for."""
        return unescape(text) if "html" in self.reply.headers.get("content-type", "") else text

    def document(self) -> Any:
        if self.is_item:
            return self.value
        try:
            return self.reply.json()
        except CouldNotAsk as error:
            raise NoJson(str(error)) from error


def shown(value: JsonValue) -> str:
    """A JSON value as text: texts as they are, everything else as JSON with sorted keys."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def at_pointer(document: Any, pointer: str) -> Any:
    """Raises: Unmatched if it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            raise Unmatched(f"the answer has nothing at {pointer}: {shown(document)[:200]}")
    return document


def find(answer: Answer, where: Find, values: Values | None = None) -> str:
    """The value as text. Raises: Unmatched if there is none, or it is null."""
    if where.pointer is not None:
        found = at_pointer(answer.document(), where.pointer)
        if found is None:
            raise Unmatched(f"the answer has null at {where.pointer}")
        text = shown(found)
    elif where.header is not None:
        if where.header.lower() not in answer.reply.headers:
            raise Unmatched(f"the answer has no header {where.header}")
        text = answer.reply.headers[where.header.lower()]
    else:
        text = answer.text
    if where.pattern is None:
        return text
    pattern = filled(where.pattern, values or {}, re.escape)
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise Unmatched(f"the answer holds nothing that matches {pattern!r}: {text[:200]!r}")
    return answer.plain(match.group(1) or "" if match.re.groups else match.group())


def find_list(answer: Answer, where: Find) -> list[Answer]:
    """The items of a list: the elements at a JSON Pointer, or each piece of the body that a pattern matches.

    Raises: Unmatched if the pointer leads to no list.
    """
    if where.pointer is None:
        pieces = re.finditer(where.pattern or "", answer.text, re.MULTILINE | re.DOTALL)
        return [Answer(answer.reply, piece=match.group(), is_item=True) for match in pieces]
    found = at_pointer(answer.document(), where.pointer)
    if not isinstance(found, list):
        raise Unmatched(f"the answer has no list at {where.pointer}: {shown(found)[:200]}")
    return [Answer(answer.reply, value=item, is_item=True) for item in found]


def held(answer: Answer, wanted: Holds, values: Values) -> str | None:
    """None if the answer holds what is wanted, else what it has instead. Raises: NoJson."""
    try:
        found = find(answer, wanted, values)
    except NoJson:
        raise
    except Unmatched as error:
        return str(error)
    if wanted.equal is not None and found != filled(shown(wanted.equal), values):
        return f"{found[:200]!r}"
    if wanted.text is not None:
        words = re.escape(filled(wanted.text, values))
        if not re.search(rf"(?<!\w){words}(?!\w)", answer.plain(found)):
            return f"no {filled(wanted.text, values)!r} in {found[:200]!r}"
    return None if found else "an empty text"


def filled(template: str, values: Values, change: Callable[[str], str] = str) -> str:
    """Every `{name}` that is known replaced by its value, changed as the place demands; all else as it is."""
    return PLACE.sub(lambda place: change(values[place[1]]) if place[1] in values else place[0], template)


def in_address(value: str) -> str:
    return quote(value, safe="")


def filled_all(value: JsonValue, values: Values) -> JsonValue:
    """A JSON value with every text in it filled."""
    if isinstance(value, dict):
        return {key: filled_all(below, values) for key, below in value.items()}
    if isinstance(value, list):
        return [filled_all(below, values) for below in value]
    return filled(value, values) if isinstance(value, str) else value
