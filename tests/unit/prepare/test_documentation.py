"""`drills/README.md` names every key, and each of its examples is a drill that can be read."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from harness.cli import parser
from harness.containers.restored import Restored
from harness.drill_files import file_of_tests
from harness.kinds import registry
from harness.kinds.contracts import When
from harness.model.drill import Drill
from harness.prepare.compose_file import SERVICE_KEYS, TOP_KEYS, read_stack
from harness.prepare.json_schema import json_schema
from harness.prepare.kind_options import words
from harness.prepare.make_plan import make_plan
from harness.prepare.parse import read_drill
from harness.prepare.rules import MARKS
from harness.prepare.schema import ITEM_CLASSES, CheckText, ComponentText, DrillText, PortalText
from harness.prepare.units import SECONDS
from harness.prepare.yaml_source import parse_yaml

ROOT = Path(__file__).parents[3]
README = (ROOT / "drills" / "README.md").read_text(encoding="utf-8")
COMPOSE = README.split("\n## The Compose file\n")[1].split("\n## ")[0]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README.replace(COMPOSE, ""), re.DOTALL)
# A line that begins with `# or: ` may stand for the line before it.
EXAMPLES += [re.sub(r"\n( *).*\n *# or: ", r"\n\1", example) for example in EXAMPLES if "# or: " in example]
HEAD = {
    "drill": "example",
    "product": "liferay-dxp-7.4",
    "portal": "wagtail",
    "source": "{stack: fixtures/stacks/liferay/compose.yaml}",
}


def keys(schema: dict[str, Any]) -> Iterator[str]:
    for below in (schema, *schema["$defs"].values()):
        yield from below.get("properties", {})


def read(example: str, folder: Path) -> Drill:
    head = [f"{key}: {value}" for key, value in HEAD.items() if not re.search(rf"^{key}:", example, re.MULTILINE)]
    text = "\n".join((*head, example)).replace("fixtures/", f"{ROOT}/fixtures/")
    path = folder / "example.drill.yaml"
    path.write_text(text, encoding="utf-8")
    file_of_tests(path).touch()
    return read_drill(path)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[0])
def test_every_example_is_a_drill(example: str, tmp_path: Path) -> None:
    assert make_plan(read(example, tmp_path)).recover


@pytest.mark.parametrize("key", sorted({*keys(json_schema()), *TOP_KEYS, *SERVICE_KEYS} - {"name", "options"}))
def test_every_key_is_explained(key: str) -> None:
    assert f"`{key}`" in README


def fields(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, str, Any]]:
    """Path, word and type of each key; without `at` the path begins with the model that declares the key."""
    for name, field in model.model_fields.items():
        word = field.alias or name.removesuffix("_s")
        owner = next(base.__name__ for base in reversed(model.__mro__) if name in vars(base).get("__annotations__", {}))
        yield f"{at or owner}.{word}", word, field.annotation


def models(annotation: Any, value: Any = None) -> Iterator[tuple[type[BaseModel], Any]]:
    """The models inside a type, each with what stands for it in a value of that type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, value
        return
    inside = get_args(annotation)
    if isinstance(get_origin(annotation), type) and issubclass(get_origin(annotation), Mapping):
        inside, value = inside[1:], [*value.values()] if isinstance(value, dict) else []
    for one in inside:
        for part in value if isinstance(value, list) and value else (value,):
            yield from models(one, part)


def known(model: type[BaseModel], at: str = "") -> Iterator[str]:
    """Paths of all keys of a model, and of the models inside it."""
    for path, _, annotation in fields(model, at):
        yield path
        for inner, _ in models(annotation):
            yield from () if inner in SPECIAL else known(inner)


def used(model: type[BaseModel], data: Any, at: str = "") -> Iterator[str]:
    """Paths of the keys that are used."""
    for path, word, annotation in fields(model, at):
        if isinstance(data, dict) and word in data:
            yield path
            for inner, part in models(annotation, data[word]):
                yield from () if inner in SPECIAL else used(inner, part)


# Their further keys are options of a kind that stands elsewhere in the drill.
SPECIAL = {PortalText, ComponentText, CheckText}
FAMILIES = ("portals", "components", "engines", "checks")
KEYS = {*known(DrillText), *known(PortalText), *known(ComponentText)}
for family in FAMILIES:
    for kind in registry.names(family):
        KEYS |= {f"{family}.{kind}"} | {*known(registry.kind(family, kind).Options, f"{family}.{kind}")}


