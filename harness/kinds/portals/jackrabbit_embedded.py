"""The server of the portal `jackrabbit` with its built-in repository: Derby databases in the repository's directory.

There is no database that could be asked: content is walked over HTTP, and which records of the datastore it names is
read from the Derby databases, through the server that has them open, or of a copy. Requirements: XLR-7, XLR-9, XLR-D7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.kinds.contracts import PortalAccess, Reference, ToolImage
from harness.kinds.portals._accounts import Options, account, server
from harness.kinds.portals._installation import TIMEOUT_S
from harness.kinds.portals._jackrabbit import writes
from harness.kinds.portals._jackrabbit.content import index_items, items, queries, search
from harness.kinds.portals._jackrabbit.health import facts, healthy, probes, versions
from harness.kinds.portals._jackrabbit.installation import (
    FILES,
    PORT,
    REFERENCED,
    SCRIPTS,
    SERVICE,
    STORE,
    TITLE,
    endpoints,
    references_of,
)
from harness.kinds.portals._jackrabbit.rest import at_rest, index_built
from harness.kinds.portals._jackrabbit.writes import canary_query, read_nonces, write_nonce
from harness.kinds.records import records
from harness.model.restore_point import Canary

VENDOR_OF: frozenset[str] = frozenset()
CONTENT_TIER = STORE
INDEX_TIER = "search_index"
TIERS = (STORE, "search_index")
COMPONENTS: Mapping[str, dict[str, Any]] = FILES

# Opening a Derby database changes it, and only its server may while that runs: a copy is opened, by a program of the
# image.
_READ = """set -e; copy=$(mktemp -d); trap 'rm -rf "$copy"' EXIT; cd "$1"
cp -r --parents workspaces/*/db version/db "$copy"; cd "$copy"
library=/srv/vendor/home/lib/webapp/WEB-INF
java -Dderby.stream.error.file=derby.log -cp "$library/classes:$library/lib/*" release.Records ."""


def references(access: PortalAccess) -> Iterator[Reference]:
    """Straight from the Derby databases, asked through the server while it runs."""
    if access.portal.service in access.stack.addresses():
        reply = server(access).request("GET", "/xl/records", auth=account(access, "admin"))
        yield from references_of(map(_pair, reply.expect(200).text.splitlines()))
        return
    component = access.drill.component(STORE)
    argv = ["sh", "-c", _READ, "records", str(component.options["path"])]
    with access.stack.tool(component.service, image=ToolImage.SERVICE, writable=False) as shell:
        yield from references_of(map(_pair, records(shell.stream(argv, timeout_s=TIMEOUT_S), b"\n")))


def _pair(line: str) -> tuple[str, str]:
    record, _, node = line.partition(" ")
    return record, node


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    """A release and an attachment: the directory has acknowledged both, or it has not."""
    yield from (one for one in writes.write_canary(access, number, token) if one[0] != "database")


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    """The earlier release's words grow; its attachment stays as it is."""
    for tier, name in writes.edit_canary(access, earlier, token):
        yield (STORE if tier == "database" else tier), name


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    """The directory has kept a release with all its signs and, if one was written with it, the attachment."""
    asked = [_with_database(canary) for canary in canaries]
    lost = {(number, tier) for number, tier, kept in writes.kept_canaries(access, asked) if not kept}
    for canary in canaries:
        for tier in canary.refs:
            parts = (STORE, "database") if tier == STORE else (tier,)
            yield canary.number, tier, not any((canary.number, part) in lost for part in parts)


def _with_database(canary: Canary) -> Canary:
    """As the adapter with a database calls it: the release by its name, in the directory no more than an attachment."""
    name = canary.refs.get("search_index", "")
    refs = {tier: ref for tier, ref in canary.refs.items() if tier != STORE or ref != name}
    return canary.model_copy(update={"refs": {**refs, "database": name}})


__all__ = [
    "COMPONENTS",
    "CONTENT_TIER",
    "INDEX_TIER",
    "PORT",
    "REFERENCED",
    "SCRIPTS",
    "SERVICE",
    "TIERS",
    "TITLE",
    "VENDOR_OF",
    "Options",
    "at_rest",
    "canary_query",
    "edit_canary",
    "endpoints",
    "facts",
    "healthy",
    "index_built",
    "index_items",
    "items",
    "kept_canaries",
    "probes",
    "queries",
    "read_nonces",
    "references",
    "search",
    "versions",
    "write_canary",
    "write_nonce",
]
