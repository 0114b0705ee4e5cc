"""Independent signs that a portal does not run, for backups of a portal at rest (XLR-3)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import CouldNotAsk, NoAnswer
from harness.kinds.contracts import PortalAccess, Probe, ToolImage
from harness.model.layout import below

_TIMEOUT_S = 30.0
# Whose processes there are.
_OWNERS = "cd / && stat -c %u:%g /proc/[0-9]* 2>/dev/null | sort -u"
# What the user's own processes have open, run or stand in, below each of the paths; the question itself stands in /.
# Without a `find` that prints what links say there is no answer.
_OPEN = r"""cd / && find . -maxdepth 0 -printf '' || exit 9
for path; do
    find /proc/[0-9]*/fd /proc/[0-9]*/cwd /proc/[0-9]*/exe -ignore_readdir_race -type l -printf '%l/\n' 2>/dev/null \
        | grep -cF -- "$path/"
done; true"""
# Both sorts of locks that the operating system knows, which do not see each other: of flock(2), as `flock` takes them,
# and of fcntl(2), as Java does. Each is taken for a moment, and let go.
_LOCK = """import fcntl, glob, os, sys
root, *patterns = sys.argv[1:]
found = "absent"
for path in (path for pattern in patterns for path in glob.glob(pattern, root_dir=root)):
    try:
        with open(os.path.join(root, path), "r+b") as file:
            for take in (fcntl.flock, fcntl.lockf):
                take(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = "free"
    except FileNotFoundError:
        pass
    except BlockingIOError as error:
        sys.exit(print(f"held: {path}: {error.strerror}"))
print(found)"""


def port_probe(access: PortalAccess, path: str = "/") -> Probe:
    """Nothing answers on the portal's port, however well or slowly."""
    http = access.stack.http(access.portal.service, access.portal.port)
    try:
        says = f"answers: HTTP {http.request('GET', path, timeout_s=2).status}"
    except NoAnswer:
        says = "takes connections, and does not answer"
    except CouldNotAsk:
        return Probe("port", True, "closed", "closed", ("XLR-3",))
    return Probe("port", False, "closed", f"port {access.portal.port} {says}", ("XLR-3",))


def open_files_probe(access: PortalAccess, homes: Sequence[str]) -> Probe:
    """No process has a home open, in any running container that mounts a part of it, or it as a part, as another node
    of a cluster does (XLR-D6). Asked as each user that processes belong to, for root in a container may not look into
    others'.

    Raises: CouldNotAsk, CommandFailed if a container cannot tell."""
    held = []
    for service in sorted(access.stack.addresses()):
        mounts = access.stack.mounts(service)
        looked = [home for home in homes if any(below(home, path) or below(path, home) for path in mounts)]
        if not looked:
            continue
        shell, counts = access.stack.shell(service), dict.fromkeys(looked, 0)
        owners = shell.run(["sh", "-c", _OWNERS], timeout_s=_TIMEOUT_S).ok().text.split()
        if not owners:
            raise CouldNotAsk(f"no process of {service} was seen")
        for user in owners:
            said = shell.run(["sh", "-c", _OPEN, "open", *looked], user=user, timeout_s=_TIMEOUT_S).ok().text.split()
            if len(said) != len(looked):
                raise CouldNotAsk(f"what processes of {service} have open is not known: {said!r}")
            for home, count in zip(looked, said, strict=True):
                counts[home] += int(count)
        held += [f"{count} files of {home} by processes of {service}" for home, count in counts.items() if count]
    return Probe("processes", not held, "none has the home open", "; ".join(held) or "none", ("XLR-3",))


def lock_probe(
    access: PortalAccess, component: str, files: Sequence[str], requirements: tuple[str, ...] = ("XLR-3",)
) -> Probe:
    """Nobody holds a lock on any of the component's `files` (globs), which may be absent; tried from outside of the
    portal's service.

    Raises: CouldNotAsk, CommandFailed if that cannot be tried."""
    tree = access.drill.component(component)
    argv = ["python3", "-c", _LOCK, str(tree.options["path"]), *files]
    with access.stack.tool(tree.service, image=ToolImage.TOOLS, writable=True) as shell:
        found = shell.run(argv, timeout_s=_TIMEOUT_S).ok().text.strip()
    return Probe("lock", found in ("absent", "free"), "free or absent", found, requirements)
