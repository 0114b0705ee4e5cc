"""PostgreSQL's own pg_dump in custom format, with the cluster's roles by pg_dumpall, and the settings of all roles,
which neither of them holds.

Requirements: LR-22 to LR-24, GEN-D1 (client and server of one version), GEN-D2 (a dump cut short), GEN-D3
(stop on the first error), GEN-D4 (roles and extensions), GEN-D9 (statistics).
Source: PostgreSQL 15 documentation, pg_dump, pg_dumpall, pg_restore, psql, ALTER ROLE; its dumputils.c for lists.
"""

from __future__ import annotations

import re

from pydantic import Field

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.components.postgresql import Options as Database
from harness.kinds.contracts import BackupAccess, ComponentAccess, KindOptions, RestoreAccess, Shell, ToolImage
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"postgresql"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "started"  # one snapshot, taken when the dump begins
TRAILER = b"PostgreSQL database cluster dump complete"
END_OF_SETTINGS = b"-- Settings of all roles complete\n"
# Roles of the cluster but the one that initdb made, and those that another database of it needs, restored before.
_OTHER_ROLES = """SELECT format('DROP ROLE %I', rolname) FROM pg_authid AS r WHERE oid <> 10 AND rolname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = r.oid) \\gexec"""
# A list of names is stored as names, in quotes where they need some; each must be a literal of its own.
_LISTS = "'local_preload_libraries', 'search_path', 'session_preload_libraries', 'temp_tablespaces'"
_NAMES = """(SELECT string_agg(quote_literal(replace(regexp_replace(part[1], '^"(.*)"$', '\\1'), '""', '"')), ', '
    ORDER BY place) FROM regexp_matches(value, '"(?:[^"]|"")*"|[^", ]+', 'g') WITH ORDINALITY AS m (part, place))"""
_SETTINGS = f"""SELECT format('ALTER ROLE ALL SET %I = %s;', name,
    coalesce(CASE WHEN name IN ({_LISTS}) THEN {_NAMES} END, quote_literal(value)))
    FROM pg_db_role_setting, unnest(setconfig) AS x, split_part(x, '=', 1) AS name,
    substr(x, length(name) + 2) AS value WHERE setrole = 0 AND setdatabase = 0"""
_RESET = """ALTER ROLE ALL RESET ALL;
SELECT format('ALTER ROLE %I RESET ALL', rolname) FROM pg_authid WHERE oid = 10 \\gexec"""
_ROLES = "SELECT format('%I', rolname) FROM pg_authid WHERE rolname !~ '^pg_'"
DUMP, ROLES, SETTINGS = "database.dump", "roles.sql", "settings.sql"
# What libpq says of the way to its server, and not of what it was to load. Source: PostgreSQL 15, fe-connect.c;
# texts of EAI_AGAIN and ETIMEDOUT.
_NO_WAY = (
    r'could not translate host name "{0}" to address: Temporary failure in name resolution'
    r'|connection to server at "{0}".* failed: (timeout expired|Connection timed out)'
)
_SAYS = re.compile(r"(?m)^; +([A-Z]?[a-z][^:]*): (.*)$")  # the head of a dump, as `pg_restore --list` prints it
# What a database or all roles are set to for the portal's sake, and no tool may be held to: not each resets it itself.
_FREE = "-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0"
STOP = ["-X", "-q", "-v", "ON_ERROR_STOP=1"]


