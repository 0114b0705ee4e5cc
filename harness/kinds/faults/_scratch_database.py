"""Changes what a dump holds: loaded into a scratch PostgreSQL, altered there, dumped again.

The server runs inside a container of the component's own image, without a network: same tools, same version,
other content.
Source: PostgreSQL 15 documentation, initdb, pg_ctl, pg_restore.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.kinds.components.postgresql import Options
from harness.kinds.contracts import FaultBench, Shell, ToolImage
from harness.kinds.engines.pg_dump import DUMP, ROLES

TIMEOUT_S = 900.0
_DATA = "/tmp/scratch"  # not the image's own data directory: that is a volume
_START = f"""set -e
install -d -o postgres -g postgres {_DATA}
setpriv --reuid=postgres --regid=postgres --init-groups sh -c '
    initdb --pgdata={_DATA} --encoding=UTF8 --locale=C.UTF-8 --username="$1" --auth=trust >/dev/null
    pg_ctl start -w -D {_DATA} -o "-c listen_addresses= -c unix_socket_directories=/tmp" -l {_DATA}/log >/dev/null
' start "$1" """
# A list leaves out what stands with no number in the table of contents, such as the database's comment.
_LOAD = f"""set -e
grep -vxE "CREATE ROLE \\"?$1\\"?;" /artefact/{ROLES} | psql -X -q -v ON_ERROR_STOP=1 -d postgres
if [ "$3" -ge 0 ]; then
    list=/tmp/list
    pg_restore --list /artefact/{DUMP} | awk -v most="$3" '/ TABLE DATA / && ++n > most {{ exit }} 1' >$list
fi
pg_restore --create --exit-on-error ${{list:+--use-list $list}} -d postgres /artefact/{DUMP}
vacuumdb --analyze-only --quiet -d "$2" """


class ScratchDatabase:
    """The dump's database, running; asked through a shell beside it."""

    def __init__(self, shell: Shell, options: Options) -> None:
        self._shell, self.options = shell, options

    def run(self, *argv: str, stdin: str | None = None) -> str:
        """Raises: CommandFailed."""
        environment = {"PGHOST": "/tmp", "PGUSER": self.options.user}
        given = f"{stdin}\n".encode() if stdin is not None else None
        return self._shell.run(argv, stdin=given, timeout_s=TIMEOUT_S, environment=environment).ok().text

    def change(self, sql: str, database: str | None = None) -> None:
        """Raises: CommandFailed at the first statement that fails."""
        self.run("psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", database or self.options.database, stdin=sql)

    def dump(self, database: str | None = None) -> None:
        """Replace the artefact's dump by one of what the server holds now."""
        name = database or self.options.database
        self.run("pg_dump", "--format=custom", "--file", f"/artefact/{DUMP}", name)


@contextmanager
def scratch_database(bench: FaultBench, component: str, tables: int = -1) -> Iterator[ScratchDatabase]:
    """The dump loaded into a scratch server; with `tables` only up to the data of so many tables, without an error.

    Raises: CommandFailed if the dump does not load.
    """
    options = Options.model_validate(bench.drill.component(component).options)
    with bench.shell(component, image=ToolImage.SERVICE) as shell:
        server = ScratchDatabase(shell, options)
        server.run("sh", "-c", _START, "start", options.user)
        server.run("sh", "-c", _LOAD, "load", options.user, options.database, str(tables))
        yield server
