"""JSON Schema (2020-12) of a drill file, for editors: keys, kinds by name, and the options of each kind.

What refers to other parts of the file or to the stack (services, orders, an engine for a kind) only the parser sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from harness.kinds import registry
from harness.kinds.contracts import REFERENCE
from harness.prepare.kind_options import words
from harness.prepare.schema import COMPONENT_NAME, SECRET_KEY, WAIVER_SORTS, DrillText
from harness.prepare.units import DURATION_SCHEMA

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def json_schema() -> Schema:
    """Made from the models that read drill files, and from the kinds that are there."""
    schema = DrillText.model_json_schema(by_alias=True)
    defs: dict[str, Schema] = schema["$defs"]
    properties: dict[str, Schema] = schema["properties"]
    properties["product"]["enum"] = list(registry.names("products"))
    properties["portal"] = _portal(properties["portal"], defs)
    properties["components"]["propertyNames"] = {"pattern": COMPONENT_NAME, "not": {"const": "order"}}
    component = defs["ComponentText"]
    component["properties"]["kind"] = _or_null("components", component["properties"]["kind"])
    component["properties"]["engine"] = _or_null("engines", component["properties"]["engine"])
    component["properties"]["engine_options"] |= {
        "properties": _union("engines", defs, ()),
        "additionalProperties": False,
    }
    component["properties"] |= _union("components", defs, component["properties"])
    component["additionalProperties"] = False
    component["patternProperties"] = {SECRET_KEY.pattern.replace("(?:", "("): _secret()}
    properties["checks"]["items"] = _checks(defs)
    defs["WaiverText"]["oneOf"] = [
        {"required": [sort], "properties": {sort: {"type": "string"}}} for sort in WAIVER_SORTS
    ]
    return {"$schema": DIALECT, **schema, "title": "portal-drill drill file"}


def _portal(text: Schema, defs: dict[str, Schema]) -> Schema:
    names = registry.names("portals")
    base = defs.pop("PortalText")["properties"]
    kinds = []
    for name in names:
        options = _options(registry.portal(name).Options, defs)
        properties = base | {"kind": {"const": name}} | options
        kinds.append({"type": "object", "properties": properties, "required": ["kind"], "additionalProperties": False})
    return {
        "description": text.get("description", "Adapter to the running software."),
        "anyOf": [{"type": "string", "enum": list(names)}, *kinds],
    }


def _or_null(family: str, text: Schema) -> Schema:
    return {
        "description": text["description"],
        "anyOf": [{"type": "string", "enum": list(registry.names(family))}, {"type": "null"}],
    }


def _union(family: str, defs: dict[str, Schema], taken: Iterable[str]) -> dict[str, Schema]:
    """The options of all kinds of a family: which kind it is often only product and portal know."""
    found: dict[str, list[Schema]] = {}
    for name in registry.names(family):
        for word, option in _options(registry.kind(family, name).Options, defs).items():
            if word not in taken and option not in found.setdefault(word, []):
                found[word].append(option)
    return {word: options[0] if len(options) == 1 else {"anyOf": options} for word, options in found.items()}


def _checks(defs: dict[str, Schema]) -> Schema:
    names = registry.names("checks")
    entries = {
        name: {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "properties": _options(registry.check(name).Options, defs),
                    "additionalProperties": False,
                },
            ]
        }
        for name in names
    }
    one = {"minProperties": 1, "maxProperties": 1, "additionalProperties": False}
    return {"anyOf": [{"type": "string", "enum": list(names)}, {"type": "object", "properties": entries, **one}]}


def _options(model: type[BaseModel], defs: dict[str, Schema]) -> dict[str, Schema]:
    """A kind's options by the file's words: `within_s` is `within`, with a unit."""
    schema = model.model_json_schema()
    defs.update(schema.pop("$defs", {}))
    found = {}
    for word, field in words(model).items():
        option = schema["properties"][field]
        found[word] = option if word == field else DURATION_SCHEMA | {"description": option.get("description", "")}
    return found


def _secret() -> Schema:
    return {"type": "string", "pattern": f"^{REFERENCE.pattern}$".replace("(?:", "(")}
