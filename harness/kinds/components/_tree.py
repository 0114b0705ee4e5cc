"""What trees of files have in common: content, mode, owner, link target; directories and the root included.

Requirements: GEN-D15 (modes, links, empty directories), GEN-D16 (directories' own owners and modes),
GEN-D17 (links are listed with their targets), LR-8 to LR-15, LR-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import Field

from harness.errors import CouldNotAsk
from harness.kinds.components import _file_tree_surroundings as around
from harness.kinds.contracts import (
    ComponentAccess,
    KindOptions,
    Probe,
    Shell,
    StoredFile,
    Surrounding,
    ToolImage,
    nested_in,
)
from harness.kinds.records import records, whole_lines
from harness.model.drill import Service
from harness.model.frozen import JsonValue
from harness.model.inventory import Lines, key_bytes

NEEDS_SERVICE = False
TIMEOUT_S = 3600.0

# A directory on which another volume is mounted is listed, but not entered: what is in it is another component.
_PRUNE = r"""
cd "$1" || exit 9; shift; set -o pipefail; prune=()
for nested; do prune+=(-path "./$nested" -prune -o); done
"""
# `//` never occurs in what find prints as %P, so path and the rest can be told apart whatever a name holds.
# %Y is what a link leads to: `f` is a file, `N` nothing.
_FILES = rf"""{_PRUNE}
find . -xdev "${{prune[@]}}" '(' -type f -o -type l ')' -printf '%P\001//%Y %y %s %T@\0' | LC_ALL=C sort -z
"""


class Options(KindOptions):
    path: str = Field(description="Absolute path of the tree, on a named volume of the service.")


def propose(service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
    """Each named volume."""
    return tuple({"path": path} for path in service.named_volumes)


def inventory(access: ComponentAccess) -> Iterator[Lines]:
    """One line per file, directory, link and special file; key is the path below the root, the root is ''.

    Units: sizes in bytes. Raises: CommandFailed if part of the tree cannot be looked at, CouldNotAsk if the tool
    container fails. Source: fixtures/images/tools/tree.c.
    """
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        argv = ["inventory-tree", path, *nested_in(path, access)]
        yield from whole_lines(shell.stream(argv, timeout_s=TIMEOUT_S))


def files(access: ComponentAccess) -> Iterator[StoredFile]:
    """Names, sizes and times of change of all files, in byte order of name; nothing is read."""
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        for key, attributes in _pairs(shell, _FILES, path, *nested_in(path, access)):
            target, kind, size, changed = attributes.split(" ")
            if target == "f":
                when = datetime.fromtimestamp(float(changed), UTC)
                yield StoredFile(key, int(size) if kind == "f" else None, when)


def _pairs(shell: Shell, script: str, path: str, *nested: str) -> Iterator[tuple[str, str]]:
    argv = ["bash", "-c", script, "inventory", path, *nested]
    for record in records(shell.stream(argv, timeout_s=TIMEOUT_S)):
        key, separator, rest = record.partition("\x01//")
        if not separator:
            raise CouldNotAsk(f"the inventory of {path} printed a record that is none: {record[:80]!r}")
        yield key, rest


def prefix_digests(access: ComponentAccess, sizes: Mapping[str, int]) -> dict[str, str]:
    """Digests of the first bytes of each file that still has as many (class `append`, LR-15)."""
    root = str(access.component.options["path"])
    asked = b"".join(b"%d %s\0" % (size, key_bytes(key)) for key, size in sizes.items())
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        said = shell.run(["inventory-tree", root, "--beginnings"], stdin=asked, timeout_s=TIMEOUT_S).ok().text.split()
    return {key: digest for key, digest in zip(sizes, said, strict=True) if digest != "-"}


def written_unix_s(access: ComponentAccess, keys: Sequence[str]) -> dict[str, float]:
    """When each was last written, as the tree itself says: what a backup keeps of a file."""
    names = b"".join(b"./" + key_bytes(key) + b"\0" for key in keys)
    argv = ["bash", "-c", 'cd "$1" && xargs -0 stat -c %Y --', "written", str(access.component.options["path"])]
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        times = shell.run(argv, stdin=names, timeout_s=TIMEOUT_S).ok().text.split()
    return {key: float(time) for key, time in zip(keys, times, strict=True)}


def position(access: ComponentAccess) -> dict[str, JsonValue]:
    """The newest change of anything in the tree, as a Unix time."""
    script = '[ ! -e "$1" ] || find "$1" -xdev -printf "%C@\\n" | sort -n | tail -1'
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        argv = ["sh", "-c", script, "position", str(access.component.options["path"])]
        return {"newest_change_unix_s": shell.run(argv, timeout_s=TIMEOUT_S).ok().text.strip()}


def proved_empty(access: ComponentAccess) -> str | None:
    """None if no file lies in the tree; directories that a nested volume's mount made do not count."""
    script = '[ ! -e "$1" ] || find "$1" -xdev ! -type d -print -quit'
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        argv = ["sh", "-c", script, "empty", str(access.component.options["path"])]
        return shell.run(argv, timeout_s=TIMEOUT_S).ok().text.strip() or None


def surroundings(access: ComponentAccess) -> Iterator[Surrounding]:
    """Links that leave the tree: its backup holds the link, and not what it leads to."""
    path, service = str(access.component.options["path"]), access.component.service
    yield from around.links(access.stack.shell(service), service, path, nested_in(path, access))


def verify(access: ComponentAccess) -> Iterator[Probe]:
    """Every entry can be listed, and every file opened and read from; the inventories read all of it."""
    path = str(access.component.options["path"])
    yield from around.readable(access.stack.shell(access.component.service), path, nested_in(path, access))
