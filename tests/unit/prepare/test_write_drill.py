"""`portal-drill init`: whatever product, portal and stack are joined, the written file can be planned as it is."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from test_fuzz import DRILLS

from harness.cli import main
from harness.errors import DrillFileWrong, PortalDrillError
from harness.kinds import registry
from harness.prepare import make_plan, read_drill
from harness.prepare.json_schema import json_schema
from harness.prepare.write_drill import write_drill
from harness.prepare.yaml_source import read_yaml
from harness.report.plan import explain

ROOT = Path(__file__).parents[3]
STACKS = {path.parent.name: path for path in sorted(ROOT.glob("fixtures/stacks/*/compose.yaml"))}
# Stacks that a portal works with; a new portal is tried on every one.
WORKS_WITH = {
    "sql": ("postgresql", "liferay", "notes", "xl-release"),
    "http": ("notes", "liferay", "xl-release"),
    "jackrabbit": ("xl-release",),
    "jackrabbit_embedded": ("xl-release-embedded",),
    "wagtail": ("liferay",),
}
# Products that demand what cannot be waived and only some stacks hold.
DEMANDS = {
    "liferay-dxp-7.4": tuple(STACKS.keys() - {"xl-release-embedded"}),  # a database
    "xl-release-7.2": ("xl-release",),
    "xl-release-7.2-embedded": ("xl-release", "xl-release-embedded"),
    "xl-release-7.5": ("liferay", "xl-release", "xl-release-7.5"),  # an installation on a volume of the portal's
}
REFUSED = {("xl-release-7.5", "sql")}  # the portal is one database server, and demanded are two databases
PAIRS = [
    (product, portal, stack)
    for product in registry.names("products")
    for portal in registry.names("portals")
    for stack in WORKS_WITH.get(portal, STACKS)
    if stack in DEMANDS.get(product, STACKS) and (product, portal) not in REFUSED
]
TODAY = date(2026, 11, 21)
OWN = """
services:
  postgres:
    image: postgres:16
    environment: {POSTGRES_USER: shop, POSTGRES_PASSWORD: x, POSTGRES_DB: orders}
    volumes: ["pg:/var/lib/postgresql/data"]
  app:
    image: example/shop:3
    depends_on: [postgres]
    volumes: ["uploads:/srv/uploads", "order:/srv/order"]
volumes: {pg: , uploads: , order: }
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").write_text(OWN, encoding="utf-8")
    return tmp_path / "compose.yaml"


def init(*words: str | Path) -> int:
    return main(["init", *map(str, words)])


@pytest.mark.parametrize(("product", "portal", "stack"), PAIRS)
def test_what_is_written_can_be_planned(product: str, portal: str, stack: str, tmp_path: Path) -> None:
    path = tmp_path / f"{stack}.drill.yaml"
    text = write_drill(product, portal, STACKS[stack], path, today=TODAY)
    path.write_text(text, encoding="utf-8")
    drill = read_drill(path, today=TODAY)
    plan = make_plan(drill)
    assert (drill.name, drill.product, drill.portal.kind) == (stack, product, portal)
    assert explain(drill, plan)
    # What an editor checks is right as well, no line is too wide to read, and all is explained.
    schema = jsonschema.Draft202012Validator(json_schema())
    assert [error.message for error in schema.iter_errors(read_yaml(path, "x").data)] == []
    assert max(map(len, text.splitlines())) <= 140
    assert text.count("#") > 10
    # Nothing that the product demands is silently left out.
    left_out = {waiver.what.removeprefix("component ") for waiver in drill.waivers}
    assert {component.name for component in drill.components} | left_out >= set(registry.product(product).COMPONENTS)
    for name, row in registry.product(product).COMPONENTS.items():
        assert name not in left_out or row.waivable
        assert re.sub(r"[\s#]+", " ", row.why) in re.sub(r"[\s#]+", " ", text)


def test_the_shipped_stack_is_found_out_as_the_shipped_drill_has_it() -> None:
    """Without the portal's own table, by the Compose file alone: the same places."""
    shipped = read_drill(next(path for path in DRILLS if path.name == "liferay-dxp.drill.yaml"))
    path = ROOT / "drills" / "never-written.drill.yaml"
    text = write_drill("liferay-dxp-7.4", "http", STACKS["liferay"], path, today=TODAY)
    for component in shipped.components:
        assert f"  {component.name}:\n    service: {component.service}\n" in text
        if component.kind == "file_tree":
            assert f"    path: {component.options['path']} " in text
    assert "source: {stack: fixtures/stacks/liferay/compose.yaml}" in text
    assert "waivers:" not in re.sub("#.*", "", text)


