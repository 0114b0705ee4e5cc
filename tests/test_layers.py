"""Layers are a failing test, not a wish: the import table of DESIGN 9, and sizes, held against the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[1] / "harness"
MODULES = sorted(path for path in HARNESS.rglob("*.py"))

# Who may import what of ours, beside itself. An entry names a module and all below it; the longest that fits
# a module is its rule. `harness` alone is the package's version.
MAY_IMPORT: dict[str, set[str]] = {
    "harness.errors": set(),
    "harness.clock": {"harness.model"},
    "harness.at_once": set(),
    "harness.drill_files": set(),
    "harness.model": set(),
    "harness.kinds": {"harness.model", "harness.errors", "harness.at_once"},
    "harness.containers": {
        "harness.model",
        "harness.errors",
        "harness.clock",
        "harness.at_once",
        "harness.kinds.contracts",
    },
    "harness.prepare": {
        "harness.model",
        "harness.errors",
        "harness.drill_files",
        "harness.kinds.registry",
        "harness.kinds.contracts",
    },
    "harness.run": {
        "harness.model",
        "harness.errors",
        "harness.clock",
        "harness.at_once",
        "harness.containers",
        "harness.kinds.registry",
        "harness.kinds.contracts",
    },
    "harness.judge": {"harness.model", "harness.errors", "harness.kinds.registry", "harness.kinds.contracts"},
    "harness.report": {"harness.model", "harness.errors"},
    "harness.pipeline": {
        "harness.model",
        "harness.errors",
        "harness.clock",
        "harness.kinds.registry",
        "harness.kinds.contracts",
        "harness.containers",
        "harness.prepare",
        "harness.run",
        "harness.judge",
        "harness.report",
    },
    "harness.missing_folders": {"harness.errors", "harness.prepare.mistakes", "harness.report.run_ids"},
    "harness.stages": {
        "harness.missing_folders",
        "harness.clock",
        "harness.pipeline",
        "harness.prepare",
        "harness.report",
        "harness.model",
        "harness.errors",
        "harness.kinds.registry",
    },
    "harness.pytest_plugin": {
        "harness.stages",
        "harness.drill_files",
        "harness.containers.restored",  # the type of the fixture, under TYPE_CHECKING only
        "harness.report",
        "harness.model",
        "harness.errors",
    },
    "harness.commands": {
        "harness.missing_folders",
        "harness.stages",
        "harness.pytest_plugin.alone",
        "harness.report",
        "harness.model",
        "harness.errors",
        "harness.clock",
        "harness.kinds.registry",
    },
    "harness.cli": {"harness.commands", "harness.stages", "harness.errors", "harness.kinds.registry"},
}
# May ask for `harness.__version__`.
VERSION = {"harness.judge", "harness.run", "harness.commands", "harness.cli", "harness.pipeline"}

# Families of kinds, and the families below each: an engine may use the client of the component it backs up.
FAMILIES: dict[str, set[str]] = {
    "components": set(),
    "engines": {"components"},
    "portals": {"components", "engines"},
    "products": set(),
    "checks": {"engines"},
    "faults": {"components", "engines"},
}

# Outside packages, and the only places that may import them.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "docker": ("harness.containers",),
    "testinfra": ("harness.containers",),
    "pytest": ("harness.pytest_plugin",),
    "_pytest": (),
    "xdist": ("harness.pytest_plugin.on_workers",),
    "rich": ("harness.report", "harness.commands"),
    "jinja2": ("harness.report",),
    "yaml": ("harness.prepare",),
    "psycopg": ("harness.containers",),
    "httpx": ("harness.containers",),
    "cryptography": ("harness.kinds.checks._stores", "harness.kinds.faults.expired"),
}

MOST_LINES = 250
LONGER: dict[str, str] = {
    "harness.kinds.contracts": "the contracts of all families in one place, to be read as one table",
}
MOST_FUNCTION_LINES = 60


def name_of(path: Path) -> str:
    parts = path.relative_to(HARNESS.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Full names of what a file imports, at any depth, under TYPE_CHECKING too."""
    name = name_of(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def below(name: str, root: str) -> bool:
    return name == root or name.startswith(root + ".")


def rule_of(name: str) -> str | None:
    return max((root for root in MAY_IMPORT if below(name, root)), key=len, default=None)


def is_allowed(importer: str, imported: str) -> bool:
    rule = rule_of(importer)
    if rule is None:
        return False
    if imported == "harness.__version__":
        return rule in VERSION
    if rule == "harness.kinds" and below(imported, rule):
        return is_allowed_among_kinds(importer, imported)
    return any(below(imported, root) for root in {rule, *MAY_IMPORT[rule]})


def is_allowed_among_kinds(importer: str, imported: str) -> bool:
    """A kind may import the contracts, what all families share, its own package or its family's private
    modules, and the families below its own; never the registry. The registry imports contracts only."""
    family, part = importer.split(".")[2:3], imported.split(".")[2:]
    if not part or part[0] not in FAMILIES:
        return part[:1] != ["registry"]
    if not family or family[0] not in FAMILIES:
        return False
    own = below(imported, ".".join(importer.split(".")[:4])) or (part[0] == family[0] and "".join(part[1:2])[:1] in "_")
    return own or part[0] in FAMILIES[family[0]]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_follow_the_table(path: Path) -> None:
    importer = name_of(path)
    ours = [name for name in imports(path) if below(name, "harness")]
    wrong = [name for name in ours if not is_allowed(importer, name)] if importer != "harness" else ours
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_outside_packages_stay_in_their_places(path: Path) -> None:
    importer = name_of(path)
    wrong = [
        name
        for name in imports(path)
        for package, places in ONLY_IN.items()
        if below(name, package) and not any(below(importer, place) for place in places)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    assert lines <= MOST_LINES or name_of(path) in LONGER
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno + 1 > MOST_FUNCTION_LINES
    }
    assert long == {}


def test_exceptions_to_the_size_are_still_needed() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name for name in LONGER if lines.get(name, 0) <= MOST_LINES} == set()


