"""The database that `fixtures/stacks/postgresql` installs: one of every kind of object that a dump carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import Change

from harness.errors import CommandFailed, CouldNotAsk
from harness.model.drill import Component, Service
from harness.model.frozen import JsonValue

IMAGE, PASSWORD = "portal-drill/postgresql:15", "Postgres-4711"
INSTALLATION = Path(__file__).parents[2] / "fixtures" / "stacks" / "postgresql" / "installation"
SERVICES = (
    Service(
        name="db",
        image=IMAGE,
        environment={"POSTGRES_PASSWORD": PASSWORD},
        volumes={"/var/lib/postgresql/data": "database"},
        stop_grace_s=30.0,
    ),
    Service(
        name="install",
        image=IMAGE,
        profiles=("install",),
        command=("bash", "/srv/installation/install.sh"),
        environment={
            "PGHOST": "db",
            "PGUSER": "postgres",
            "PGPASSWORD": PASSWORD,
            "SHOP_OWNER_PASSWORD": "Owner-4711",
            "SHOP_READER_PASSWORD": "Reader-4711",
        },
        volumes={"/srv/installation": f"{INSTALLATION}:ro"},
    ),
)
COMPONENT = Component(name="shop", kind="postgresql", service="db", engine="", options={"database": "shop"})
VARIANTS: dict[str, dict[str, JsonValue]] = {"another_name": {"database": "not there yet"}}

WRITES = "-c default_transaction_read_only=off"  # whatever the settings of all roles say
_HOST = f"export PGPASSWORD=$POSTGRES_PASSWORD PGHOST=db PGUSER=postgres PGOPTIONS='{WRITES}'; set -o pipefail"
_DUMP = f"""{_HOST}; pg_dumpall --globals-only --clean --if-exists > /artefact/roles.sql
    psql -XAtd postgres -c "SELECT format('ALTER ROLE ALL SET %I = %L;', split_part(x, '=', 1), split_part(x, '=', 2))
        FROM pg_db_role_setting, unnest(setconfig) AS x WHERE setrole = 0 AND setdatabase = 0" > /artefact/settings.sql
    pg_dump --format=custom --file /artefact/shop.dump shop"""
_LOAD = f"""{_HOST}; psql -Xqv ON_ERROR_STOP=1 -d postgres -c 'DROP DATABASE IF EXISTS shop' \\
        -c 'ALTER ROLE ALL RESET ALL' -c 'ALTER ROLE postgres RESET ALL'
    echo "SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND oid <> 10 \\gexec" \\
        | psql -Xqv ON_ERROR_STOP=1 -d postgres
    grep -vxE '(CREATE|DROP) ROLE (IF EXISTS )?postgres;' /artefact/roles.sql | psql -Xqv ON_ERROR_STOP=1 -d postgres
    pg_restore --create --exit-on-error -d postgres /artefact/shop.dump
    psql -Xqv ON_ERROR_STOP=1 -d postgres -f /artefact/settings.sql"""
ENGINES: dict[str, dict[str, JsonValue]] = {
    "pg_dump": {},
    "command": {"backup": ["bash", "-euc", _DUMP], "restore": ["bash", "-euc", _LOAD]},
}
EMPTY_REFUSED = frozenset({"pg_dump"})
ALSO: tuple[str, ...] = ("object/", "comment/extension ")


def sql(stack: Any, *statements: str, database: str = "shop") -> str:
    argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", database]
    environment = {"PGPASSWORD": PASSWORD, "PGOPTIONS": WRITES}
    text = ";\n".join(statements).encode()
    return str(stack.shell("db").run(argv, stdin=text, timeout_s=60, environment=environment).ok().text)


# What a portal's database seldom has, and a dump carries all the same: no object is left out, and none of them comes
# back in other words.
RARE = """
CREATE EXTENSION postgres_fdw;
CREATE TABLE stock.note (id integer PRIMARY KEY, text text COMPRESSION pglz)
    WITH (fillfactor = 70, toast.autovacuum_enabled = off);
