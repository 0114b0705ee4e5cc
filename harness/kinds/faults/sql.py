"""A dump that loads without an error and holds something else than the database did.

The dump is loaded into a scratch server inside a container of the component's own image, changed there, and
dumped again: same tools, same version, other content.
`parameter`: SQL, run by psql. A statement that psql's `\\gexec` builds finds its table by itself, so that the
rows fit any database: the largest table with one column as key that no other table refers to.
"""

from __future__ import annotations

from harness.kinds.components.postgresql import Options as Database
from harness.kinds.contracts import FaultBench, FaultRow, Shell, ToolImage
from harness.kinds.engines.pg_dump import DUMP, ROLES

TIMEOUT_S = 900.0
_DATA = "/tmp/scratch"  # not the image's own data directory: that is a volume
_LEAVES = """SELECT c.oid::regclass AS leaf, k.attname AS key, (SELECT min(a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)) AS text
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
    JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0]
    WHERE c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.confrelid = c.oid)
    AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"""
_CHANGE = f"""SELECT format('UPDATE %1$s SET %2$I = substr(%2$I, 2) WHERE %3$I =
        (SELECT %3$I FROM %1$s WHERE %2$I <> '''' ORDER BY %3$I LIMIT 1)', leaf, text, key)
    FROM ({_LEAVES}) AS l WHERE text IS NOT NULL ORDER BY pg_table_size(leaf) DESC, leaf::text LIMIT 1 \\gexec"""
_DELETE = f"""SELECT format('DELETE FROM %1$s WHERE %2$I = (SELECT %2$I FROM %1$s ORDER BY %2$I LIMIT 1)', leaf, key)
    FROM ({_LEAVES}) AS l ORDER BY pg_table_size(leaf) DESC, leaf::text LIMIT 1 \\gexec"""
_SET_BACK = """SELECT format('SELECT setval(%L, 1)', s.seqrelid::regclass) FROM pg_sequence s
    ORDER BY coalesce(pg_sequence_last_value(s.seqrelid), 0) DESC, s.seqrelid LIMIT 1 \\gexec"""
_REVOKE = """SELECT DISTINCT format('REVOKE ALL ON %s FROM %I', t.oid::regclass, r.rolname)
    FROM pg_class t CROSS JOIN LATERAL aclexplode(t.relacl) AS g JOIN pg_roles r ON r.oid = g.grantee
    WHERE t.relkind = 'r' AND g.grantee <> t.relowner AND t.relnamespace::regnamespace::text <> 'pg_catalog'
    AND t.relnamespace::regnamespace::text <> 'information_schema' \\gexec"""

ROWS = (
    FaultRow("row_changed", "database", _CHANGE, ("LR-22", "LR-31"), "data_parity"),
    FaultRow("row_deleted", "database", _DELETE, ("LR-22", "LR-31"), "data_parity"),
    FaultRow("sequence_set_back", "database", _SET_BACK, ("LR-22", "GEN-D7"), "data_parity"),
    FaultRow("grants_lost", "database", _REVOKE, ("LR-22", "GEN-D4"), "data_parity"),
)

_START = f"""set -e
install -d -o postgres -g postgres {_DATA}
setpriv --reuid=postgres --regid=postgres --init-groups sh -c '
    initdb --pgdata={_DATA} --encoding=UTF8 --locale=C.UTF-8 --username="$1" --auth=trust >/dev/null
    pg_ctl start -w -D {_DATA} -o "-c listen_addresses= -c unix_socket_directories=/tmp" -l {_DATA}/log >/dev/null
' start "$1" """
_LOAD = f"""set -e
grep -vxE "CREATE ROLE \\"?$1\\"?;" /artefact/{ROLES} | psql -X -q -v ON_ERROR_STOP=1 -d postgres
pg_restore --create --exit-on-error -d postgres /artefact/{DUMP}
vacuumdb --analyze-only --quiet -d "$2" """


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if the undamaged dump does not load, or the SQL fails or changes nothing."""
    database = Database.model_validate(bench.drill.component(row.component).options)
    with bench.shell(row.component, image=ToolImage.SERVICE) as shell:
        _run(shell, database, "sh", "-c", _START, "start", database.user)
        _run(shell, database, "sh", "-c", _LOAD, "load", database.user, database.database)
        _run(shell, database, "psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", database.database, sql=row.parameter)
        _run(shell, database, "pg_dump", "--format=custom", "--file", f"/artefact/{DUMP}", database.database)


def _run(shell: Shell, database: Database, *argv: str, sql: str | None = None) -> str:
    environment = {"PGHOST": "/tmp", "PGUSER": database.user}
    stdin = f"{sql}\n".encode() if sql is not None else None
    return shell.run(argv, stdin=stdin, timeout_s=TIMEOUT_S, environment=environment).ok().text
