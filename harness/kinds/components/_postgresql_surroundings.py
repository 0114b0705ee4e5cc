"""What lies around a database on its server, and in no dump of it (LR-18, HCL-20, GEN-D4, GEN-D21).

A dump by pg_dump holds the whole database, large objects and all schemas; roles come with pg_dumpall. Neither
holds other databases, settings of the server, its rules of access, slots, or what is in another place.
Source: PostgreSQL 15 documentation: pg_dump, pg_dumpall, pg_file_settings, pg_hba_file_rules, initdb.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from harness.kinds.contracts import Probe, Sql, Surrounding

# What initdb writes into postgresql.conf: by value where it has one, None where it depends on the machine.
_BY_INITDB: dict[str, str | None] = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "dynamic_shared_memory_type": "posix",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
    "datestyle": "iso, mdy",
    "default_text_search_config": None,
    "lc_messages": None,
    "lc_monetary": None,
    "lc_numeric": None,
    "lc_time": None,
    "log_timezone": None,
    "timezone": None,
    "listen_addresses": "*",  # by images of PostgreSQL: without it nobody reaches the server from outside
}
# initdb's own rules (type, databases, users, address), and the one that images of PostgreSQL add.
_RULES_BY_INITDB = {
    *((sort, who, "all", at) for who in ("all", "replication") for sort, at in (("local", ""), ("host", "127.0.0.1"))),
    *(("host", who, "all", "::1") for who in ("all", "replication")),
    ("host", "all", "all", "all"),
}
# What a data directory holds by itself; anything else was put there.
_OWN = re.compile(
    r"pg_(?!hba|ident)\w+|PG_VERSION|global|base|log|postmaster\.(opts|pid)|current_logfiles(\.tmp)?"
    r"|postgresql(\.auto)?\.conf|pg_(hba|ident)\.conf"
)
_OBJECTS = """SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"""
_HOSTS = """SELECT 'the foreign server ' || s.srvname, o FROM pg_foreign_server s, unnest(s.srvoptions) AS o
        WHERE o ~ '^(host|hostaddr|dbserver|servername)='
    UNION ALL SELECT 'the subscription ' || subname, subconninfo FROM pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'the function ' || p.oid::regprocedure, p.prosrc FROM pg_proc p WHERE p.prosrc ~ 'dblink'
        AND p.pronamespace <> 'pg_catalog'::regnamespace
    UNION ALL SELECT 'the view ' || schemaname || '.' || viewname, definition FROM pg_views
        WHERE definition ~ 'dblink' AND schemaname <> 'pg_catalog'"""
_HOST = re.compile(r"(?:host|hostaddr|dbserver|servername)\s*=\s*'*([^\s',;]+)")

Connects = Callable[[str], AbstractContextManager[Sql]]


def surroundings(sql: Sql, service: str, database: str, connected: Connects) -> Iterator[Surrounding]:
    """`sql` is a connection to the component's own database; `connected` opens one to another."""
    yield from _databases(sql, database, connected)
    yield from _settings(sql, service)
    yield from _rules(sql, service)
    yield from _places(sql, service)
    for name, sort in list(sql.rows("SELECT slot_name, slot_type FROM pg_replication_slots WHERE NOT temporary")):
        yield Surrounding(f"slot {name}", False, f"a {sort} slot: what reads from it must be set up again", ("GEN-D4",))
    for where, text in list(sql.rows(_HOSTS)):
        for host in dict.fromkeys(_HOST.findall(text)):
            if not host.startswith("/"):  # a socket
                yield Surrounding(f"host {host}", False, f"{where} reads from it", ("HCL-20",))


def _databases(sql: Sql, database: str, connected: Connects) -> Iterator[Surrounding]:
    listed = "SELECT datname, datallowconn FROM pg_database WHERE datname NOT IN ('template0', 'template1') ORDER BY 1"
    for name, reachable in list(sql.rows(listed)):
        excused = ""
        if name == "postgres" != database and reachable:
            with connected(name) as other:
                if not next(iter(other.rows(_OBJECTS)))[0]:
                    excused = "initdb makes it, and nothing is in it"
        yield Surrounding(f"database {name}", name == database, "no component dumps it", ("LR-22",), excused)


