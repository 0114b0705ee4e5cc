"""A PostgreSQL database: every row by the digest of its text, every sequence, role and schema object.

Rows are copied out as COPY writes them, with the session's settings pinned by `Sql`, and digested beside the server:
typed hashes call 1.0 and 1.00 equal.

Requirements: LR-22, GEN-D4 (roles, grants, extensions), GEN-D5 (kinds of objects), GEN-D7 (sequences).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from pydantic import Field

from harness.errors import CommandFailed
from harness.kinds.components import _postgresql_rules as exempt
from harness.kinds.components import _postgresql_surroundings as around
from harness.kinds.components._postgresql_objects import OBJECTS, objects, quoted, sequences
from harness.kinds.components._postgresql_rules import IgnoredColumns, RowRule
from harness.kinds.contracts import ComponentAccess, KindOptions, Probe, Sql, Stack, Surrounding, ToolImage
from harness.kinds.records import whole_lines
from harness.model.drill import Service
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass, Lines

NEEDS_SERVICE = True
IS_INDEX = False
TIMEOUT_S = 3600.0
REQUEST = "/run/inventory-rows"


class Options(KindOptions):
    database: str = Field(description="Name of the database.")
    user: str = Field(default="postgres", description="A superuser: roles and all schemas must be seen.")
    password_variable: str = Field(
        default="POSTGRES_PASSWORD", description="Variable of the service's environment that holds the password."
    )
    rows: list[RowRule] = Field(default=[], description="Classes of rows that are not plain state.")
    ignored_columns: list[IgnoredColumns] = Field(default=[], description="Columns that may differ, with the reason.")


def propose(service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
    """The image's own database, then another of the same server, called like the component.

    Source: variables of the official image, POSTGRES_DB and POSTGRES_USER.
    """
    told = service.environment
    if "postg" not in service.image and "POSTGRES_PASSWORD" not in told:
        return ()
    user = told.get("POSTGRES_USER", "postgres")
    owner: dict[str, JsonValue] = {} if user == "postgres" else {"user": user}
    return {"database": told.get("POSTGRES_DB", user)} | owner, {"database": name} | owner


def rules(options: Options) -> Iterator[tuple[str, str, str]]:
    return exempt.rules(options.rows, options.ignored_columns)


def why(options: Options, key: str) -> str:
    return exempt.why(options.rows, key)


def connected(stack: Stack, service: str, options: Options, database: str | None = None) -> AbstractContextManager[Sql]:
    """A connection as the component's user, to its database unless another one is named."""
    password = stack.environment(service)[options.password_variable]
    return stack.sql(service, database=database or options.database, user=options.user, password=password)


def inventory(access: ComponentAccess) -> Iterator[Item | Lines]:
    """`row/<table>/<primary key>`, `sequence/<name>` and `<kind>/<name>` for each schema object and role.

    A materialised view's rows count as well, together (`row/<view>/all`); foreign tables are elsewhere, and theirs
    do not.

    Shape: digests of rows are 96-bit hashes of the row's text, of objects SHA-256; sequences are `monotone`
    with attributes `last` and `highest` (the highest value in use). Raises: CouldNotAsk, CommandFailed.
    """
    options = Options.model_validate(access.component.options)
    with connected(access.stack, access.component.service, options) as sql:
        for kind in sorted({*OBJECTS, "row", "sequence"}, key=lambda kind: f"{kind}/"):
            if kind == "row":
                yield from _rows(sql, access, options)
            elif kind == "sequence":
                yield from sequences(sql)
            else:
                yield from objects(sql, kind)


