"""Options and classes of kinds as the file writes them, options checked by each kind's own model.

A kind's field `within_s` is the word `within` in the file, with a unit: `within: 3 min`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeGuard

from pydantic import BaseModel, ValidationError

from harness.kinds import registry
from harness.kinds.contracts import ProductComponent
from harness.model.frozen import JsonValue
from harness.model.inventory import ClassRule, ItemClass
from harness.prepare.mistakes import Mistakes, shown
from harness.prepare.schema import ComponentText
from harness.prepare.units import seconds
from harness.prepare.yaml_source import At

Options = dict[str, JsonValue]


@lru_cache(maxsize=256)
def words(model: type[BaseModel]) -> Mapping[str, str]:
    """The file's word for each field of a kind's options, by word."""
    return {_word(name): name for name in model.model_fields}


def _word(field: str) -> str:
    return field.removesuffix("_s")


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Options:
    """Mappings are merged key by key; lists of mappings (rules, of which the first that matches counts) are put
    before those below; everything else is replaced."""
    found: Options = dict(base)
    for key, value in over.items():
        below = found.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            found[key] = merged(below, value)
        else:
            found[key] = [*value, *below] if _rules(value) and _rules(below) else value
    return found


def _rules(value: object) -> TypeGuard[list[JsonValue]]:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def read_options(
    model: type[BaseModel],
    defaults: Mapping[str, Any],
    written: Mapping[str, Any],
    at: At,
    mistakes: Mistakes,
    further: tuple[str, ...] = (),
) -> Options:
    """The defaults with what was written at `at` over them, valid for `model`, or mistakes.

    Shape: `defaults` by field name (`within_s`), `written` by word (`within`); `further` are keys that the
    place knows besides the options, named when a key is unknown.
    """
    before = len(mistakes.found)
    given = merged(defaults, _by_field(model, written, at, mistakes, further))
    try:
        model.model_validate(given)
    except ValidationError as error:
        if len(mistakes.found) == before or any(one["type"] != "missing" for one in error.errors()):
            mistakes.of_model(_in_words(error), at, model)
    return given


def _by_field(
    model: type[BaseModel], written: Mapping[str, Any], at: At, mistakes: Mistakes, further: tuple[str, ...]
) -> Options:
    fields, found = words(model), {}
    for word, value in written.items():
        field = fields.get(word)
        if field is None and word in model.model_fields:
            mistakes.at_key((*at, word), f"the key {word}", f"the key {_word(word)}, with a unit such as 30 s")
        elif field is None:
            known = (*fields, *further)
            mistakes.unknown_word((*at, word), "a key that is known here", word, known, key=True, hint=_of_others(word))
        elif field == word:
            found[field] = value
        else:
            try:
                found[field] = seconds(value)
            except ValueError as error:
                expected, _, hint = str(error).partition("|")
                mistakes.at_value((*at, word), shown(value), expected, hint)
    return found


def _of_others(word: str) -> str:
    """Which other kinds have such an option."""
    found = [
        f"the {family[:-1]} {name}"
        for family in ("portals", "components", "engines", "checks")
        for name in registry.names(family)
        if word in words(registry.kind(family, name).Options)
    ]
    return f"it is an option of {', '.join(found)}" if found else ""


def _in_words(error: ValidationError) -> list[dict[str, Any]]:
    """The errors, with the file's words for the fields."""
    return [
        {**one, "loc": tuple(_word(part) if isinstance(part, str) else part for part in one["loc"])}
        for one in error.errors(include_url=False)
    ]


def classes_of(row: ProductComponent | None, bound: Mapping[str, Any], text: ComponentText) -> tuple[ClassRule, ...]:
    """The file's first, then the portal's, then the product's: the first that matches counts."""
    written = [ClassRule(match=c.match, item_class=ItemClass(c.item_class), reason=c.reason) for c in text.classes]
    usual = [ClassRule.model_validate(dict(rule)) for rule in bound.get("classes", ())]
    return (*written, *usual, *_demanded(row.classes if row else ()))


@lru_cache(maxsize=256)
def _demanded(classes: tuple[tuple[str, str, str], ...]) -> tuple[ClassRule, ...]:
    return tuple(ClassRule(match=m, item_class=ItemClass(c), reason=r) for m, c, r in classes)
