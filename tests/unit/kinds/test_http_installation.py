"""What a described portal says around its content: files that rows name, hosts, places, scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from described import LIST, PORTAL, Answers, Drill, Stack, asking
from fakes import FakeShell

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds import registry
from harness.kinds.contracts import (
    HasScripts,
    HoldsReferences,
    NamesEndpoints,
    PlacesFiles,
    PortalAccess,
    Query,
    Reference,
    Script,
    TracesItems,
)
from harness.model.drill import Component, Portal


class Rows(Stack):
    """Every query is answered by the same rows."""

    def __init__(self, *rows: tuple[Any, ...], shell: FakeShell | None = None) -> None:
        super().__init__(Answers({}), shell)
        self.held, self.asked = rows, list[str]()

    @contextmanager
    def sql(self, service: str, *, database: str, user: str, password: str) -> Iterator[Any]:
        assert (service, database, password) == ("db", "portal", "Postgres-4711")
        yield self

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        self.asked.append(query)
        yield from self.held


def around(stack: Rows, **options: Any) -> Any:
    drill = Drill()
    rows = Component(name="rows", kind="postgresql", service="db", engine="pg_dump", options={"database": "portal"})
    drill.components = (*drill.components, rows)
    portal = Portal(kind="http", service="web", port=80, options={**PORTAL, **options})
    return registry.portal_of(portal), PortalAccess(portal, stack, drill)  # type: ignore[arg-type]


def test_rows_name_files_in_byte_order() -> None:
    stack = Rows(("b", None, "page/1"), ("a/ä", 7, "page/2"), ("", 1, "page/3"))
    one = {"component": "db", "files": ["**"], "database": "rows", "query": "SELECT 'a%', 1, 'x';"}
    kind, access = around(stack, references=[one])
    assert isinstance(kind, HoldsReferences) and kind.REFERENCED == {"db": ("**",)}
    assert list(kind.references(access)) == [Reference("db", "a/ä", "page/2", 7), Reference("db", "b", "page/1")]
    assert stack.asked == ["SELECT key, size, origin FROM (SELECT 'a%', 1, 'x') AS asked (key, size, origin)"]


def test_configuration_names_hosts_in_files_and_rows() -> None:
    text = "/d/a.properties\x001:mail.host=mail.example.com\n/d/a.properties\x002:password=Geheim-4711\n"
    stack = Rows(("site/1", "hostname=www.example.com:8443"), shell=FakeShell({("bash",): (0, text, "")}))
    files, rows = {"component": "db", "files": ["*.properties"]}, {"database": "rows", "query": "SELECT 'a', 'b'"}
    kind, access = around(stack, configuration=[files, rows])
    assert isinstance(kind, NamesEndpoints)
    found = [(one.host, one.port, one.where) for one in kind.endpoints(access)]
    assert found == [("mail.example.com", None, "/d/a.properties:1"), ("www.example.com", 8443, "site/1")]
    asked = stack.the_shell.commands[0]
    assert (asked[4], asked[-2:]) == ("/d", ("--", "*.properties"))


class OwnShell(FakeShell):
    """Runs what it is asked on this machine."""

    def stream(self, argv: Sequence[str], *, user: str | None = None, timeout_s: float) -> Iterator[bytes]:
        done = subprocess.run(argv, check=False, capture_output=True, timeout=timeout_s)
        yield done.stdout
        if done.returncode:
            raise CommandFailed(f"{argv[0]} exited with {done.returncode}: {done.stderr.decode()}")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, ["a", "conf/b", "logs/c"]),
        ({"exclude": ["logs"]}, ["a", "conf/b"]),
        ({"files": ["conf/*"]}, ["conf/b"]),
        ({"exclude": ["*"]}, []),
    ],
)
def test_every_file_is_configuration_but_what_is_left_out_or_another_component_holds(
    where: dict[str, Any], found: list[str], tmp_path: Path
) -> None:
    for name in ("a", "conf/b", "logs/c", "library/d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mail.host=mail.example.com\n", encoding="utf-8")
    kind, access = around(Rows(shell=OwnShell({})), configuration=[{"component": "home", **where}])
    trees = [("home", tmp_path), ("library", tmp_path / "library")]
    access.drill.components = tuple(
        Component(name=name, kind="file_tree", service="web", engine="tar", options={"path": str(path)})
        for name, path in trees
    )
    places = [one.where for one in kind.endpoints(access)]
    assert places == [f"{tmp_path}/{name}:1" for name in found]


NAMED = "db.host=db.production.example\n"
ON_LINES = "mode=x\r\n" + NAMED.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.properties", NAMED.encode(), 1),
        ("long.properties", b"# no host here\n" * 75_000 + NAMED.encode(), 75_001),
        ("one-line.json", b'{"filler": "' + b"x" * 1_100_000 + b'", "url": "http://db.production.example/"}', 1),
        ("marked.ini", NAMED.encode("utf-8-sig"), 1),
        ("utf-16.CONFIG", ON_LINES.encode("utf-16"), 2),
        ("utf-16-first-line.xml", NAMED.encode("utf-16"), 1),
        ("big-endian.yml", b"\xfe\xff" + ON_LINES.encode("utf-16-be"), 2),
        ("unmarked.cfg", ON_LINES.encode("utf-16-le"), 2),
        ("zero.conf", b"a\0db.host=db.production.example\0\n", 1),
        ("late-zero.xml", b"# no host here\n" * 9_000 + b"\0\n" + NAMED.encode(), 9_002),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_configuration_is_read_whatever_its_size_and_encoding(
    name: str, content: bytes, line: int, tmp_path: Path
) -> None:
    assert hosts_of(tmp_path, name, content) == [("db.production.example", f"{tmp_path}/{name}:{line}")]


@pytest.mark.parametrize(
    ("name", "content"),
    [("driver.jar", b"PK\0\0" + NAMED.encode()), ("image.dat", b"x" * 1_100_000 + b"\n" + NAMED.encode())],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_neither_text_nor_called_so_is_no_configuration(name: str, content: bytes, tmp_path: Path) -> None:
    assert hosts_of(tmp_path, name, content) == []


def hosts_of(folder: Path, name: str, content: bytes) -> list[tuple[str, str]]:
    (folder / name).write_bytes(content)
    kind, access = around(Rows(shell=OwnShell({})), configuration=[{"component": "home"}])
    home = Component(name="home", kind="file_tree", service="web", engine="tar", options={"path": str(folder)})
    access.drill.components = (home,)
    return [(one.host, one.where) for one in kind.endpoints(access)]


FIND, GREP, SORT = (shutil.which(name) for name in ("find", "grep", "sort"))


@pytest.mark.parametrize(
    ("program", "does", "named"),
    [
        ("sort", f'rm -f "$HOME"/gone*; exec {SORT} "$@"', ["stays.properties"]),
        (
            "find",
            f'{FIND} "$@"; echo "find: $HOME/d: No such file or directory" >&2; exit 1',
            ["gone.cfg", "stays.properties", "gone"],
        ),
    ],
    ids=["file", "folder"],
)
def test_what_vanishes_while_it_is_looked_for_names_nothing(
    program: str, does: str, named: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_in(program, does, tmp_path, monkeypatch)
    for name in ("gone", "gone.cfg"):
        (tmp_path / "home" / name).write_text(NAMED)
    found = hosts_of(tmp_path / "home", "stays.properties", NAMED.encode())
    assert found == [("db.production.example", f"{tmp_path}/home/{name}:1") for name in named]


@pytest.mark.parametrize(
    ("program", "does", "why"),
    [
        ("grep", f'{GREP} "$@"; echo "grep: $HOME/a: Input/output error" >&2; exit 2', "a: Input/output error"),
        ("grep", 'echo "grep: x: No such file or directory" >&2; exit 137', "exited with"),
        ("grep", "exit 2", "exited with"),
        ("find", f'{FIND} "$@"; echo "find: $HOME/d: Permission denied" >&2; exit 1', "d: Permission denied"),
        ("find", f'{FIND} "$@"; rm -r "$HOME"', "is not there"),
    ],
)
def test_what_cannot_be_read_is_no_answer_of_the_portal(
    program: str, does: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_in(program, does, tmp_path, monkeypatch)
    with pytest.raises(CouldNotAsk, match=why):
        hosts_of(tmp_path / "home", "a.properties", NAMED.encode())


def test_tree_that_is_not_there_is_no_answer_of_the_portal(tmp_path: Path) -> None:
    kind, access = around(Rows(shell=OwnShell({})), configuration=[{"component": "home"}])
    options = {"path": f"{tmp_path}/none"}
    home = Component(name="home", kind="file_tree", service="web", engine="tar", options=options)
    access.drill.components = (home,)
    with pytest.raises(CouldNotAsk, match="none is not there"):
        list(kind.endpoints(access))


def stands_in(program: str, does: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the program of this name, this runs; its HOME is the tree."""
    for name in ("bin", "home"):
        (folder / name).mkdir()
    (folder / "bin" / program).write_text(f"#!/bin/sh\n{does}\n")
    (folder / "bin" / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", f"{folder}/home")


def test_portal_says_where_it_keeps_its_files() -> None:
    places = [{"request": "GET /about", "values": {"db": "/library"}}]
    kind, access = asking({"GET /about": {"library": "/mnt/elsewhere"}}, places=places)
    assert isinstance(kind, PlacesFiles) and kind.places(access) == {"db": "/mnt/elsewhere"}


def test_scripts_are_run_as_the_file_says() -> None:
    kind, _ = asking({}, scripts=[{"service": "web", "command": ["/srv/list.sh", "-v"], "user": "ann"}])
    assert isinstance(kind, HasScripts)
    assert list(kind.SCRIPTS) == [Script("web", ("/srv/list.sh", "-v"), "ann")]


@pytest.mark.parametrize(("key", "item_id"), [("page:000000000017", "17"), ("page:start", "start")])
def test_items_are_traced_in_the_inventories_of_their_tiers(key: str, item_id: str) -> None:
    keys = {"db": "row/public.page/{id}", "search": "document/pages/{id}"}
    kind, _ = asking({}, content=[{**LIST, "inventory": keys}])
    assert isinstance(kind, TracesItems)
    assert kind.inventory_keys(key) == {"db": f"row/public.page/{item_id}", "search": f"document/pages/{item_id}"}


def test_portal_without_them_does_not_offer_them() -> None:
    kind, _ = asking({})
    assert not isinstance(kind, HoldsReferences | NamesEndpoints | PlacesFiles | HasScripts | TracesItems)


LISTED = {"GET /pages?after=0": {"items": [{"id": n, "rev": 1} for n in (1, 2)]}, "GET /pages?after=2": {"items": []}}
TEXTS = {**LIST, "texts": {"database": "rows", "query": "SELECT id, body FROM page"}}


def test_texts_of_rows_are_sought_where_the_plain_user_may_read_the_item() -> None:
    stack = Rows((1, "harvest"), (2, "harvest"), (3, "harvest of a draft"))
    stack.answers = Answers(LISTED)
    kind, access = around(stack, content=[TEXTS])
    queries = {query.word: query for query in kind.queries(access)}
    assert queries == {"harvest": Query("harvest", frozenset({"page:000000000001", "page:000000000002"}))}


def test_listed_item_without_a_row_of_text_is_a_wrong_description() -> None:
    stack = Rows((1, "harvest"))
    stack.answers = Answers(LISTED)
    kind, access = around(stack, content=[TEXTS])
    with pytest.raises(CouldNotAsk, match="1 items have no row of text, such as page:000000000002"):
        list(kind.queries(access))