def _rows(sql: Sql, access: ComponentAccess, options: Options) -> Iterator[Lines]:
    """All rows of all tables, of the snapshot that `sql` has, by a tool beside the server: a row costs the harness
    nothing. Columns by their names: a dump puts inherited ones first. Rules for a partitioned table hold for its
    partitions, where its rows lie. Source: fixtures/images/tools/rows.c."""
    tables = """SELECT n.nspname, c.relname,
        array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
            AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attname),
        array(SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid
            AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY a.attname),
        array(SELECT unnest(ARRAY[p.relname::text, q.nspname || '.' || p.relname]) FROM pg_class p
            JOIN pg_namespace q ON q.oid = p.relnamespace
            WHERE p.oid IN (SELECT c.oid UNION SELECT a::oid FROM pg_partition_ancestors(c.oid) AS a)),
        c.relkind = 'm'
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
        AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND n.nspname !~ '^pg_(toast|temp)'
        ORDER BY (n.nspname || '.' || c.relname || '/') COLLATE "C" """
    asked, found = [], list(sql.rows(tables))
    views = [(schema, table, columns) for schema, table, columns, _, _, derived in found if derived]
    made_anew = any(_is_stale(access, options, *view) for view in views)  # one may be made of another one
    for schema, table, columns, keys, names, derived in found:
        rules = [rule for rule in options.rows if rule.table in names]
        ignored = {column for rule in options.ignored_columns if rule.table in names for column in rule.columns}
        held = [column for column in columns if column not in ignored]
        whole = derived and not rules
        query = _sum_query(schema, table, held) if whole else _row_query(schema, table, held, keys, rules)
        item_class = "" if rules else ItemClass.DISPOSABLE if whole and made_anew else ItemClass.STATE
        asked += [f"row/{schema}.{table}/", item_class, f"COPY ({query}) TO STDOUT"]
    if not asked:
        return
    request = b"".join(text.encode() + b"\0" for text in (_connection(access, options), _same_snapshot(sql), *asked))
    with access.stack.tool(
        access.component.service, image=ToolImage.TOOLS, writable=False, networked=True, volumes=False
    ) as shell:
        shell.run(["sh", "-c", f"umask 077; cat >{REQUEST}"], stdin=request, timeout_s=TIMEOUT_S).ok()
        yield from whole_lines(shell.stream(["inventory-rows", REQUEST], timeout_s=TIMEOUT_S))


def _connection(access: ComponentAccess, options: Options) -> str:
    """Keywords and values. Source: PostgreSQL 15 documentation, 34.1.1 Connection Strings."""
    given = {
        "host": access.component.service,
        "dbname": options.database,
        "user": options.user,
        "password": access.stack.environment(access.component.service)[options.password_variable],
        "connect_timeout": "10",
    }
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in given.items()}
    return " ".join(f"{name}='{value}'" for name, value in escaped.items())


def _same_snapshot(sql: Sql) -> str:
    """What makes another session see just what this one sees, and write it alike."""
    settings = """SELECT string_agg(format('SET %I = %L', name, current_setting(name)), '; '), pg_export_snapshot()
        FROM pg_settings WHERE source = 'client'"""
    ((pinned, snapshot),) = sql.rows(settings)
    return f"{pinned}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{snapshot}'"


def _is_stale(access: ComponentAccess, options: Options, schema: str, view: str, columns: list[str]) -> bool:
    """Whether a materialised view holds something else than its query gives now: a dump does not hold its rows, and
    a restore refreshes it. A query that fails excuses nothing. Source: PostgreSQL 15 documentation, pg_dump."""
    row = f"ROW({', '.join(map(quoted, columns))})::text"
    name = f"{quoted(schema)}.{quoted(view)}"
    with connected(access.stack, access.component.service, options) as sql:
        ((query,),) = sql.rows("SELECT rtrim(pg_get_viewdef(%s::regclass), ';')", (name,))
        held, now = f"SELECT {row} FROM {name} AS t", f"SELECT {row} FROM ({query}) AS t"
        differs = f"({held} EXCEPT ALL {now}) UNION ALL ({now} EXCEPT ALL {held})"
        try:
            return bool(next(iter(sql.rows(f"SELECT EXISTS ({differs})")))[0])
        except CommandFailed:
            return False


