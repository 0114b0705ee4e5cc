"""Around the content: rows that name files, rows that a job moves, places of files, scripts, and hosts that the
configuration names, where the drill file says so.

Requirements: LR-9 (references), XLR-3 and XLR-D5 (signs of rest, shutdown), XLR-D3 (rows that move), LR-18 (places),
GEN-D15 (scripts), HCL-20 and LR-D7 (endpoints).
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from heapq import merge

from harness.kinds.contracts import Endpoint, Placed, PortalAccess, Probe, Reference, Script
from harness.kinds.portals._installation import hosts_in_files, hosts_in_rows, rows, subquery
from harness.kinds.portals._rest import lock_probe, open_files_probe, port_probe
from harness.kinds.portals.http.client import Client, taken
from harness.kinds.portals.http.extract import filled
from harness.kinds.portals.http.options import Moved, Options
from harness.model.inventory import key_bytes


def referenced(options: Options) -> dict[str, tuple[str, ...]]:
    """By component, the globs of files that rows name."""
    return {
        name: tuple(glob for one in options.references if one.component == name for glob in one.files)
        for name in sorted({one.component for one in options.references})
    }


def references(access: PortalAccess) -> Iterator[Reference]:
    """Straight from the databases, the portal need not run; in byte order of (component, key)."""
    options = Options.model_validate(access.portal.options)
    found = [
        Reference(one.component, str(key), str(row), None if size is None else int(size))
        for one in options.references
        for key, size, row in rows(access, one.database, subquery(one.query, "key, size, origin"))
        if key
    ]
    yield from sorted(found, key=lambda one: (one.component.encode(), key_bytes(one.key), one.row))


def at_rest(access: PortalAccess) -> Iterator[Probe]:
    """Nothing answers on its port, no process has its files open, and nobody holds its locks."""
    options = Options.model_validate(access.portal.options)
    yield port_probe(access)
    if options.rest:
        yield open_files_probe(access, [str(access.drill.component(name).options["path"]) for name in options.rest])
    yield from (lock_probe(access, one.component, [glob.escape(one.file)]) for one in options.locks)


def shut_down(access: PortalAccess) -> None:
    """By the request that the drill file names (XLR-D5)."""
    client = Client(access)
    if client.options.stop:
        client.send(client.options.stop, {})


def placed(access: PortalAccess) -> Iterator[Placed]:
    """Straight from the databases, the portal need not run; in byte order of name."""
    moved = Options.model_validate(access.portal.options).moved
    yield from merge(*(_placed_in(access, one) for one in moved), key=lambda placed: placed.name.encode())


def _placed_in(access: PortalAccess, moved: Moved) -> Iterator[Placed]:
    query = subquery(moved.query, "name, id") + " WHERE name IS NOT NULL ORDER BY convert_to(name::text, 'UTF8')"
    for name, row in rows(access, moved.database, query):
        yield Placed(str(name), moved.database, filled(moved.inventory, {"id": str(row)}))


def places(access: PortalAccess) -> Mapping[str, str]:
    """As the running portal says."""
    client = Client(access)
    found: dict[str, str] = {}
    for asked in client.options.places:
        found |= taken(asked, client.send(asked, {}), {})
    return found


def scripts(options: Options) -> tuple[Script, ...]:
    return tuple(Script(one.service, tuple(one.command), one.user) for one in options.scripts)


def endpoints(access: PortalAccess) -> Iterator[Endpoint]:
    options = Options.model_validate(access.portal.options)
    for one in options.configuration:
        if one.component is not None:
            yield from hosts_in_files(access, one.component, one.files, one.exclude)
        elif one.query is not None:
            yield from hosts_in_rows(access, one.database, subquery(one.query, "origin, line") + " ORDER BY origin")
