"""The JSON Schema says of a file what the parser says: valid in both, or wrong in both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from made_mistakes import MADE
from test_documentation import EXAMPLES, HEAD
from test_mistakes import WRONG

from harness.kinds import registry
from harness.prepare.json_schema import json_schema

ROOT = Path(__file__).parents[3]

# Mistakes between parts of a file, in its stack or in its bytes: no schema can see them.
ONLY_THE_PARSER = {
    "compose-cycle",
    "compose-mounts",
    "compose-unknown-keys",
    "duplicate-key",
    "empty-stack",
    "engine-for-kind",
    "group-order",
    "http-misfits",
    "marks-and-deadlines",
    "no-proof",
    "no-stack",
    "own-component",
    "path-in-image",
    "same-volume-twice",
    "stack-is-a-folder",
    "stack-near-name",
    "undeclared-words",
    "unknown-service",
    "waived-and-given",
}


# Not by `**`: a virtual environment or saved runs may lie in the folder too.
SHIPPED = sorted((*ROOT.glob("drills/*.drill.yaml"), *ROOT.glob("tests/variants/*.yaml")))
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")


class Loader(yaml.SafeLoader):
    """As editors and our parser read YAML 1.2: a date is text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def mistakes(text: str) -> list[str]:
    checker: Any = jsonschema.Draft202012Validator(json_schema())
    return [error.message for error in checker.iter_errors(yaml.load(text, Loader))]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[0])
def test_every_example_is_valid(example: str) -> None:
    head = [f"{key}: {value}" for key, value in HEAD.items() if not re.search(rf"^{key}:", example, re.MULTILINE)]
    assert mistakes("\n".join([*head, example])) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_drill_file_leads_editors_to_the_shipped_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    leads = MODELINE.fullmatch(first)
    assert leads, f"{path.name} begins with {first!r}"
    assert (path.parent / leads[1]).resolve() == ROOT / "drills" / "drill.schema.json"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_drill_file_is_valid(path: Path) -> None:
    assert mistakes(path.read_text(encoding="utf-8")) == []


# Each file is read by a plain YAML reader here, as editors do; ten million values are for no test.
READABLE = [path for path in WRONG if path.stem != "alias-bomb"]


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.stem)
def test_what_the_parser_refuses_is_invalid(path: Path) -> None:
    try:
        found = mistakes(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return  # no YAML at all: an editor says so by itself
    assert bool(found) is (path.stem not in ONLY_THE_PARSER)


# What a plain YAML reader gives to an editor as a mapping: not bytes, sizes or kinds of file.
MADE_AND_READABLE = ["null-byte-escaped", "secret-in-key", "wrong-after-bom", "wrong-after-crlf"]


@pytest.mark.parametrize("name", MADE_AND_READABLE)
def test_what_the_parser_refuses_of_files_that_are_made_is_invalid(name: str, tmp_path: Path) -> None:
    MADE[name](tmp_path / "x.yaml")
    assert mistakes((tmp_path / "x.yaml").read_bytes().decode("utf-8-sig"))


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_models_of_options_have_names_of_their_own() -> None:
    """The schema calls them by their names: one would stand for another."""
    defined: dict[str, Any] = {}
    for family in ("portals", "components", "engines", "checks"):
        for name in registry.names(family):
            for word, definition in registry.kind(family, name).Options.model_json_schema().get("$defs", {}).items():
                assert defined.setdefault(word, definition) == definition, f"{word} of {name}"
