"""Independent signs that a portal does not run, for backups of a portal at rest (XLR-3)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import CouldNotAsk
from harness.kinds.contracts import PortalAccess, Probe

_TIMEOUT_S = 30.0
# What processes have open, run or stand in, below any of the paths.
_OPEN = r"""for path; do
    find /proc/[0-9]*/fd /proc/[0-9]*/cwd /proc/[0-9]*/exe -ignore_readdir_race -type l -printf '%l/\n' 2>/dev/null \
        | grep -cF -- "$path/"
done"""


def port_probe(access: PortalAccess, path: str = "/") -> Probe:
    """Nothing answers on the portal's port, however well."""
    http = access.stack.http(access.portal.service, access.portal.port)
    try:
        status = http.request("GET", path, timeout_s=2).status
    except CouldNotAsk:
        return Probe("port", True, "closed", "closed", ("XLR-3",))
    return Probe("port", False, "closed", f"port {access.portal.port} answers: HTTP {status}", ("XLR-3",))


def open_files_probe(access: PortalAccess, homes: Sequence[str]) -> Probe:
    """No process has a home open, in any running container that mounts a part of it; asked by its own user, for root in
    a container may not look into others' processes."""
    held = []
    for service in sorted(access.stack.addresses()):
        mounts = access.stack.mounts(service)
        looked = [home for home in homes if any(f"{path}/".startswith(f"{home}/") for path in mounts)]
        if looked:
            argv = ["sh", "-c", _OPEN, "open", *looked]
            said = access.stack.shell(service).run(argv, timeout_s=_TIMEOUT_S).text.split()
            held += [
                f"{n} files of {home} by processes of {service}"
                for home, n in zip(looked, said, strict=True)
                if n != "0"
            ]
    return Probe("processes", not held, "none has the home open", "; ".join(held) or "none", ("XLR-3",))