def _settings(sql: Sql, service: str) -> Iterator[Surrounding]:
    """Of files in the data directory: those elsewhere are of the image or a tree, and seen as files."""
    listed = """SELECT name, setting, sourcefile FROM pg_file_settings
        WHERE starts_with(sourcefile, current_setting('data_directory') || '/') ORDER BY name, seqno"""
    for name, value, file in list(sql.rows(listed)):
        if not file.endswith("/postgresql.auto.conf") and name.lower() in _BY_INITDB:
            usual = _BY_INITDB[name.lower()]
            if usual is None or value == usual:
                yield Surrounding(f"setting {service}:{name}", False, "", excused="initdb or the image writes it")
                continue
        way = "ALTER SYSTEM" if file.endswith("/postgresql.auto.conf") else file.rpartition("/")[2]
        yield Surrounding(f"setting {service}:{name}", False, f"set by {way}, which no dump holds", ("LR-22", "GEN-D4"))


def _rules(sql: Sql, service: str) -> Iterator[Surrounding]:
    inside = "SELECT starts_with(current_setting('{0}_file'), current_setting('data_directory') || '/')"
    if next(iter(sql.rows(inside.format("hba"))))[0]:
        listed = """SELECT type, array_to_string(database, ','), array_to_string(user_name, ','), coalesce(address, ''),
            concat_ws(' ', netmask, auth_method, error) FROM pg_hba_file_rules ORDER BY line_number"""
        for sort, databases, users, address, rest in list(sql.rows(listed)):
            name = f"rule {service}:" + " ".join(filter(None, (sort, databases, users, address, rest)))
            known = (sort, databases, users, address) in _RULES_BY_INITDB
            excused = "initdb or the image writes it" if known else ""
            yield Surrounding(name, False, "a line of pg_hba.conf, which no dump holds", ("GEN-D4",), excused)
    if next(iter(sql.rows(inside.format("ident"))))[0]:
        text = next(iter(sql.rows("SELECT pg_read_file(current_setting('ident_file')) AS users")))[0]
        for words in filter(None, (line.partition("#")[0].split() for line in text.splitlines())):
            name = f"rule {service}:map {' '.join(words)}"
            yield Surrounding(name, False, "a line of pg_ident.conf, which no dump holds", ("GEN-D4",))


def _places(sql: Sql, service: str) -> Iterator[Surrounding]:
    for name, path in list(sql.rows("SELECT spcname, pg_tablespace_location(oid) FROM pg_tablespace WHERE oid > 1664")):
        why = f"its folder {path} must be there before anything is restored"
        yield Surrounding(f"tablespace {name}", False, why, ("GEN-D4",))
    listed = "SELECT current_setting('data_directory'), pg_ls_dir('.') ORDER BY 2"
    for folder, name in list(sql.rows(listed)):
        if not _OWN.fullmatch(name):
            why = "it lies in the data directory, and no dump holds it"
            yield Surrounding(f"file {service}:{folder}/{name}", False, why, ("LR-18",))


def occupies(sql: Sql) -> Iterator[str]:
    query = "SELECT current_setting('data_directory') UNION ALL SELECT pg_tablespace_location(oid) FROM pg_tablespace"
    yield from [path for (path,) in sql.rows(query) if path]


def verify(sql: Sql) -> Iterator[Probe]:
    """Indexes, checksums, recovery; B-trees page by page where the extension amcheck is there already."""
    broken = sql.rows("""SELECT indexrelid::regclass::text FROM pg_index
        WHERE NOT (indisvalid AND indisready AND indislive) ORDER BY 1""")
    names = [name for (name,) in broken]
    yield Probe("indexes", not names, "every index valid", ", ".join(names[:5]) or "every index valid", ("GEN-D28",))
    failures, checked = next(
        iter(
            sql.rows("""SELECT coalesce(sum(checksum_failures), 0)::bigint, current_setting('data_checksums')
        FROM pg_stat_database""")
        )
    )
    found = f"{failures} failures" if failures else "no failure" if checked == "on" else "pages carry no checksums"
    yield Probe("checksums", not failures, "no failure", found, ("GEN-D28",))
    recovering = next(iter(sql.rows("SELECT pg_is_in_recovery()")))[0]
    said = "a copy in recovery" if recovering else "a server that takes writes"
    yield Probe("recovery", not recovering, "a server that takes writes", said, ("GEN-D28",))
    installed = """SELECT format('%I.bt_index_check', n.nspname) FROM pg_extension e
        JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'"""
    for (function,) in list(sql.rows(installed)):
        trees = """SELECT count({0}(c.oid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree' WHERE c.relpersistence <> 't'
            AND i.indisready AND i.indisvalid"""
        count = next(iter(sql.rows(trees.format(function))))[0]
        yield Probe("amcheck", True, "every B-tree in order", f"{count} looked at", ("GEN-D28",))
