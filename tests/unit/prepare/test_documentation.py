"""`drills/README.md` names every key, and each of its examples is a drill that can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from harness.drill_files import file_of_tests
from harness.kinds import registry
from harness.prepare.compose_file import SERVICE_KEYS, TOP_KEYS
from harness.prepare.json_schema import json_schema
from harness.prepare.kind_options import words
from harness.prepare.make_plan import make_plan
from harness.prepare.parse import read_drill
from harness.prepare.rules import MARKS
from harness.prepare.schema import ITEM_CLASSES
from harness.prepare.units import SECONDS
from harness.prepare.yaml_source import parse_yaml

ROOT = Path(__file__).parents[3]
README = (ROOT / "drills" / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
HEAD = {
    "drill": "example",
    "product": "liferay-dxp-7.4",
    "portal": "wagtail",
    "source": "{stack: fixtures/stacks/liferay/compose.yaml}",
}


def keys(schema: dict[str, Any]) -> Iterator[str]:
    for below in (schema, *schema["$defs"].values()):
        yield from below.get("properties", {})


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[0])
def test_every_example_is_a_drill(example: str, tmp_path: Path) -> None:
    head = [f"{key}: {value}" for key, value in HEAD.items() if not re.search(rf"^{key}:", example, re.MULTILINE)]
    text = "\n".join((*head, example)).replace("fixtures/", f"{ROOT}/fixtures/")
    path = tmp_path / "example.drill.yaml"
    path.write_text(text, encoding="utf-8")
    file_of_tests(path).touch()
    assert make_plan(read_drill(path)).recover


@pytest.mark.parametrize("key", sorted({*keys(json_schema()), *TOP_KEYS, *SERVICE_KEYS} - {"name", "options"}))
def test_every_key_is_explained(key: str) -> None:
    assert f"`{key}`" in README


def used(data: Any) -> Iterator[str]:
    """Every key of an example, and names that stand alone in a list: checks without options."""
    if isinstance(data, dict):
        yield from data
    for below in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from (below,) if isinstance(below, str) else used(below)


def known(schema: Any) -> Iterator[str]:
    """Every key that the schema knows anywhere: of the file, of options of all kinds, of what stands in them."""
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
    for below in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from known(below)


USED = {word for example in EXAMPLES for word in used(parse_yaml(example.encode(), "README.md").data)}


@pytest.mark.parametrize("key", sorted({*known(json_schema())}))
def test_every_key_has_an_example(key: str) -> None:
    assert key in USED


def test_a_key_without_example_would_be_seen() -> None:
    assert not {"objektives", "password_varible"} & USED
    assert "backup" in USED
    assert len({*known(json_schema())}) > 100


@pytest.mark.parametrize("word", [*SECONDS, *MARKS, *ITEM_CLASSES])
def test_every_word_is_explained(word: str) -> None:
    assert re.search(rf"`[^`]*\b{word}\b[^`]*`", README)


def kinds_and_options() -> Iterator[str]:
    for family in ("products", "portals", "components", "engines", "checks"):
        for name in registry.names(family):
            yield name
            if family != "products":
                yield from words(registry.kind(family, name).Options)


@pytest.mark.parametrize("word", sorted({*kinds_and_options()}))
def test_every_kind_and_every_option_is_explained(word: str) -> None:
    assert f"`{word}`" in README


def nested(model: type[BaseModel]) -> Iterator[str]:
    """The words of the models inside a kind's options."""
    for field in model.model_fields.values():
        parts, below = [field.annotation], list[type[BaseModel]]()
        while parts:
            part = parts.pop()
            parts += get_args(part)
            below += [part] if isinstance(part, type) and issubclass(part, BaseModel) else []
        for one in below:
            yield from (inner.alias or name for name, inner in one.model_fields.items())
            yield from nested(one)


@pytest.mark.parametrize("word", sorted(set(nested(registry.kind("portals", "http").Options))))
def test_every_word_of_a_described_portal_is_explained_and_shown(word: str) -> None:
    assert f"`{word}`" in README
    assert re.search(rf"\b{word}:", "".join(EXAMPLES))


def test_the_tutorial_shows_the_drill_that_is_run() -> None:
    notes = (ROOT / "drills" / "notes.drill.yaml").read_text(encoding="utf-8")
    assert f"```yaml\n{notes}```" in README
    assert len(notes.splitlines()) < 40
    server = (ROOT / "fixtures" / "images" / "notes" / "server.py").read_text(encoding="utf-8")
    assert f"of {len(server.splitlines())} lines of Python" in README


@pytest.mark.parametrize("path", sorted((ROOT / "drills").glob("*.drill.yaml")), ids=lambda path: path.stem)
def test_every_drill_file_can_be_read(path: Path) -> None:
    assert make_plan(read_drill(path)).capture


def test_the_json_schema_completes_every_key() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"drill", "product", "portal", "source"}
    assert all("description" in value or "$ref" in value for value in schema["properties"].values())
