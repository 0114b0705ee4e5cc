"""What the READMEs say exists does: commands, targets, folders, modules; and what exists is said."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from harness.cli import parser
from harness.containers.golden import GOLDEN
from harness.containers.labels import DRILL, EXPIRES, ROLE, RUN, STATE
from harness.kinds import registry
from harness.model.verdict import Verdict
from harness.prepare.json_schema import json_schema

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HARNESS = (ROOT / "harness" / "README.md").read_text(encoding="utf-8")
FIXTURES = (ROOT / "fixtures" / "README.md").read_text(encoding="utf-8")
REPORTS = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")

MAKE_TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
CONSOLE = re.compile(r"<!-- console: ([a-z ]+) -->\n(.*?)<!-- console end -->", re.DOTALL)
CODE = re.findall(r"```\n(.*?)```", CONSOLE.sub("", README), re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in CODE for line in block.splitlines() if line.strip()]


def test_shipped_schema_is_the_one_that_is_printed() -> None:
    shipped = json.loads((ROOT / "drills" / "drill.schema.json").read_text(encoding="utf-8"))
    assert shipped == json_schema(), "write it anew: portal-drill schema > drills/drill.schema.json"


def subcommands() -> list[str]:
    return re.findall(r"^    ([a-z]+)  ", parser().format_help(), re.MULTILINE)


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("portal-drill ")])
def test_every_command_of_the_readme_is_understood(command: str) -> None:
    words = shlex.split(re.split(r"&&|>", command)[0])[1:]
    assert callable(parser().parse_args(words).command)


@pytest.mark.parametrize("name", subcommands())
def test_every_subcommand_has_an_example(name: str) -> None:
    assert any(command.startswith(f"portal-drill {name}") for command in COMMANDS)


def test_every_option_of_the_command_line_is_in_the_readme() -> None:
    ours = re.findall(r'add_argument\("(--[a-z-]+)"', (ROOT / "harness" / "cli.py").read_text(encoding="utf-8"))
    assert len(ours) > 10
    assert [name for name in ours if not re.search(rf"{name}\b(?!-)", README)] == ["--version"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z-]+)(?=`| +#)", README))))
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    assert target in MAKE_TARGETS


@pytest.mark.parametrize("target", ["drill", "drills", "test", "prove", "unit", "clean-containers"])
def test_make_targets_are_in_the_readme(target: str) -> None:
    assert f"make {target}" in README


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("pytest ")])
def test_drill_files_of_pytest_examples_exist(command: str) -> None:
    assert (ROOT / shlex.split(command)[1]).exists()


def test_every_option_of_the_plugin_is_in_the_readme() -> None:
    plugin = (ROOT / "harness" / "pytest_plugin" / "__init__.py").read_text(encoding="utf-8")
    ours = re.findall(r'addoption\("(--[a-z-]+)"', plugin)
    assert len(ours) > 1
    assert [name for name in ours if f"`{name}`" not in README] == []


@pytest.mark.parametrize("text", [README, HARNESS, FIXTURES], ids=["README", "harness", "fixtures"])
def test_every_link_leads_somewhere(text: str) -> None:
    base = {HARNESS: ROOT / "harness", FIXTURES: ROOT / "fixtures"}.get(text, ROOT)
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [target for target in targets if not (base / target).exists()] == []


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "tests").iterdir() if any(path.glob("*"))))
def test_every_folder_of_tests_is_in_the_readme(folder: str) -> None:
    assert folder == "__pycache__" or f"`{folder}/`" in README


def test_every_folder_of_the_table_exists() -> None:
    table = README.split("## Where things are")[1].split("\n## ")[0]
    folders = re.findall(r"^\| \[?`?([a-z.-]+)/", table, re.MULTILINE)
    assert {"drills", "fixtures", "harness", "reports", "tests"} <= set(folders)
    assert [name for name in folders if name != ".portal-drill" and not (ROOT / name).is_dir()] == []
    fixtures = re.search(r"fixtures/\]\(.*?\| (.*)", table)
    assert fixtures
    named = re.findall(r"`([a-z]+)/`", fixtures[1])
    assert [name for name in named if not (ROOT / "fixtures" / name).is_dir()] == []


@pytest.mark.parametrize("label", [RUN, DRILL, ROLE, STATE, EXPIRES, GOLDEN])
def test_every_label_is_in_the_readme(label: str) -> None:
    assert label in README or f"`{label.removeprefix('portal-drill')}`" in README


def test_console_output_was_pasted_from_runs() -> None:
    blocks = dict(CONSOLE.findall(README))
    ends = {name: block.strip().splitlines()[-2:-1] for name, block in blocks.items()}
    assert ends == {"recovered": ["0"], "row changed": ["1"], "server broken": ["2"]}
    assert all("judge reports/liferay-dxp/" in block for block in blocks.values())
    places = re.findall(r"(?<!\S)/\S+", "".join(blocks.values()))  # of containers, none of the machine that it ran on
    assert [place for place in places if not place.startswith("/opt/liferay/")] == []


def test_picture_is_there_said_in_words_and_small() -> None:
    said, file = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", README)[0]
    assert "verdict" in said
    assert (ROOT / file).read_bytes().startswith(b"\x89PNG")
    assert (ROOT / file).stat().st_size < 300_000


def test_every_family_and_folder_is_in_the_harness_readme() -> None:
    folders = [path.parent.name for path in (ROOT / "harness").glob("*/__init__.py")]
    assert [name for name in (*folders, *registry.FAMILIES) if f"`{name}/`" not in HARNESS] == []
    assert [name for name in registry.FAMILIES if f"`kinds/{name}/<name>.py`" not in HARNESS] == []


@pytest.mark.parametrize("module", sorted(path.name for path in (ROOT / "harness").glob("*.py")))
def test_every_top_module_is_in_the_harness_readme(module: str) -> None:
    assert module == "__init__.py" or f"`{module}`" in HARNESS


def test_every_module_named_in_the_flow_exists() -> None:
    table = HARNESS.split("| stage | modules |")[1].split("\n\n")[0]
    wrong = []
    for row in table.splitlines()[2:]:
        folder = ""
        for name in re.findall(r"`([a-z_/]+)`", row.split("|")[2]):
            folder = name.split("/")[0] if "/" in name else folder
            path = ROOT / "harness" / (name if "/" in name else f"{folder}/{name}")
            wrong += [] if path.with_suffix(".py").exists() or path.is_dir() else [name]
    assert wrong == []


@pytest.mark.parametrize(
    "path", re.findall(r"`((?:tests|kinds|containers)/[a-z_/.]+\.py)`", HARNESS), ids=lambda path: str(path)
)
def test_every_file_named_in_the_harness_readme_exists(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "harness" / path).exists()


def test_every_package_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = [re.split(r"[\[>=]", package)[0] for package in wanted]
    named = HARNESS.split("### Packages")[1].split("\n## ")[0]
    known = set(
        re.findall(r"[A-Za-z0-9-]+", " ".join(line.split("|")[1] for line in named.splitlines() if "|" in line))
    )
    assert [name for name in names if name not in known and not name.startswith("types-")] == []


@pytest.mark.parametrize("field", [info.alias or name for name, info in Verdict.model_fields.items()])
def test_every_field_of_the_verdict_is_documented(field: str) -> None:
    assert f"`{field}`" in REPORTS


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "fixtures" / "setup").glob("*.*")))
def test_every_script_of_the_set_up_is_in_the_readme_of_fixtures(script: str) -> None:
    assert f"`{script}`" in FIXTURES
