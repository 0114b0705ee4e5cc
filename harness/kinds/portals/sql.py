"""A PostgreSQL database without a portal in front: writes and searches are SQL, in a table of the drill's own.

There is no index: `queries` and `search` both read the table, so that the first correct search shows the
newest write that the restored database is known to hold, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import Field

from harness.errors import CouldNotAsk
from harness.kinds.components import postgresql
from harness.kinds.contracts import ContentItem, KindOptions, PortalAccess, Probe, Query, Sql
from harness.kinds.portals._installation import fact_probes, log_probe
from harness.model.drill import Service
from harness.model.frozen import JsonValue
from harness.model.restore_point import Canary

TITLE = "PostgreSQL"
VENDOR_OF: frozenset[str] = frozenset()
SERVICE = "db"
PORT = 5432
CONTENT_TIER = "database"
INDEX_TIER = None
TIERS = ("database",)
TABLE = "portal_drill_writes"
MOST = 64
TIMEOUT_S = 30
CONNECTION_LOST = 2  # exit code; 1 and 3 are refusals. Source: PostgreSQL 15 documentation, psql, Exit Status
DENY = re.compile(r"\bPANIC\b|invalid page|page verification failed|could not (read|open|access|extend) ")

_OURS = "written by the drill: judged by number"
COMPONENTS = {
    "database": {
        "kind": "postgresql",
        "service": SERVICE,
        "options": {
            "rows": [{"table": TABLE, "where": "kind = 'canary'", "item_class": "canary", "reason": _OURS}],
        },
    },
}

# Nothing that a write changes: equal at the source and after the restore.
_FACTS = """SELECT 'server version', current_setting('server_version')
    UNION ALL SELECT 'encoding', pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT 'collation', concat_ws(' ', datcollate, datctype, datlocprovider) FROM pg_database
        WHERE datname = current_database()
    UNION ALL SELECT 'extensions', string_agg(extname || ' ' || extversion, ', ' ORDER BY extname) FROM pg_extension
    UNION ALL SELECT 'settings of the database', coalesce((SELECT array_to_string(setconfig, ', ')
        FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE s.setrole = 0 AND d.datname = current_database()), 'none')"""

_CREATE = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    words text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    committed_utc timestamptz NOT NULL DEFAULT clock_timestamp())"""
_WRITE = f"INSERT INTO {TABLE} (kind, words) VALUES (:'kind', :'words') RETURNING id"
_EDIT = f"""UPDATE {TABLE} SET words = words || ' ' || :'words', revision = revision + 1,
    committed_utc = clock_timestamp() WHERE id = :id RETURNING id"""


class Options(KindOptions):
    database: str = Field(description="Name of the database.")
    user: str = Field(default="postgres", description="Who may create a table in it.")
    password_variable: str = Field(
        default="POSTGRES_PASSWORD", description="Variable of the service's environment that holds the password."
    )