SHIPPED_75 = STACKS["xl-release-7.5"]


def test_two_databases_of_one_server_are_two_and_what_is_guessed_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.drill.yaml"
    assert init("--product", "xl-release-7.5", "--portal", "http", "--stack", SHIPPED_75, "--output", path) == 0
    places = {one.name: one.options.get("path") or one.options["database"] for one in read_drill(path).components}
    assert places == {
        "database": "postgres",
        "archive_database": "archive_database",
        "installation": "/opt/xl-release-server",
        "search_index": "/opt/xl-release-server/index",
    }
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    guessed = [lines[number + 1] for number, line in enumerate(lines) if line.startswith("# GUESSED: ")]
    assert guessed == ["database:", "archive_database:", "installation:"]


def test_a_server_of_its_own_comes_before_a_second_database(tmp_path: Path) -> None:
    path, stack = tmp_path / "x.drill.yaml", tmp_path / "compose.yaml"
    stack.write_text(
        "services:\n"
        "  main: {image: postgres:16, environment: {POSTGRES_PASSWORD: x, POSTGRES_DB: releases}}\n"
        "  other: {image: postgres:16, environment: {POSTGRES_PASSWORD: x, POSTGRES_DB: archived}}\n"
        "  app: {image: example/app, depends_on: [main, other], volumes: ['installation:/opt/app']}\n"
        "volumes: {installation: }\n",
        encoding="utf-8",
    )
    text = write_drill("xl-release-7.5", "http", stack, path, today=TODAY)
    path.write_text(text, encoding="utf-8")
    drill = read_drill(path, today=TODAY)
    assert {drill.component(name).options["database"] for name in ("database", "archive_database")} == {
        "releases",
        "archived",
    }
    assert "GUESSED" not in text


@pytest.mark.parametrize(
    ("stack", "portal", "many"), [("notes", "http", 1), ("postgresql", "sql", 2), ("own", "sql", 0)]
)
def test_a_database_that_the_stack_does_not_name_is_guessed(stack: str, portal: str, many: int, own: Path) -> None:
    text = write_drill("plain", portal, STACKS.get(stack, own), None, today=TODAY)
    assert re.sub(r"\n *# *", " ", text).count("GUESSED: the Compose file names no database") == many


