"""Three independent signs that the server does not run (XLR-3), and what its start says of its indexes (XLR-13)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.errors import CouldNotAsk
from harness.kinds.contracts import PortalAccess, Probe, ToolImage
from harness.kinds.portals.jackrabbit.client import server

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
_OPEN = r"""find /proc/[0-9]*/fd -ignore_readdir_race -type l -printf '%l
' 2>/dev/null | grep -c -- "^$1/" """


def at_rest(access: PortalAccess) -> Iterator[Probe]:
    """Nothing answers on its port; no process has its home open; the lock of its repository is free or absent."""
    yield _port(access)
    yield _processes(access)
    yield _lock(access)


def _port(access: PortalAccess) -> Probe:
    try:
        status = server(access).request("GET", "/xl/status", timeout_s=2).status
    except CouldNotAsk:
        return Probe("port", True, "closed", "closed", ("XLR-3",))
    return Probe("port", False, "closed", f"port {access.portal.port} answers: HTTP {status}", ("XLR-3",))


def _processes(access: PortalAccess) -> Probe:
    """In every running container that mounts a part of the home; asked by its own user, for root in a container may
    not look into others' processes."""
    home = str(access.drill.component("installation").options["path"])
    held = []
    for service in sorted(access.stack.addresses()):
        if any(path == home or path.startswith(f"{home}/") for path in access.stack.mounts(service)):
            said = access.stack.shell(service).run(["sh", "-c", _OPEN, "open", home], timeout_s=_TIMEOUT_S)
            if said.text.strip() != "0":
                held.append(f"{said.text.strip()} files of {home} by processes of {service}")
    return Probe("processes", not held, "none has the home open", "; ".join(held) or "none", ("XLR-3",))


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