CREATE TABLE stock.note_of_a_visit (page text) INHERITS (stock.note);
CREATE UNLOGGED TABLE stock.unlogged (id integer UNIQUE NOT NULL);
INSERT INTO stock.unlogged VALUES (1), (2);
ALTER TABLE stock.unlogged REPLICA IDENTITY USING INDEX unlogged_id_key;
ALTER TABLE stock.note ALTER text SET STORAGE EXTERNAL, ALTER text SET STATISTICS 500,
    ALTER id SET (n_distinct = -1), CLUSTER ON note_pkey;
CREATE STATISTICS stock.size_and_colour (ndistinct, mcv) ON size, colour FROM stock.product;
ALTER STATISTICS stock.size_and_colour SET STATISTICS 300;
CREATE COLLATION stock.numeric (provider = icu, locale = 'en-u-kn-true', deterministic = false);
CREATE TABLE stock.named (name text COLLATE stock.numeric);
CREATE TEXT SEARCH DICTIONARY stock.short (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION stock.searched (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION stock.searched ALTER MAPPING FOR asciiword, word WITH stock.short, english_stem;
CREATE PUBLICATION everywhere FOR TABLE stock.visit, stock.note (id), public."Order Line" WHERE (position > 1),
    stock.product WITH (publish = 'insert, update');
CREATE SERVER reports FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'reports', fetch_size '10');
GRANT USAGE ON FOREIGN SERVER reports TO reporting;
CREATE USER MAPPING FOR reporting SERVER reports OPTIONS (user 'reader', password 'Reader-4711');
CREATE FOREIGN TABLE stock.reported (id integer OPTIONS (column_name 'number')) SERVER reports OPTIONS (table_name 'r');
CREATE RULE no_deletion AS ON DELETE TO stock.note DO INSTEAD NOTHING;
ALTER TABLE stock.note DISABLE RULE no_deletion;
CREATE VIEW stock.named_notes AS SELECT id, text FROM stock.note;
ALTER VIEW stock.named_notes ALTER text SET DEFAULT 'nothing';
GRANT SELECT (text), UPDATE (text) ON stock.named_notes TO reporting;
CREATE SEQUENCE stock.owned OWNED BY stock.note.id;
GRANT SELECT ON LARGE OBJECT 4711 TO reporting;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION similarity(text, text) FROM PUBLIC;
GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO reporting;
ALTER ROLE shop_reader IN DATABASE shop SET search_path = stock, public;
ALTER ROLE ALL SET idle_session_timeout = '2h';
ALTER ROLE postgres SET work_mem = '5MB';
CREATE OPERATOR stock.### (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl);
CREATE TYPE stock.weight AS (grams integer);
CREATE FUNCTION stock.grams(stock.weight) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).grams';
CREATE CAST (stock.weight AS integer) WITH FUNCTION stock.grams(stock.weight) AS ASSIGNMENT;
ALTER DATABASE shop CONNECTION LIMIT 50
"""


def answers(stack: Any) -> bool:
    try:
        with stack.sql("db", database="postgres", user="postgres", password=PASSWORD) as asked:
            return list(asked.rows("SELECT 1")) == [(1,)]
    except (CouldNotAsk, CommandFailed):
        return False


def make_empty(stack: Any) -> None:
    sql(stack, "CREATE DATABASE shop TEMPLATE template0", database="postgres")


def fill(stack: Any) -> None:
    stack.run_to_end("install", 120).ok()
    sql(stack, "SELECT lo_from_bytea(4711, 'of a number that is known')", RARE)


def wipe(stack: Any) -> None:
    names = "rolname !~ '^pg_' AND oid <> 10"
    sql(
        stack,
        "DROP DATABASE IF EXISTS shop WITH (FORCE)",
        "ALTER ROLE ALL RESET ALL",
        "ALTER ROLE postgres RESET ALL",
        f"SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE {names} \\gexec",
        database="postgres",
    )


def leave_behind(stack: Any) -> None:
    sql(stack, "CREATE TABLE left_behind (a int)", "INSERT INTO stock.never_used VALUES (4711)")
    sql(stack, "ALTER ROLE ALL SET deadlock_timeout = '5s'")
    sql(stack, "ALTER ROLE ALL SET default_transaction_read_only = on")  # as another database of the server brings it


def bystanders(stack: Any) -> str:
    return ""


def _cut_roles(folder: Path) -> None:
    """psql runs what stands before the end of its input, even without a semicolon."""
    text = (folder / "roles.sql").read_bytes()
    (folder / "roles.sql").write_bytes(text[: text.index(b"LOGIN", text.rindex(b"ALTER ROLE shop_reader WITH"))])


def _cut_settings(folder: Path) -> None:
    """What is left is whole statements."""
    text = (folder / "settings.sql").read_bytes()
    (folder / "settings.sql").write_bytes(text[: text.rindex(b"--")])


def _older_client(folder: Path) -> None:
    """The head names the server's version, then the client's, each as `15.20 (Debian 15.20-0+deb12u1)`."""
    text = (folder / "database.dump").read_bytes()
    at = text.index(b"15.", text.index(b")", text.index(b"15.")))
    (folder / "database.dump").write_bytes(text[:at] + b"13." + text[at + 3 :])


FURTHER_DAMAGES = {"pg_dump": {"roles_cut": _cut_roles, "settings_cut": _cut_settings, "older_client": _older_client}}


def _do(statement: str, *changed: str, missing: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> Change:
    return Change(lambda stack: sql(stack, statement) and None, changed, missing, extra)


_OBJECT = "(SELECT min(oid) FROM pg_largeobject_metadata)"
CHANGES = {
    "one_more_digit": _do("UPDATE stock.product SET unpriced = 1.000 WHERE id = 1801",
                          "row/stock.product/1801 ("),
    "same_duration_in_other_words": _do("UPDATE stock.product SET warranty = '24:00:01' WHERE id = 1802",
                                        "row/stock.product/1802 ("),
    "case_of_a_citext": _do("UPDATE stock.product SET name = upper(name::text)::citext WHERE id = 3",
                            "row/stock.product/3 ("),
    "row_of_two_keys": _do('DELETE FROM "Order Line" WHERE "Order" = 9 AND position = 2',
                           missing=("row/public.Order Line/",)),
    "one_more_of_equal_rows": _do("INSERT INTO stock.movement VALUES ('2026-02-02', 1, 1.00, "
                                  "'the same row, three times')", extra=("row/stock.movement/",)),
    "row_of_a_partition": _do("UPDATE stock.visit SET page = '/moved' WHERE page = '/page/150'",
                              missing=("row/stock.visit_2026/",), extra=("row/stock.visit_2026/",)),
    "sequence_goes_on": _do("SELECT nextval('stock.invoice_number')"),
    "sequence_set_back": _do("SELECT setval('stock.invoice_number', 1000)", "sequence/stock.invoice_number (set back"),
    "role_attribute": _do("ALTER ROLE shop_reader CREATEDB", "role/shop_reader ("),
    "role_password": _do("ALTER ROLE shop_owner PASSWORD 'other'", "role/shop_owner ("),
    "role_setting": _do("ALTER ROLE shop_owner SET work_mem = '8MB'", "role/shop_owner ("),
    "setting_of_all_roles": _do("ALTER ROLE ALL SET idle_session_timeout = '3h'",
                                "setting/every role idle_session_timeout, which pg_dumpall leaves out ("),
    "setting_of_the_superuser": _do("ALTER ROLE postgres SET work_mem = '9MB'", "role/superuser of initdb ("),
    "membership": _do("REVOKE reporting FROM shop_reader", "role/shop_reader ("),
    "grant": _do("REVOKE SELECT ON stock.product FROM reporting", "table/stock.product ("),
    "grant_of_columns": _do("REVOKE SELECT (amount) ON stock.movement FROM reporting", "table/stock.movement ("),
    "owner": _do("ALTER TABLE stock.never_used OWNER TO postgres", "table/stock.never_used ("),
    "default_of_a_column": _do("ALTER TABLE stock.product ALTER price SET DEFAULT 2", "table/stock.product ("),
    "large_object": _do(f"SELECT lo_put({_OBJECT}, 70000, 'X')", "largeobject/"),
    "index_lost": _do("DROP INDEX stock.product_description", missing=("index/stock.product_description",)),
    "constraint_lost": _do("ALTER TABLE stock.product DROP CONSTRAINT colour_is_known",
                           missing=("constraint/stock.product.colour_is_known",)),
    "function": _do("CREATE OR REPLACE FUNCTION stock.gross(net numeric, percent numeric DEFAULT 19) RETURNS numeric "
                    "LANGUAGE sql IMMUTABLE AS 'SELECT net'", "function/stock.stock.gross("),
    "trigger_disabled": _do('ALTER TABLE "Order Line" DISABLE TRIGGER order_line_changed',
                            "trigger/public.Order Line.order_line_changed ("),
    "policy_lost": _do("DROP POLICY movement_of_this_year ON stock.movement",
                       missing=("policy/stock.movement.movement_of_this_year",)),
    "extension": _do("CREATE EXTENSION tsm_system_rows", extra=("extension/tsm_system_rows",)),
    "value_of_a_type": _do("ALTER TYPE stock.condition ADD VALUE 'lost'", "type/stock.condition ("),
    "view": _do("CREATE OR REPLACE VIEW for_sale AS SELECT id, name, price FROM stock.product WHERE quantity > 0",
                "view/public.for_sale ("),
    "keys_that_join_alike": _do("CREATE TABLE pair (a text, b text, PRIMARY KEY (a, b)); INSERT INTO pair VALUES "
                                "('x,y', 'z'), ('x', 'y,z')", extra=("constraint/public.pair", "index/public.pair",
                                "row/public.pair/", "row/public.pair/", "table/public.pair")),
    "definition_of_a_sequence": _do("ALTER SEQUENCE stock.invoice_number INCREMENT 1 CYCLE",
                                    "sequence_definition/stock.invoice_number ("),
    "grant_of_a_sequence": _do("GRANT USAGE ON SEQUENCE stock.invoice_number TO reporting",
                               "sequence_definition/stock.invoice_number ("),
    "constraint_of_a_domain": _do("ALTER DOMAIN stock.quantity DROP CONSTRAINT quantity_check",
                                  missing=("domain_constraint/stock.quantity.quantity_check",)),
    "row_security_forced": _do("ALTER TABLE stock.movement FORCE ROW LEVEL SECURITY", "table/stock.movement ("),
    "default_privileges": _do("ALTER DEFAULT PRIVILEGES IN SCHEMA stock GRANT SELECT ON TABLES TO reporting",
                              extra=("default_privilege/",)),
    "event_trigger": _do("CREATE FUNCTION stock.nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
                         "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION stock.nothing()",
                         extra=("function/stock.stock.nothing()", "event_trigger/watch")),
    "comment": _do("COMMENT ON TABLE stock.product IS 'changed'", extra=("comment/table stock.product",)),
}  # fmt: skip
_RARE_CHANGES = {
    "grant_of_a_large_object": _do("REVOKE SELECT ON LARGE OBJECT 4711 FROM reporting", "largeobject/4711 ("),
    "grant_of_a_function_of_the_server": _do(
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO PUBLIC",
        missing=("privilege/function pg_sleep(",)),
    "grant_of_a_function_of_an_extension": _do("GRANT EXECUTE ON FUNCTION similarity(text, text) TO PUBLIC",
                                               missing=("privilege/function similarity(",)),
    "grant_of_a_language": _do("GRANT USAGE ON LANGUAGE plpgsql TO reporting", "privilege/language plpgsql ("),
    "grant_of_a_column_of_a_view": _do("REVOKE UPDATE (text) ON stock.named_notes FROM reporting",
                                       "view/stock.named_notes ("),
    "default_of_a_view": _do("ALTER VIEW stock.named_notes ALTER text DROP DEFAULT", "view/stock.named_notes (",
                             missing=("object/default value ",)),
    "inheritance_lost": _do("ALTER TABLE stock.note_of_a_visit NO INHERIT stock.note",
                            "table/stock.note_of_a_visit ("),
    "statistics_of_a_column": _do("ALTER TABLE ONLY stock.note ALTER text SET STATISTICS -1", "table/stock.note ("),
    "compression_of_a_column": _do("ALTER TABLE ONLY stock.note ALTER text SET COMPRESSION default",
                                   "table/stock.note ("),
    "option_of_a_column": _do("ALTER TABLE ONLY stock.note ALTER id RESET (n_distinct)", "table/stock.note ("),
    "storage_option": _do("ALTER TABLE stock.note RESET (fillfactor)", "table/stock.note ("),
    "storage_option_of_long_values": _do("ALTER TABLE stock.note RESET (toast.autovacuum_enabled)",
                                         "table/stock.note ("),
    "unlogged_table_logged": _do("ALTER TABLE stock.unlogged SET LOGGED", "table/stock.unlogged ("),
    "row_of_an_unlogged_table": _do("DELETE FROM stock.unlogged WHERE id = 2", missing=("row/stock.unlogged/",)),
    "replica_identity": _do("ALTER TABLE stock.unlogged REPLICA IDENTITY DEFAULT", "index/stock.unlogged_id_key (",
                            "table/stock.unlogged ("),
    "order_of_a_cluster": _do("ALTER TABLE stock.note SET WITHOUT CLUSTER", "index/stock.note_pkey ("),
    "target_of_statistics": _do("ALTER STATISTICS stock.size_and_colour SET STATISTICS -1",
                                "statistics/stock.size_and_colour ("),
    "owner_of_a_collation": _do("ALTER COLLATION stock.numeric OWNER TO shop_owner", "collation/stock.numeric ("),
    "mapping_of_a_text_search": _do("ALTER TEXT SEARCH CONFIGURATION stock.searched ALTER MAPPING FOR word WITH simple",
                                    "text_search/configuration stock.searched ("),
    "dictionary_of_a_text_search": _do("ALTER TEXT SEARCH DICTIONARY stock.short (STOPWORDS = german)",
                                       "text_search/dictionary stock.short ("),
    "table_of_a_publication": _do("ALTER PUBLICATION everywhere DROP TABLE stock.product", "publication/everywhere (",
                                  missing=("object/publication relation ",)),
    "rows_of_a_publication": _do('ALTER PUBLICATION everywhere SET TABLE stock.visit, stock.note (id), "Order Line" '
                                 "WHERE (position > 2), stock.product", "publication/everywhere ("),
    "option_of_a_foreign_server": _do("ALTER SERVER reports OPTIONS (SET dbname 'others')", "foreign/server reports ("),
    "password_for_a_foreign_server": _do("ALTER USER MAPPING FOR reporting SERVER reports OPTIONS (SET password 'x')",
                                         "foreign/user mapping reporting reports ("),
    "option_of_a_foreign_table": _do("ALTER FOREIGN TABLE stock.reported OPTIONS (SET table_name 'q')",
                                     "table/stock.reported ("),
    "rule_enabled": _do("ALTER TABLE stock.note ENABLE RULE no_deletion", "rule/stock.note.no_deletion ("),
    "aggregate": _do("CREATE OR REPLACE AGGREGATE stock.product_of (numeric) (sfunc = numeric_mul, stype = numeric, "
                     "initcond = '2')", "function/stock.stock.product_of(numeric) ("),
    "function_of_an_operator": _do("DROP OPERATOR stock.### (integer, integer); CREATE OPERATOR stock.### (LEFTARG = "
                                   "integer, RIGHTARG = integer, FUNCTION = int4mul)",
                                   "operator/stock.###(integer,integer) ("),
    "cast_made_implicit": _do("DROP CAST (stock.weight AS integer); CREATE CAST (stock.weight AS integer) "
                              "WITH FUNCTION stock.grams(stock.weight) AS IMPLICIT",
                              "cast/cast from stock.weight to integer ("),
    "owner_of_a_sequence_of_a_column": _do("ALTER SEQUENCE stock.owned OWNED BY NONE",
                                           "sequence_definition/stock.owned ("),
    "search_path_of_a_role": _do("ALTER ROLE shop_reader IN DATABASE shop SET search_path = public",
                                 "setting/database shop_reader ("),
    "connections_of_the_database": _do("ALTER DATABASE shop CONNECTION LIMIT 5", "database/shop ("),
}  # fmt: skip
CHANGES |= _RARE_CHANGES
# One of each sort of statement is changed in every run of the tests, the others in proofs.
PROOFS = _RARE_CHANGES.keys() - {
    "grant_of_a_function_of_the_server",
    "inheritance_lost",
    "mapping_of_a_text_search",
    "table_of_a_publication",
    "search_path_of_a_role",
}
