"""Gathers all mistakes of a drill file, with their places, instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

from harness.errors import Mistake
from harness.kinds.contracts import PLAIN_SECRET
from harness.prepare.schema import SECRET_KEY
from harness.prepare.yaml_source import At, Document

_LONGEST_SHOWN = 60
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "too_short": "at least one entry",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "none_required": "nothing",
}


_BOUNDS = {
    "greater_than": ("a number over", "gt"),
    "greater_than_equal": ("a number of at least", "ge"),
    "less_than": ("a number under", "lt"),
    "less_than_equal": ("a number of at most", "le"),
}


class Mistakes:
    """Mistakes found so far in one document (and in the files it names)."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: dict[Mistake, None] = {}

    @property
    def found(self) -> list[Mistake]:
        return list(self._found)

    def of_another(self, mistakes: Iterable[Mistake]) -> None:
        """Those of a file that this one names."""
        self._found |= dict.fromkeys(mistakes)

    def at_value(self, at: At, found: str, expected: str, hint: str = "") -> None:
        if at and SECRET_KEY.search(str(at[-1])):
            found, hint = "a secret in plain text", ""
        self._add(self.document.value_place(at), found, expected, hint)

    def at_key(self, at: At, found: str, expected: str, hint: str = "") -> None:
        self._add(self.document.key_place(at), found, expected, hint)

    def unknown_word(
        self, at: At, what: str, word: str, known: Iterable[str], *, key: bool = False, hint: str = ""
    ) -> None:
        """A word that should be one of the known ones. The hint: the nearest of them, else what is given, else all."""
        known = sorted(known)
        every = f"known {'are' if len(known) > 1 else 'is'} {', '.join(known)}" if known else "there is none"
        hint = nearest(word, known) or hint or every
        place = self.document.key_place(at) if key else self.document.value_place(at)
        self._add(place, f"the key {shown(word)}" if key else shown(word), what, hint)

    def of_model(self, errors: Iterable[Any], base: At, model: type[BaseModel]) -> None:
        """All of pydantic's errors (`ValidationError.errors()`) of `model`, which stands at `base`."""
        for one in errors:
            self._of_model(one, (*base, *one["loc"]), known_keys(model, one["loc"][:-1]))

    def _of_model(self, error: Any, at: At, known: list[str]) -> None:
        sort, context = error["type"], error.get("ctx", {})
        if at[-1:] == ("[key]",):
            self.at_key(at[:-1], f"the key {shown(error['input'])}", str(context.get("error", error["msg"])))
        elif sort == "missing":
            self.at_key(at[:-1], f"no {at[-1]}", f"the key {at[-1]}")
        elif sort == "extra_forbidden":
            self.unknown_word(at, "a key that is known here", str(at[-1]), known, key=True)
        elif sort == PLAIN_SECRET:
            expected, _, hint = str(error["msg"]).partition("|")
            self.at_value(at, "a secret in plain text", expected, hint)
        elif sort == "value_error":
            expected, _, hint = str(context.get("error", error["msg"])).partition("|")
            self.at_value(at, shown(error["input"]), expected, hint)
        elif sort in _BOUNDS:
            self.at_value(at, shown(error["input"]), f"{_BOUNDS[sort][0]} {context[_BOUNDS[sort][1]]:g}")
        elif sort in ("literal_error", "enum"):
            known = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
            self.at_value(at, shown(error["input"]), f"one of {', '.join(known)}", nearest(str(error["input"]), known))
        else:
            expected = _TYPES.get(sort) or str(error["msg"]).removeprefix("Input should be ")
            self.at_value(at, shown(error["input"]), expected, _hint(sort, error["input"]))

    def _add(self, place: tuple[int, int], found: str, expected: str, hint: str) -> None:
        self._found[Mistake(self.document.file, *place, found, expected, hint)] = None


def _hint(sort: str, value: object) -> str:
    """For values of another type than was expected."""
    if value is None:
        return "leave the key out where there is nothing to say"
    if _TYPES.get(sort) == "true or false" and value in ("on", "off", "yes", "no"):
        return "only true and false are, without quotes"
    if _TYPES.get(sort) == "a list":
        return "entries below the key, each behind `- `, or in [ ]"
    if str(value).lstrip("+-").isdecimal() and "number" in _TYPES.get(sort, ""):
        many = len(str(value)) > 18
        return "a number has at most 18 digits" if many else "decimal, without quotes and without a zero in front"
    return ""


def known_keys(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """The keys that `model` knows at `path`, found by its annotations."""
    at: Any = model
    for part in path:
        if isinstance(at, type) and issubclass(at, BaseModel):
            fields = {field.alias or name: field for name, field in at.model_fields.items()}
            at = fields[str(part)].annotation if str(part) in fields else None
        else:
            at = (get_args(at) or (None,))[-1]
        at = getattr(at, "__origin__", at) if hasattr(at, "__metadata__") else at  # Annotated says no more here
        at = next((one for one in get_args(at) if one is not type(None)), None) if _optional(at) else at
    if not (isinstance(at, type) and issubclass(at, BaseModel)):
        return []
    return [field.alias or name for name, field in at.model_fields.items()]


def _optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` for the nearest known word, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.55)
    return f"did you mean {close[0]}?" if close else ""


def shown(value: object) -> str:
    """A value as the mistake names it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "keys and values" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = "".join(one if one.isprintable() else " " if one in "\n\t" else "�" for one in text)
    return (text[: _LONGEST_SHOWN - 1] + "…" if len(text) > _LONGEST_SHOWN else text) or "an empty text"