def test_every_module_has_a_rule() -> None:
    assert [name_of(path) for path in MODULES if name_of(path) != "harness" and rule_of(name_of(path)) is None] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("harness.report.html", "harness.judge.judge"),
        ("harness.judge.judge", "harness.report.files"),
        ("harness.prepare.parse", "harness.run.vault"),
        ("harness.run.steps", "harness.kinds.checks.data_parity"),
        ("harness.model.drill", "harness.errors"),
        ("harness.kinds.checks.isolation", "harness.containers.engine"),
        ("harness.kinds.checks.isolation", "harness.kinds.registry"),
        ("harness.kinds.checks.isolation", "harness.kinds.portals.wagtail"),
        ("harness.kinds.components.git", "harness.kinds.engines.git_bundle"),
        ("harness.kinds.records", "harness.kinds.components.git"),
        ("harness.kinds.registry", "harness.kinds.components.git"),
        ("harness.containers.engine", "harness.kinds.registry"),
        ("harness.pytest_plugin", "harness.run.steps"),
        ("harness.report.files", "harness.clock"),
    ],
)
def test_the_table_refuses(importer: str, imported: str) -> None:
    assert not is_allowed(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("harness.kinds.portals.wagtail", "harness.kinds.engines.tar"),
        ("harness.kinds.checks.isolation", "harness.kinds.contracts.Record"),
        ("harness.kinds.portals.wagtail.health", "harness.kinds.portals.wagtail.tables"),
        ("harness.kinds.engines.git_bundle", "harness.kinds.components.git.git"),
        ("harness.kinds.portals.sling.api", "harness.kinds.portals.sling.nodes"),
        ("harness.run.steps", "harness.kinds.registry"),
        ("harness.judge.judge", "harness.__version__"),
        ("harness.report.html", "harness.report.rows"),
    ],
)
def test_the_table_allows(importer: str, imported: str) -> None:
    assert is_allowed(importer, imported)
