"""The installation around the content: its places, nodes that name records of the datastore, hosts, scripts.

Requirements: XLR-7 (records of attachments), XLR-D4 (every file that names the database), XLR-5 (scripts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.kinds.contracts import Endpoint, PortalAccess, Reference, Script
from harness.kinds.portals._installation import hosts_in_files, rows

TITLE = "Apache Jackrabbit"
SERVICE = "release"
PORT = 5516
STORE = "repository_directory"
_HOME = "/opt/xl-release-server"
FILES: Mapping[str, dict[str, Any]] = {
    "installation": {"service": SERVICE, "options": {"path": _HOME}},
    "configuration": {"service": SERVICE, "options": {"path": f"{_HOME}/conf"}},
    "extensions": {"service": SERVICE, "options": {"path": f"{_HOME}/ext"}},
    "plugins": {"service": SERVICE, "options": {"path": f"{_HOME}/plugins"}},
    STORE: {"service": SERVICE, "options": {"path": f"{_HOME}/repository"}},
    "search_index": {
        "kind": "jackrabbit_index",
        "engine": "carried",
        "service": SERVICE,
        "options": {"path": f"{_HOME}/repository"},
    },
}
REFERENCED: Mapping[str, tuple[str, ...]] = {STORE: ("repository/datastore/??/??/??/*",)}
SCRIPTS = (Script(SERVICE, (f"{_HOME}/bin/version.sh",), user="xlrelease"),)

# A bundle names each of its large binaries by the digest of its content. Source: Apache Jackrabbit 2.20,
# BLOBInDataStore ("dataStore:" and the record's identifier).
_BUNDLES = """SELECT DISTINCT named[1], '{table}/' || to_hex(node_id_hi) || to_hex(node_id_lo) FROM {table},
    regexp_matches(encode(bundle_data, 'escape'), 'dataStore:([0-9a-f]{{40,64}})', 'g') AS named"""
_REFERENCES = (
    " UNION ALL ".join(_BUNDLES.format(table=f"{name}_bundle") for name in ("default", "security", "version"))
    + " ORDER BY 1, 2"
)


def references(access: PortalAccess) -> Iterator[Reference]:
    """Straight from the database, the server need not run; one record may be named by several nodes."""
    yield from references_of((str(record), str(node)) for record, node in rows(access, "database", _REFERENCES))


def references_of(named: Iterable[tuple[str, str]]) -> Iterator[Reference]:
    """Of records and the nodes that name them, in the order of the records' files."""
    for record, node in sorted(named):
        yield Reference(STORE, f"repository/datastore/{record[:2]}/{record[2:4]}/{record[4:6]}/{record}", node)


def endpoints(access: PortalAccess) -> Iterator[Endpoint]:
    """Of the configuration, extensions, scripts, and each workspace's own copy of what it was made by (XLR-D4)."""
    yield from hosts_in_files(access, "configuration")
    yield from hosts_in_files(access, "extensions")
    yield from hosts_in_files(access, "installation", files=("bin/*",))
    yield from hosts_in_files(access, STORE, files=("*.xml",))
