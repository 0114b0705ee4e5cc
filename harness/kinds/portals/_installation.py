"""What adapters ask around a portal: versions of servers, its log, rows, and hosts that files and rows name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from harness.errors import CouldNotAsk
from harness.kinds.components import opensearch, postgresql
from harness.kinds.contracts import (
    ComponentAccess,
    Endpoint,
    PortalAccess,
    Probe,
    Shell,
    ToolImage,
)
from harness.kinds.endpoints import Named, named_in
from harness.kinds.portals._text_lines import named_in_files

TIMEOUT_S = 120.0
FILES_AT_ONCE = 1000  # named to one command
REFUSED, NOTHING = "refused:", "nothing:"  # how a fact begins that the portal did not give


def versions_of_servers(access: PortalAccess) -> dict[str, str]:
    """The servers of the components that can be asked, by product name."""
    found: dict[str, str] = {}
    for component in access.drill.components:
        if component.kind == "postgresql":
            position = postgresql.position(ComponentAccess(component, access.stack))
            found["PostgreSQL"] = str(position["server_version"]).split()[0]
        elif component.kind == "opensearch":
            http = opensearch.client(ComponentAccess(component, access.stack))
            found["OpenSearch"] = str(http.request("GET", "/").expect(200).json()["version"]["number"])
    return found


def fact_probes(
    now: Mapping[str, str], expected: Mapping[str, str], requirements: Callable[[str], tuple[str, ...]]
) -> Iterator[Probe]:
    """Every fact against the source's; what the portal refused or did not say is no good on either side."""
    for name in sorted(expected.keys() | now.keys()):
        found, wanted = now.get(name, "nothing"), expected.get(name, "nothing")
        good = found == wanted and not found.startswith((REFUSED, NOTHING))
        yield Probe(name, good, wanted, found, requirements(name))


def log_probe(access: PortalAccess, deny: re.Pattern[str]) -> Probe:
    """No line of the portal's log says what `deny` finds: an error of the start has thousands of lines behind it."""
    first, count = "", 0
    for line in access.stack.log_lines(access.portal.service):
        if deny.search(line):
            first, count = first or line, count + 1
    return Probe("log", not count, "no error", f"{count} lines, such as {first[:200]}" if count else "none")


def line_of_each(shell: Shell, folder: str, names: Sequence[str], ask: str) -> dict[str, str]:
    """What the shell command `ask` prints in one line of the file `$file`, by its name below `folder`.

    Raises: CouldNotAsk if the shell did not come to the end: a file that nobody looked for is not lost.
    """
    found: dict[str, str] = {}
    each = f"folder=$1; shift; for name; do file=$folder/$name; {ask}; done"
    for at in range(0, len(names), FILES_AT_ONCE):
        some = names[at : at + FILES_AT_ONCE]
        said = shell.run(["sh", "-c", each, "each", folder, *some], timeout_s=TIMEOUT_S)
        lines = said.stdout.decode(errors="replace").split("\n")[:-1]
        if said.exit_code or said.truncated or len(lines) != len(some):
            why = f"exit code {said.exit_code}, {len(lines)} lines" + (", cut off" if said.truncated else "")
            raise CouldNotAsk(f"{len(some)} files of {folder} were not all looked for: {why}")
        found |= dict(zip(some, lines, strict=True))
    return found


def rows(access: PortalAccess, database: str, query: str) -> Iterator[tuple[Any, ...]]:
    """Of a component that is a PostgreSQL database."""
    component = access.drill.component(database)
    options = postgresql.Options.model_validate(component.options)
    with postgresql.connected(access.stack, component.service, options) as sql:
        yield from sql.rows(query)


def subquery(query: str, columns: str) -> str:
    """A user's query with columns of known names; the server itself says if it has others."""
    return f"SELECT {columns} FROM ({query.rstrip().rstrip(';')}) AS asked ({columns})"


def hosts_in_rows(access: PortalAccess, database: str, query: str) -> Iterator[Endpoint]:
    """`query` gives what to call the row, and its text."""
    for row, text in rows(access, database, query):
        for named in named_in([str(text)]):
            yield _endpoint(named, str(row))


def hosts_in_files(
    access: PortalAccess, name: str, files: Sequence[str] = ("*",), exclude: Sequence[str] = ()
) -> Iterator[Endpoint]:
    """Of a component's text files: those at the globs `files` below its path (`*` crosses slashes) without those at or
    below `exclude`. What other components hold inside its path is theirs.

    Text is what is called so (`NAMED_AS_TEXT`), and all else of less than 1 MiB without a zero byte: what archives hold
    inside is not read. Raises: CouldNotAsk: that a file cannot be read is no answer of the portal.
    """
    component = access.drill.component(name)
    root = PurePosixPath(str(component.options["path"]))
    others = [str(one.options["path"]) for one in access.drill.components if "path" in one.options]
    nested = [path for path in others if root in PurePosixPath(path).parents]
    left_out = [*nested, *(f"{root}/{glob}" for glob in exclude)]
    with access.stack.tool(component.service, image=ToolImage.TOOLS, writable=False) as shell:
        for path, named in named_in_files(shell, str(root), left_out, files):
            yield _endpoint(named, f"{path}:{named.line}")


def _endpoint(named: Named, where: str) -> Endpoint:
    return Endpoint(named.host, named.port, where, named.text)