def test_mistakes_of_product_portal_and_stack_come_at_once(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text("services: {}\n", encoding="utf-8")
    path = tmp_path / "x.drill.yaml"
    assert init("--product", "plane", "--portal", "htp", "--stack", own, "--output", path) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Nothing was written."
    assert (said[1].startswith("portal-drill: found plane;"), said[2].startswith("found htp;")) == (True, True)
    assert said[3].startswith(f"{own}:1:11: found ")
    assert not path.exists()


def test_what_cannot_be_placed_is_refused_with_what_to_add(capsys: pytest.CaptureFixture[str]) -> None:
    assert init("--product", "xl-release-7.5", "--portal", "http", "--stack", STACKS["notes"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "looks as if it held installation (file_tree). It has db (portal-drill/postgresql:15); web" in said.err
    assert said.err.endswith("Add to it for installation a named volume where it lies\n")
    assert init("--product", "xl-release-7.5", "--portal", "http", "--stack", STACKS["xl-release-embedded"]) == 2
    assert "for archive_database a service with postgresql" in capsys.readouterr().err


@pytest.mark.parametrize("printed", [True, False])
def test_what_is_written_or_printed_is_read_back(
    printed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A portal that is one database server has no second database before it starts: 3, and never 0."""
    path = tmp_path / "x.drill.yaml"
    where = () if printed else ("--output", path)
    assert init("--product", "xl-release-7.5", "--portal", "sql", "--stack", SHIPPED_75, *where) == 3
    said = capsys.readouterr()
    text = said.out if printed else path.read_text(encoding="utf-8")
    line = text.splitlines().index("    database: archive_database               # Name of the database.")
    file = "<stdout>" if printed else path
    assert ("Printed" if printed else f"Written: {path}") + ". It has mistakes, to be mended first:\n" in said.err
    assert f"{file}:{line}:5: found archive_database in db, which is or needs the portal's own service" in said.err


def test_the_schema_that_a_file_names_is_put_beside_it(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "drills"
    folder.mkdir()
    words = ("--product", "plain", "--portal", "sql", "--stack", own, "--output")
    assert init(*words, folder / "a.drill.yaml") == 0
    schema = folder / "drill.schema.json"
    assert f"Written: {schema}, from which editors complete it\n" in capsys.readouterr().err
    assert json.loads(schema.read_text(encoding="utf-8")) == json_schema()
    named = (folder / "a.drill.yaml").read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
    assert folder / named == schema
    schema.write_text("mine", encoding="utf-8")
    assert init(*words, folder / "b.drill.yaml") == 0
    assert (schema.read_text(encoding="utf-8"), str(schema) in capsys.readouterr().err) == ("mine", False)


def test_an_own_stack_gives_its_databases_and_volumes_their_names(own: Path, tmp_path: Path) -> None:
    assert init("--product", "plain", "--portal", "sql", "--stack", own, "--output", tmp_path / "Shop 3.yaml") == 0
    drill = read_drill(tmp_path / "Shop 3.yaml")
    assert drill.name == "shop-3"
    assert (drill.portal.service, drill.portal.options["database"], drill.portal.options["user"]) == (
        *("postgres", "orders", "shop"),
    )
    found = {one.name: (one.kind, one.service, one.options.get("path")) for one in drill.components}
    assert found == {
        "database": ("postgresql", "postgres", None),
        "uploads": ("file_tree", "app", "/srv/uploads"),
        "c_order": ("file_tree", "app", "/srv/order"),
    }
    assert drill.component("database").options["database"] == "orders"


def test_what_is_not_in_the_stack_is_waived_for_a_month_only(own: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.drill.yaml"
    path.write_text(write_drill("liferay-dxp-7.4", "sql", own, path, today=TODAY), encoding="utf-8")
    drill = read_drill(path, today=TODAY)
    assert {waiver.until for waiver in drill.waivers} == {"2026-12-21"}
    assert "component search" in {waiver.what for waiver in drill.waivers}
    with pytest.raises(DrillFileWrong, match="the waiver has ended"):
        read_drill(path, today=date(2026, 12, 22))


def test_a_stack_without_what_cannot_be_waived_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text("services: {web: {image: nginx:1}}\n", encoding="utf-8")
    with pytest.raises(PortalDrillError, match=r"held database \(postgresql\). It has web \(nginx:1\)"):
        write_drill("liferay-dxp-7.4", "http", path, None, today=TODAY)
    with pytest.raises(PortalDrillError, match="looks as if PostgreSQL were in it"):
        write_drill("plain", "sql", path, None, today=TODAY)
    with pytest.raises(PortalDrillError, match="anything that can be backed up"):
        write_drill("plain", "http", path, None, today=TODAY)


def test_it_is_printed_unless_a_file_is_named(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own.parent)
    assert init("--product", "plain", "--portal", "http", "--stack", own.name) == 0
    said = capsys.readouterr()
    assert said.out.startswith("# yaml-language-server: $schema=drill.schema.json\n")
    assert "source: {stack: compose.yaml}" in said.out
    assert sorted(path.name for path in own.parent.iterdir()) == ["compose.yaml"]


def test_nothing_is_written_over_unless_it_is_forced(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.drill.yaml"
    path.write_text("mine\n")
    words = ("--product", "plain", "--portal", "sql", "--stack", own, "--output", path)
    assert init(*words) == 2
    assert (path.read_text(), "--force writes over it" in capsys.readouterr().err) == ("mine\n", True)
    assert init(*words, "--force") == 0
    assert "drill: x " in path.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required: --product, --portal\n    hint: products: liferay-dxp-7.4, plain, "),
        (("--product", "liferay", "--portal", "sql"), "found liferay; expected a product: liferay-dxp-7.4, plain"),
        (
            ("--product", "plain"),
            "; portals: http, jackrabbit, jackrabbit_embedded, sql, wagtail\n",
        ),
        (("--product", "plain", "--portal", "wagtall"), "did you mean wagtail?"),
    ],
)
def test_choices_are_listed(words: tuple[str, ...], said: str, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        assert init(*words, "--stack", own) == 2
    except SystemExit as ended:
        assert ended.code == 2
    assert said in re.sub(r"paper, ", "", capsys.readouterr().err)


def test_a_wrong_compose_file_shows_its_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  web: {image: a, volumes: [./data:/data]}\n")
    assert init("--product", "plain", "--portal", "http", "--stack", tmp_path / "compose.yaml") == 3
    assert "compose.yaml:2:29: found the bind mount ./data:/data" in capsys.readouterr().err
    assert init("--product", "plain", "--portal", "http", "--stack", tmp_path / "none.yaml") == 3
