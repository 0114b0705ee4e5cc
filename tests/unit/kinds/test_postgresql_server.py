"""What pg_dump and pg_dumpall leave out, on a PostgreSQL of this machine: the engine carries it, or the inventory
names it. Skipped where there is none; `tests/contracts` asks the same of the image."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fakes import FakeStack, backup_access, restore_access

from harness.kinds.components._postgresql_objects import OBJECTS, objects
from harness.kinds.contracts import CommandResult
from harness.kinds.engines import pg_dump

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin"), reverse=True)), Path("/nowhere"))
pytestmark = pytest.mark.skipif(not (PROGRAMS / "initdb").exists(), reason="no PostgreSQL on this machine")

SHOP = {"database": "shop"}
MADE = """
CREATE TABLE sold (id integer PRIMARY KEY); INSERT INTO sold VALUES (1);
CREATE ROLE reporting;
CREATE OPERATOR ### (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl);
CREATE TYPE weight AS (grams integer);
CREATE FUNCTION grams(weight) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).grams';
CREATE CAST (weight AS integer) WITH FUNCTION grams(weight) AS ASSIGNMENT;
CREATE FUNCTION handle() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE spoken HANDLER handle;
GRANT SET ON PARAMETER work_mem TO reporting;
GRANT reporting TO postgres;
ALTER ROLE postgres SET work_mem = '5MB';
ALTER ROLE ALL SET statement_timeout = '30s';
ALTER ROLE ALL SET search_path = "$user", app, "O""Brien, x", public;
ALTER ROLE ALL SET temp_tablespaces = '';
ALTER ROLE ALL SET datestyle = 'ISO, DMY';
ALTER ROLE ALL SET shop.greeting = E'it''s a \\\\ back\nslash = "x"'
"""


class LocalShell:
    """Client programs of this machine, told that the service is a socket and `/artefact` a folder."""

    def __init__(self, socket: Path, artefact: Path) -> None:
        self._socket, self._artefact = socket, artefact

    def run(
        self, argv: Sequence[str], *, stdin: bytes | None = None, timeout_s: float, environment: Mapping[str, str]
    ) -> CommandResult:
        words = [word.replace("/artefact/", f"{self._artefact}/") for word in argv]
        if "-h" in words:
            words[words.index("-h") + 1] = str(self._socket)
        path = {"PATH": f"{PROGRAMS}:/usr/bin:/bin"}
        done = subprocess.run(words, input=stdin, capture_output=True, env=path | {**environment}, timeout=timeout_s)
        kept = done.stdout[: 1 << 20]
        return CommandResult(tuple(argv), done.returncode, kept, done.stderr, kept != done.stdout, 0.1)


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def connected(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        given: dict[str, Any] = {"host": str(self.folder), "user": "postgres", "dbname": database}
        with psycopg.connect(**given, autocommit=True, options="-c search_path=pg_catalog") as connection:
            yield connection

    def do(self, statements: str, database: str = "shop") -> None:
        with self.connected(database) as connection:
            connection.execute("SET search_path = public")
            for statement in statements.split(";"):
                connection.execute(statement.encode())

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[Any]:
        with self.connected("shop") as connection:
            yield from connection.execute(query.encode(), tuple(parameters) or None).fetchall()

    def inventory(self) -> dict[str, str]:
        return {item.key: item.digest for kind in OBJECTS for item in objects(self, kind)}


def _as_server(*argv: str) -> None:
    """PostgreSQL refuses to run as root."""
    by = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
    subprocess.run([*by, *argv], check=True, stdout=subprocess.DEVNULL, timeout=120, cwd="/")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="pd-", dir="/tmp"))  # the path of a socket must be short
    data = folder / "data"
    options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={folder}"
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        _as_server(f"{PROGRAMS}/initdb", "-D", f"{data}", "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8")
        _as_server(f"{PROGRAMS}/pg_ctl", "start", "-w", "-D", f"{data}", "-o", options, "-l", f"{folder}/log")
        try:
            made = Server(folder)
            made.do("CREATE DATABASE shop", "postgres")
            made.do(MADE)
            yield made
        finally:
            _as_server(f"{PROGRAMS}/pg_ctl", "stop", "-w", "-m", "immediate", "-D", f"{data}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def test_settings_of_all_roles_come_back_and_are_named_where_only_pg_dumpall_saved_them(
    server: Server, tmp_path: Path
) -> None:
    stack: Any = FakeStack(LocalShell(server.folder, tmp_path))  # type: ignore[arg-type]
    before = server.inventory()
    pg_dump.backup(backup_access(stack, tmp_path, "postgresql", SHOP))
    server.do("ALTER ROLE ALL RESET search_path; ALTER ROLE ALL SET lock_timeout = '9s'; ALTER ROLE postgres RESET ALL")
    pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    assert differing(before, server.inventory()) == []
    names = ("DateStyle", "search_path", "shop.greeting", "statement_timeout", "temp_tablespaces")
    (tmp_path / "settings.sql").unlink()
    pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    lost = [f"setting/every role {name}, which pg_dumpall leaves out" for name in names]
    assert differing(before, server.inventory()) == lost


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        ("DROP OPERATOR ### (integer, integer); CREATE OPERATOR ### (LEFTARG = integer, RIGHTARG = integer, "
         "FUNCTION = int4mul)", ["operator/public.###(integer,integer)"]),
        ("DROP CAST (weight AS integer); CREATE CAST (weight AS integer) WITH FUNCTION grams(weight) AS IMPLICIT",
         ["cast/cast from public.weight to integer"]),
        ("ALTER LANGUAGE spoken OWNER TO reporting", ["language/spoken"]),
        ("REVOKE SET ON PARAMETER work_mem FROM reporting", ["privilege/parameter work_mem"]),
        ("ALTER DATABASE shop IS_TEMPLATE true", ["database/shop"]),
        ("ALTER ROLE postgres SET work_mem = '6MB'", ["role/superuser of initdb"]),
        ("ALTER ROLE postgres CONNECTION LIMIT 7", ["role/superuser of initdb"]),
        ("REVOKE reporting FROM postgres", ["role/superuser of initdb"]),
        ("ALTER ROLE postgres PASSWORD 'other'", []),  # initdb sets it by the target's environment
        ("ALTER ROLE ALL SET work_mem = '7MB'", ["setting/every role work_mem, which pg_dumpall leaves out"]),
    ],
)  # fmt: skip
def test_what_changes_is_named(server: Server, statements: str, named: list[str]) -> None:
    before = server.inventory()
    server.do(statements)
    assert differing(before, server.inventory()) == named


def test_time_limits_of_a_database_end_no_restore(server: Server, tmp_path: Path) -> None:
    """What vacuumdb does after the load may take longer than a portal's queries may."""
    stack: Any = FakeStack(LocalShell(server.folder, tmp_path))  # type: ignore[arg-type]
    server.do("CREATE DATABASE hasty", "postgres")
    server.do("CREATE TABLE counted AS SELECT i, md5(i::text) FROM generate_series(1, 100000) AS i", "hasty")
    server.do("ALTER DATABASE hasty SET statement_timeout = '5ms'", "postgres")
    pg_dump.backup(backup_access(stack, tmp_path, "postgresql", {"database": "hasty"}))
    pg_dump.restore(restore_access(stack, tmp_path, "postgresql", {"database": "hasty"}, {}))


def test_tables_of_a_dump_are_counted_however_much_stands_before_them(server: Server, tmp_path: Path) -> None:
    """Its table of contents names 12,000 functions first: more than is kept of what a command prints."""
    stack: Any = FakeStack(LocalShell(server.folder, tmp_path))  # type: ignore[arg-type]
    server.do("CREATE DATABASE wide", "postgres")
    server.do("CREATE TABLE sold AS SELECT 1 AS id", "wide")
    made = "format('CREATE FUNCTION public.%s%s() RETURNS int LANGUAGE sql AS ''SELECT 1''', repeat('f', 58), i)"
    with server.connected("wide") as connection:
        connection.execute(f"DO $$ BEGIN FOR i IN 10001..22000 LOOP EXECUTE {made}; END LOOP; END $$".encode())
    facts = pg_dump.backup(backup_access(stack, tmp_path, "postgresql", {"database": "wide"}))
    assert facts["tables"] == 1