def options(family: str, kind: str, data: Any) -> set[str]:
    at = f"{family}.{kind}"
    return {at, *used(registry.kind(family, kind).Options, data, at)}


def shown_by(example: str, drill: Drill) -> set[str]:
    """Every key that the example has, options by the kind whose they are."""
    data: Any = parse_yaml(example.encode(), "README.md").data
    found = {*used(DrillText, data)}
    if "portal" in data:
        found |= {*used(PortalText, data["portal"])} | options("portals", drill.portal.kind, data["portal"])
    for name, written in data.get("components", {}).items():
        component = drill.component(name)
        found |= {*used(ComponentText, written)} | options("components", component.kind, written)
        found |= options("engines", component.engine, written.get("engine_options", {}))
    for check in data.get("checks", ()):
        (name, written), *_ = check.items() if isinstance(check, dict) else [(check, {})]
        found |= options("checks", name, written)
    return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("examples")
    return set().union(*(shown_by(example, read(example, folder)) for example in EXAMPLES))


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_has_an_example(key: str, shown: set[str]) -> None:
    assert key in shown


def test_a_key_without_example_would_be_seen(tmp_path: Path) -> None:
    """The same word is an option of another kind, a name of the author's, or the value of a key."""
    example = """portal: {kind: sql, database: portal}
components: {database: {user: postgres, password_variable: POSTGRES_PASSWORD}}
groups: {max_skew: {order: [database]}}
source: {stack: fixtures/stacks/postgresql/compose.yaml}
product: plain
"""
    example = example.replace("{user:", "{engine: pg_dump, database: shop, user:")
    found = shown_by(example, read(example, tmp_path))
    assert {"portals.sql.database", "components.postgresql.user", "GroupText.order"} <= found
    assert not {"portals.sql.user", "portals.sql.password_variable", "GroupText.max_skew"} & found
    assert not found - KEYS
    assert len(KEYS) > 200


def test_the_compose_example_has_every_key(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", COMPOSE, re.DOTALL)
    for folder in re.findall(r"\./[a-z]+", example):
        (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / "compose.yaml").write_text(example, encoding="utf-8")
    data: Any = parse_yaml(example.encode(), "README.md").data
    assert {*data} == {*TOP_KEYS}
    assert {key for service in data["services"].values() for key in service} == {*SERVICE_KEYS}
    assert {service.name for service in read_stack(tmp_path / "compose.yaml", "").services} == {*data["services"]}


@pytest.mark.parametrize("text", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_every_test_of_ones_own_can_be_compiled_and_asks_for_what_there_is(text: str) -> None:
    tree = ast.parse(text)
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert [[one.arg for one in test.args.args] for test in tests] == [["restored"]] * len(tests) != []
    asked = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "restored"
    }
    assert [name for name in asked if not hasattr(Restored, name)] == []


@pytest.mark.parametrize("line", re.findall(r"^portal-drill .*", README, re.MULTILINE))
def test_every_command_is_understood(line: str) -> None:
    assert callable(parser().parse_args(shlex.split(line)[1:]).command)


def rows_of_checks() -> dict[str, str]:
    """What the table says of each check beside its name."""
    rows = re.findall(r"^\| check(?:, ([a-z ]+))? \| ([^|]+) \|", README, re.MULTILINE)
    return {name: said for said, names in rows for name in re.findall(r"`(\w+)`", names)}


def test_the_table_says_what_sort_of_check_each_is() -> None:
    sorts = {}
    for name in registry.names("checks"):
        check = registry.check(name)
        at_source = "looks at the source" if check.WHEN is When.AT_SOURCE else ""
        proves = "proves data" if check.PROVES_DATA else ""
        sorts[name] = "always made" if check.ALWAYS else at_source or proves
    assert rows_of_checks() == sorts


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


@pytest.mark.parametrize("path", sorted(known(registry.kind("portals", "http").Options, "portals.http")))
def test_every_word_of_a_described_portal_is_explained(path: str) -> None:
    assert f"`{path.rpartition('.')[2]}`" in README


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
