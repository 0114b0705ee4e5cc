"""Three independent signs that the server does not run (XLR-3), and what its start says of its indexes (XLR-13)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.kinds.contracts import PortalAccess, Probe, ToolImage
from harness.kinds.portals._rest import open_files_probe, port_probe

STARTED = "Repository started"  # logged when the indexes of all its workspaces are there
_TIMEOUT_S = 30.0
# A lock of the operating system on the file that the repository holds while it is open, tried as Java does.
_LOCK = """import fcntl, sys
try:
    with open(sys.argv[1], "r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("free")
except FileNotFoundError:
    print("absent")
except BlockingIOError as error:
    print("held:", error.strerror)"""


def at_rest(access: PortalAccess) -> Iterator[Probe]:
    """Nothing answers on its port; no process has its home open; the lock of its repository is free or absent."""
    yield port_probe(access, "/xl/status")
    yield open_files_probe(access, [str(access.drill.component("installation").options["path"])])
    yield _lock(access)


def _lock(access: PortalAccess) -> Probe:
    component = access.drill.component("repository_directory")
    lock = f"{component.options['path']}/.lock"
    with access.stack.tool(component.service, image=ToolImage.TOOLS, writable=True) as shell:
        found = shell.run(["python3", "-c", _LOCK, lock], timeout_s=_TIMEOUT_S).ok().text.strip()
    return Probe("lock", found in ("absent", "free"), "free or absent", found, ("XLR-3", "XLR-D7"))


def index_built(access: PortalAccess) -> Probe:
    """An index without contents is built anew before the repository says that it has started."""
    said = STARTED in access.stack.logs(access.portal.service)
    return Probe("index", said, STARTED, "said" if said else "not said yet", ("XLR-13",))
