"""The installation around the content: nodes that name records of the datastore, hosts of the configuration, scripts.

Requirements: XLR-7 (records of attachments), XLR-D4 (every file that names the database), XLR-5 (scripts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.kinds.contracts import Endpoint, PortalAccess, Reference, Script
from harness.kinds.portals._installation import hosts_in_files, rows

STORE = "repository_directory"
REFERENCED: Mapping[str, tuple[str, ...]] = {STORE: ("repository/datastore/??/??/??/*",)}
SCRIPTS = (Script("release", ("/opt/xl-release-server/bin/version.sh",), user="xlrelease"),)

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
    found = ((_path(str(record)), str(origin)) for record, origin in rows(access, "database", _REFERENCES))
    for key, origin in sorted(found):
        yield Reference(STORE, key, origin)


def _path(record: str) -> str:
    return f"repository/datastore/{record[:2]}/{record[2:4]}/{record[4:6]}/{record}"


def endpoints(access: PortalAccess) -> Iterator[Endpoint]:
    """Of the configuration, extensions, scripts, and each workspace's own copy of what it was made by (XLR-D4)."""
    yield from hosts_in_files(access, "configuration")
    yield from hosts_in_files(access, "extensions")
    yield from hosts_in_files(access, "installation", files=("bin/*",))
    yield from hosts_in_files(access, STORE, files=("*.xml",))
