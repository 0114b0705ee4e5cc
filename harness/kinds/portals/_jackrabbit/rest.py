"""Three independent signs that the server does not run (XLR-3), and what its start says of its indexes (XLR-13)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.kinds.contracts import PortalAccess, Probe
from harness.kinds.portals._rest import lock_probe, open_files_probe, port_probe

STARTED = "Repository started"  # logged when the indexes of all its workspaces are there


def at_rest(access: PortalAccess) -> Iterator[Probe]:
    """Nothing answers on its port; no process has its home open; the locks of its repository are free or absent."""
    yield port_probe(access, "/xl/status")
    yield open_files_probe(access, [str(access.drill.component("installation").options["path"])])
    # Of the repository, and of each Derby database in it. Source: Apache Derby 10.14, dbex.lck.
    files = [".lock", "version/db/dbex.lck", "workspaces/*/db/dbex.lck"]
    yield lock_probe(access, "repository_directory", files, ("XLR-3", "XLR-D7"))


def index_built(access: PortalAccess) -> Probe:
    """An index without contents is built anew before the repository says that it has started."""
    said = STARTED in access.stack.logs(access.portal.service)
    return Probe("index", said, STARTED, "said" if said else "not said yet", ("XLR-13",))
