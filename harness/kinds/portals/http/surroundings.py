"""Around the content: rows that name files, and hosts that the configuration names, where the drill file says so.

Requirements: LR-9 (references), HCL-20 and LR-D7 (endpoints).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from harness.kinds.components import postgresql
from harness.kinds.contracts import Endpoint, PortalAccess, Reference, ToolImage
from harness.kinds.endpoints import Named, named_in
from harness.kinds.portals.http.options import ConfiguredFiles, Options
from harness.kinds.records import records

TIMEOUT_S = 120.0

# Text files as `path NUL number:line`; grep's 1 means that a file has no line.
_LINES = r"""
set -o pipefail; root=$1; shift; wanted=(-false)
for glob; do wanted+=(-o -path "$root/$glob"); done
find "$root" -xdev -type f -size -1024k \( "${wanted[@]}" \) -print0 | LC_ALL=C sort -z \
| { xargs -0 -r grep -I -H -Z -n '' -- || [ $? -eq 123 ]; }
"""


def references(access: PortalAccess) -> Iterator[Reference]:
    """Straight from the databases, the portal need not run; in byte order of (component, key)."""
    options = Options.model_validate(access.portal.options)
    found = [
        Reference(one.component, str(key), str(row), None if size is None else int(size))
        for one in options.references
        for key, size, row in _rows(access, one.database, one.query, "key, size, origin", "origin")
        if key
    ]
    yield from sorted(found, key=lambda one: (one.component.encode(), one.key.encode(errors="surrogateescape")))


def endpoints(access: PortalAccess) -> Iterator[Endpoint]:
    options = Options.model_validate(access.portal.options)
    for one in options.configuration:
        if one.database is not None and one.query is not None:
            for row, text in _rows(access, one.database, one.query, "origin, line", "origin"):
                for named in named_in([str(text)]):
                    yield _endpoint(named, str(row))
        else:
            yield from _of_files(access, one)


def _rows(access: PortalAccess, database: str, query: str, columns: str, order: str) -> Iterator[tuple[Any, ...]]:
    component = access.drill.component(database)
    options = postgresql.Options.model_validate(component.options)
    asked = f"SELECT * FROM ({query.rstrip().rstrip(';')}) AS asked ({columns}) ORDER BY {order}".replace("%", "%%")
    with postgresql.connected(access.stack, component.service, options) as sql:
        yield from sql.rows(asked)


def _of_files(access: PortalAccess, one: ConfiguredFiles) -> Iterator[Endpoint]:
    component = access.drill.component(one.component or "")
    argv = ["bash", "-c", _LINES, "lines", str(component.options["path"]), *one.files]
    with access.stack.tool(component.service, image=ToolImage.TOOLS, writable=False) as shell:
        lines = (record.partition("\0") for record in records(shell.stream(argv, timeout_s=TIMEOUT_S), b"\n"))
        for path, group in groupby(lines, key=lambda parts: parts[0]):
            for named in named_in(text.partition(":")[2] for _, _, text in group):
                yield _endpoint(named, f"{path}:{named.line}")


def _endpoint(named: Named, where: str) -> Endpoint:
    return Endpoint(named.host, named.port, where, named.text)
