"""Three independent signs that the server does not run (XLR-3), and what its start says of its indexes (XLR-13)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.kinds.contracts import PortalAccess, Probe, ToolImage
from harness.kinds.portals._rest import open_files_probe, port_probe

STARTED = "Repository started"  # logged when the indexes of all its workspaces are there
_TIMEOUT_S = 30.0
# Locks of the operating system on the files that the repository, and each Derby database in it, holds while it is open,
# tried as Java does. Source: Apache Derby 10.14, dbex.lck.
_LOCKS = """import fcntl, glob, os, sys
found = "absent"
os.chdir(sys.argv[1])
for path in (".lock", *glob.glob("**/dbex.lck", recursive=True)):
    try:
        with open(path, "r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = "free"
    except FileNotFoundError:
        pass
    except BlockingIOError as error:
        sys.exit(print(f"held: {path}: {error.strerror}"))
print(found)"""


def at_rest(access: PortalAccess) -> Iterator[Probe]:
    """Nothing answers on its port; no process has its home open; the locks of its repository are free or absent."""
    yield port_probe(access, "/xl/status")
    yield open_files_probe(access, [str(access.drill.component("installation").options["path"])])
    yield _lock(access)


def _lock(access: PortalAccess) -> Probe:
    component = access.drill.component("repository_directory")
    repository = str(component.options["path"])
    with access.stack.tool(component.service, image=ToolImage.TOOLS, writable=True) as shell:
        found = shell.run(["python3", "-c", _LOCKS, repository], timeout_s=_TIMEOUT_S).ok().text.strip()
    return Probe("lock", found in ("absent", "free"), "free or absent", found, ("XLR-3", "XLR-D7"))


def index_built(access: PortalAccess) -> Probe:
    """An index without contents is built anew before the repository says that it has started."""
    said = STARTED in access.stack.logs(access.portal.service)
    return Probe("index", said, STARTED, "said" if said else "not said yet", ("XLR-13",))