def _sum_query(schema: str, view: str, columns: list[str]) -> str:
    """A materialised view is one item: its rows have no keys, and how they are judged is decided at the source."""
    sums = ", ".join(f"sum(hashtextextended(t, {seed}))" for seed in (0, 1))
    rows = f"SELECT ROW({', '.join(map(quoted, columns))})::text AS t FROM {quoted(schema)}.{quoted(view)} AS t"
    return f"SELECT 'all', count(*), {sums} FROM ({rows}) AS t"


def _row_query(schema: str, table: str, columns: list[str], keys: list[str], rules: list[RowRule]) -> str:
    """Class (if there are rules), key, all other columns. A row without a primary key is named by its digest and its
    number among equal ones. `ONLY`: rows of tables that inherit are their own, and may have the same keys."""
    held = [quoted(column) for column in columns]
    text = f"ROW({', '.join(held)})::text"
    key = f"md5({text}) || '#' || row_number() OVER (PARTITION BY {text})"
    if len(keys) == 1:
        key = quoted(keys[0])
        held = [column for column in held if column != key]
    elif keys:
        key = f"ROW({', '.join(map(quoted, keys))})::text"
    cases = "".join(f" WHEN {rule.where} THEN '{rule.item_class}'" for rule in rules)
    listed = [*([f"CASE{cases} ELSE 'state' END"] if cases else []), key, *held]
    return f"SELECT {', '.join(listed)} FROM ONLY {quoted(schema)}.{quoted(table)} AS t"


def deletions(access: ComponentAccess) -> dict[str, int]:
    """By table, as rows are keyed: rows deleted since the server began to count; without a primary key a changed
    row has another key, so that changes count as well. Source: PostgreSQL 15 documentation, pg_stat_user_tables."""
    options = Options.model_validate(access.component.options)
    query = """SELECT schemaname, relname, n_tup_del + CASE WHEN EXISTS (SELECT FROM pg_index i WHERE
        i.indrelid = relid AND i.indisprimary) THEN 0 ELSE n_tup_upd END FROM pg_stat_user_tables"""
    with connected(access.stack, access.component.service, options) as sql:
        return {f"row/{schema}.{table}/": int(count) for schema, table, count in sql.rows(query)}


def position(access: ComponentAccess) -> dict[str, JsonValue]:
    """The write-ahead log's position and the server's version."""
    options = Options.model_validate(access.component.options)
    with connected(access.stack, access.component.service, options) as sql:
        lsn, version = next(iter(sql.rows("SELECT pg_current_wal_lsn()::text, current_setting('server_version')")))
    return {"lsn": lsn, "server_version": version}


def proved_empty(access: ComponentAccess) -> str | None:
    """None if the cluster has no database and no role but those that initdb makes."""
    options = Options.model_validate(access.component.options)
    query = """SELECT 'database ' || datname FROM pg_database
        WHERE datname NOT IN ('postgres', 'template0', 'template1')
        UNION ALL SELECT 'role ' || rolname FROM pg_authid WHERE rolname !~ '^pg_' AND oid <> 10"""
    with connected(access.stack, access.component.service, options, database="postgres") as sql:
        return ", ".join(name for (name,) in sql.rows(query)) or None


def surroundings(access: ComponentAccess) -> Iterator[Surrounding]:
    """Other databases of the server, and what it keeps that no dump holds."""
    options, service = Options.model_validate(access.component.options), access.component.service
    with connected(access.stack, service, options) as sql:
        yield from around.surroundings(
            sql, service, options.database, lambda other: connected(access.stack, service, options, other)
        )


def occupies(access: ComponentAccess) -> Iterator[str]:
    options = Options.model_validate(access.component.options)
    with connected(access.stack, access.component.service, options) as sql:
        yield from around.occupies(sql)


def verify(access: ComponentAccess) -> Iterator[Probe]:
    options = Options.model_validate(access.component.options)
    with connected(access.stack, access.component.service, options) as sql:
        yield from around.verify(sql)