class Options(KindOptions):
    jobs: int = Field(default=2, ge=1, le=64, description="Parallel workers of pg_restore.")


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Write `database.dump`, `roles.sql` and `settings.sql`.

    Given: a running server. Raises: CommandFailed if a tool says no, is of another major version than the
    server, or leaves a dump whose table of contents cannot be read or names no table.
    """
    database = Database.model_validate(access.component.options)
    with access.stack.tool(
        access.component.service,
        image=ToolImage.SERVICE,
        writable=False,
        volumes=False,
        networked=True,
        artefact=access.artefact,
        artefact_writable=True,
    ) as shell:
        run = _Client(access, database, shell, access.timeout_s)
        client = run("pg_dump", "--version").split()[2]
        server = run("psql", *run.connection, "-d", database.database, "-AtXc", "SHOW server_version").split()[0]
        if client.split(".")[0] != server.split(".")[0]:
            raise CommandFailed(f"pg_dump is {client}, the server is {server}: the major versions differ (GEN-D1)")
        run("pg_dumpall", *run.connection, "--globals-only", "--file", f"/artefact/{ROLES}")
        settings = ["-c", _SETTINGS, "-c", f"SELECT '{END_OF_SETTINGS.decode().strip()}'"]
        run("psql", *run.connection, *STOP, "-At", "-d", "postgres", "-o", f"/artefact/{SETTINGS}", *settings)
        run("pg_dump", *run.connection, "--format=custom", "--file", f"/artefact/{DUMP}", database.database)
        tables = _believable(run, access, database)
    return {"tool": f"pg_dump {client}", "server": server, "tables": tables}


def restore(access: RestoreAccess) -> None:
    """Drop the database if it is there, then load roles, dump and settings, each stopping at the first error. The
    settings come last: one that makes transactions read-only would be in the way.

    Given: a ready server. Raises: CommandFailed with what the tool said last, or, before anything is removed, if
    the dump says of itself that it is of another database or by an older client than its server.
    """
    database = Database.model_validate(access.component.options)
    options = Options.model_validate(access.component.engine_options)
    with access.stack.tool(
        access.component.service,
        image=ToolImage.SERVICE,
        writable=False,
        volumes=False,
        networked=True,
        artefact=access.artefact,
    ) as shell:
        run = _Client(access, database, shell, access.timeout_s)
        _believable(run, access, database)
        remove = f'DROP DATABASE IF EXISTS "{database.database}" WITH (FORCE);\n{_OTHER_ROLES}\n{_RESET}\n{_ROLES};\n'
        there = run("psql", *run.connection, *STOP, "-d", "postgres", "-At", "-f", "-", stdin=remove.encode())
        # To create a role that is there would be an error: the superuser that initdb made, and what another database of
        # this server needs. Their passwords and memberships are set as the file has them.
        roles, settings = _whole(access, ROLES, TRAILER), b""
        if (access.artefact / SETTINGS).exists():  # until 2026-11-30 there was none
            settings = _whole(access, SETTINGS, END_OF_SETTINGS)
        for name in there.splitlines():
            roles = re.sub(rb"(?m)^CREATE ROLE " + re.escape(name.encode()) + rb";$", b"", roles)
        load_sql = ["psql", *run.connection, *STOP, "--single-transaction", "-d", "postgres", "-f", "-"]
        run(*load_sql, stdin=roles)
        load = ["--create", "--exit-on-error", f"--jobs={options.jobs}", "-d", "postgres", f"/artefact/{DUMP}"]
        run("pg_restore", *run.connection, *load)
        run("vacuumdb", *run.connection, "--analyze-only", "--quiet", "-d", database.database)
        run(*load_sql, stdin=settings)


def _believable(run: _Client, access: ComponentAccess, database: Database) -> int:
    """How many tables the dump holds, by its own table of contents: never by the record or the name of the file.

    Raises: CommandFailed if it names another database, none of its versions, or a client older than its server.
    """
    # Without the definitions, of which there may be more than is kept of what a command prints.
    contents = run("pg_restore", "--list", "--section=data", f"/artefact/{DUMP}")
    said = dict(_SAYS.findall(contents))
    if said.get("dbname") != database.database:
        raise CommandFailed(f"{DUMP} is of the database {said.get('dbname')}, not of {database.database}")
    client, server = said.get("Dumped by pg_dump version", ""), said.get("Dumped from database version", "")
    if not client or not server or _major(client) < _major(server):
        raise CommandFailed(f"{DUMP} was made by pg_dump {client} from a server {server}: too old a client (GEN-D1)")
    tables = contents.count(" TABLE DATA ")
    if not tables and not access.component.may_be_empty:
        raise CommandFailed(f"the dump of {database.database} holds no table")
    return tables


def _major(version: str) -> tuple[int, ...]:
    """15 of 15.8; 9.6 of 9.6.24, as versions were counted until 10. Raises: CommandFailed if it is no version."""
    parts = re.match(r"(\d+)(?:\.(\d+))?", version)
    if not parts:
        raise CommandFailed(f"{DUMP} names no version but {version!r}")
    major = int(parts[1])
    return (major,) if major >= 10 else (major, int(parts[2] or 0))


def _whole(access: RestoreAccess, name: str, end: bytes) -> bytes:
    """A file of statements, whole: psql would run a last one that was cut short (GEN-D2)."""
    try:
        text = (access.artefact / name).read_bytes()
    except OSError as error:
        raise CommandFailed(f"{name} of {access.component.name} cannot be read: {error.strerror}") from error
    if end not in text[-200:]:
        raise CommandFailed(f"{name} of {access.component.name} was cut short: it does not end as it was made")
    return text


class _Client:
    """Runs PostgreSQL's client programs against the component's server.

    Raises: CommandFailed on any other exit code than 0; CouldNotAsk if there was no way to the server.
    """

    def __init__(self, access: ComponentAccess, database: Database, shell: Shell, timeout_s: float) -> None:
        self.connection = ["-h", access.component.service, "-U", database.user]
        password = access.stack.environment(access.component.service)[database.password_variable]
        # An image in another language would say `_NO_WAY` in it.
        self._environment = {"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C", "PGOPTIONS": _FREE}
        self._shell, self._timeout_s = shell, timeout_s
        self._no_way = re.compile(_NO_WAY.format(re.escape(access.component.service)))

    def __call__(self, *argv: str, stdin: bytes | None = None) -> str:
        said = self._shell.run(argv, stdin=stdin, timeout_s=self._timeout_s, environment=self._environment)
        if said.exit_code and (found := self._no_way.search(said.stderr.decode(errors="replace"))):
            raise CouldNotAsk(f"{argv[0]} had no way to its server: {found[0]}")
        return said.ok().text
