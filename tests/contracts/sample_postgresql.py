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

_HOST = "export PGPASSWORD=$POSTGRES_PASSWORD PGHOST=db PGUSER=postgres; set -o pipefail"
_DUMP = f"""{_HOST}; pg_dumpall --globals-only --clean --if-exists > /artefact/roles.sql
    pg_dump --format=custom --file /artefact/shop.dump shop"""
_LOAD = f"""{_HOST}; psql -Xqv ON_ERROR_STOP=1 -d postgres -c 'DROP DATABASE IF EXISTS shop'
    echo "SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND oid <> 10 \\gexec" \\
        | psql -Xqv ON_ERROR_STOP=1 -d postgres
    grep -vxE '(CREATE|DROP) ROLE (IF EXISTS )?postgres;' /artefact/roles.sql | psql -Xqv ON_ERROR_STOP=1 -d postgres
    pg_restore --create --exit-on-error -d postgres /artefact/shop.dump"""
ENGINES: dict[str, dict[str, JsonValue]] = {
    "pg_dump": {},
    "command": {"backup": ["bash", "-euc", _DUMP], "restore": ["bash", "-euc", _LOAD]},
}
EMPTY_REFUSED = frozenset({"pg_dump"})
ALSO: tuple[str, ...] = ("object/", "comment/extension ")


def sql(stack: Any, *statements: str, database: str = "shop") -> str:
    argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", database]
    environment = {"PGPASSWORD": PASSWORD}
    text = ";\n".join(statements).encode()
    return str(stack.shell("db").run(argv, stdin=text, timeout_s=60, environment=environment).ok().text)


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


def wipe(stack: Any) -> None:
    names = "rolname !~ '^pg_' AND oid <> 10"
    sql(
        stack,
        "DROP DATABASE IF EXISTS shop WITH (FORCE)",
        f"SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE {names} \\gexec",
        database="postgres",
    )


def leave_behind(stack: Any) -> None:
    sql(stack, "CREATE TABLE left_behind (a int)", "INSERT INTO stock.never_used VALUES (4711)")


def bystanders(stack: Any) -> str:
    return ""


def _cut_roles(folder: Path) -> None:
    """psql runs what stands before the end of its input, even without a semicolon."""
    text = (folder / "roles.sql").read_bytes()
    (folder / "roles.sql").write_bytes(text[: text.index(b"LOGIN", text.rindex(b"ALTER ROLE shop_reader WITH"))])


def _older_client(folder: Path) -> None:
    """The head names the server's version, then the client's, each as `15.20 (Debian 15.20-0+deb12u1)`."""
    text = (folder / "database.dump").read_bytes()
    at = text.index(b"15.", text.index(b")", text.index(b"15.")))
    (folder / "database.dump").write_bytes(text[:at] + b"13." + text[at + 3 :])


FURTHER_DAMAGES = {"pg_dump": {"roles_cut": _cut_roles, "older_client": _older_client}}


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