def propose(service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
    """The database in this service, as the component proposes it."""
    return postgresql.propose(service, name)


def _password(access: PortalAccess, options: Options) -> str:
    return access.stack.environment(access.portal.service)[options.password_variable]


@contextmanager
def _sql(access: PortalAccess) -> Iterator[Sql]:
    options = Options.model_validate(access.portal.options)
    with access.stack.sql(
        access.portal.service, database=options.database, user=options.user, password=_password(access, options)
    ) as sql:
        yield sql


def _write(access: PortalAccess, statement: str, **variables: str) -> str:
    """One statement by psql inside the service, for `Sql` only reads; what it returns.

    Raises: CommandFailed if the server refuses; CouldNotAsk if it is not known whether it was written.
    """
    options = Options.model_validate(access.portal.options)
    argv = ["psql", "-XqAt", "-h", "127.0.0.1", "-p", str(access.portal.port), "-U", options.user]
    argv += ["-d", options.database, "-v", "ON_ERROR_STOP=1"]
    argv += [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
    said = access.stack.shell(access.portal.service).run(
        [*argv, "-f", "-"],
        stdin=f"{statement};\n".encode(),
        timeout_s=TIMEOUT_S,
        environment={"PGPASSWORD": _password(access, options), "PGCONNECT_TIMEOUT": "10"},
    )
    if said.exit_code == CONNECTION_LOST:
        raise CouldNotAsk(f"psql lost its server: {said.stderr.decode(errors='replace').strip()[-300:]}")
    return said.ok().text.strip()


# ---------------------------------------------------------------- health and facts


def healthy(access: PortalAccess) -> Probe:
    """The declared database answers and holds tables; an empty one is what a restore that did nothing leaves."""
    query = """SELECT current_database(), (SELECT count(*) FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema'))"""
    with _sql(access) as sql:
        database, tables = next(iter(sql.rows(query)))
    return Probe("database", tables > 0, "tables", f"{tables} tables in {database}")


def facts(access: PortalAccess) -> dict[str, str]:
    """Version, encoding, collation, extensions and settings of the database."""
    with _sql(access) as sql:
        return {str(name): str(value) for name, value in sql.rows(_FACTS)}


def versions(access: PortalAccess) -> dict[str, str]:
    return {"PostgreSQL": facts(access)["server version"].split()[0]}


def probes(access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
    """Every fact against the source's, a write that is read back (never at a source), and the server's log."""
    yield from fact_probes(facts(access), expected, lambda name: ("GEN-D4",))
    if access.stack.role == "sandbox":
        key = _key(int(_write(access, _WRITE, kind="probe", words="probe")))
        read = key in search(access, "probe")
        found = f"{key} is {'' if read else 'not '}read"
        yield Probe("write", read, "a new row that is read back", found, ("GEN-D30",))
    yield log_probe(access, DENY)


# ---------------------------------------------------------------- writes


def write_nonce(access: PortalAccess, nonce: str) -> None:
    """A row that carries the nonce; the table is made on the way."""
    _write(access, f"SET client_min_messages = warning; {_CREATE}; {_WRITE}", kind="nonce", words=nonce)


def read_nonces(access: PortalAccess) -> tuple[str, ...]:
    with _sql(access) as sql:
        if not _has_table(sql):
            return ()
        return tuple(words for (words,) in sql.rows(f"SELECT words FROM {TABLE} WHERE kind = 'nonce' ORDER BY id"))


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    yield "database", _write(access, _WRITE, kind="canary", words=token)


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    """The earlier row gets the token as a further word, and a new revision."""
    yield "database", _write(access, _EDIT, id=str(int(earlier.refs["database"])), words=token)


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    """By the row that the write named, and the token in it."""
    words = {int(key.split(":")[1]): set(text.split()) for key, text in _rows(access)}
    for canary in canaries:
        if "database" in canary.refs:
            yield canary.number, "database", canary.token in words.get(int(canary.refs["database"]), ())


# ---------------------------------------------------------------- content


def _key(number: int) -> str:
    return f"write:{number:012d}"


def _has_table(sql: Sql) -> bool:
    return bool(next(iter(sql.rows("SELECT to_regclass(%s) IS NOT NULL", (TABLE,))))[0])


def _rows(access: PortalAccess) -> Iterator[tuple[str, str]]:
    """(key, words) of every row; none without the table."""
    with _sql(access) as sql:
        if _has_table(sql):
            for number, words in sql.rows(f"SELECT id, words FROM {TABLE} ORDER BY id"):
                yield _key(number), words


def items(access: PortalAccess) -> Iterator[ContentItem]:
    with _sql(access) as sql:
        if _has_table(sql):
            for number, revision, when, words in sql.rows(
                f"SELECT id, revision, committed_utc, words FROM {TABLE} ORDER BY id"
            ):
                yield ContentItem(_key(number), str(revision), when, words)


def search(access: PortalAccess, query: str) -> frozenset[str]:
    """Rows that hold the word, looked up by the server."""
    with _sql(access) as sql:
        if not _has_table(sql):
            return frozenset()
        found = sql.rows(f"SELECT id FROM {TABLE} WHERE %s = ANY (string_to_array(words, ' '))", (query,))
        return frozenset(_key(number) for (number,) in found)


def queries(access: PortalAccess) -> Iterator[Query]:
    """The words of the newest rows."""
    rows: dict[str, set[str]] = {}
    for key, words in _rows(access):
        for word in words.split():
            rows.setdefault(word, set()).add(key)
    for word in [*reversed(rows)][:MOST]:
        yield Query(word, frozenset(rows[word]))


def canary_query(canary: Canary) -> Query | None:
    """None if the write was never acknowledged."""
    ref = canary.refs.get("database")
    return Query(canary.token, frozenset({_key(int(ref))})) if ref else None
