"""A tree of files on a named volume: content, mode, owner, link target; directories and the root included.

Requirements: GEN-D15 (modes, links, empty directories), GEN-D16 (directories' own owners and modes),
GEN-D17 (links are listed with their targets), LR-8 to LR-15, LR-21.
"""

from __future__ import annotations

import re
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
from harness.kinds.records import records
from harness.model.drill import Service
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass, key_bytes, key_text, rule_of

NEEDS_SERVICE = False
IS_INDEX = False
TIMEOUT_S = 3600.0
UNREADABLE = "unreadable"

# A directory on which another volume is mounted is listed, but not entered: what is in it is another component.
_PRUNE = r"""
cd "$1" || exit 9; shift; set -o pipefail; prune=()
for nested; do prune+=(-path "./$nested" -prune -o); done
"""
# `//` never occurs in what find prints as %P, so path and attributes can be told apart whatever a name holds.
_LINE = r"%P\001//%y %m %U:%G %s %n %l\0"
# Lines are sorted as they are, so that what ends a name must be lower than whatever it holds: \001 in a name
# becomes \002\001, and \002 two of them.
_ESCAPE = r"""LC_ALL=C sed -z 's/\x02/\x02\x02/g; s/\x01/\x02\x01/g; s,\x02\x01//,\x01//,'"""
_ESCAPED = re.compile("\x02([\x01\x02])")
_ATTRIBUTES = rf"""{_PRUNE}
list=(); for nested; do list+=(-path "./$nested" -printf '{_LINE}' -prune -o); done
find . -xdev "${{list[@]}}" ! -type s -printf '{_LINE}' | {_ESCAPE} | LC_ALL=C sort -z
"""
_EXTENDED = rf"""{_PRUNE}
find . -xdev "${{prune[@]}}" -print0 | xargs -0 -r getfattr -h -d -m - -e hex 2>/dev/null; true
"""
# Each batch writes a file of its own: lines of parallel hashers must not run into each other.
_DIGESTS = rf"""{_PRUNE}
out=$(mktemp -d)
find . -xdev "${{prune[@]}}" -type f -printf '%P\0' \
| xargs -0 -r -n 256 -P "$(nproc)" bash -c 'sha256sum -z -- "$@" >>"$0/$$" 2>>"$0.errors"; true' "$out"
find "$out" -type f -exec cat {{}} + | LC_ALL=C sed -z -E 's/^([0-9a-f]{{64}})  (.*)$/\2\x01\/\/\1/' \
| {_ESCAPE} | LC_ALL=C sort -z
rm -rf "$out"
"""
# %Y is what a link leads to: `f` is a file, `N` nothing.
_FILES = rf"""{_PRUNE}
find . -xdev "${{prune[@]}}" '(' -type f -o -type l ')' -printf '%P\001//%Y %y %s %T@\0' | LC_ALL=C sort -z
"""


class Options(KindOptions):
    path: str = Field(description="Absolute path of the tree, on a named volume of the service.")


def propose(service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
    """Each named volume."""
    return tuple({"path": path} for path, volume in service.volumes.items() if not volume.startswith("/"))


def inventory(access: ComponentAccess) -> Iterator[Item]:
    """One item per file, directory, link and special file; key is the path below the root, the root is ''.

    Units: sizes in bytes. Raises: CouldNotAsk if the tool container fails.
    """
    path = str(access.component.options["path"])
    nested = nested_in(path, access)
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        extended = _extended(shell, path, nested)
        digests = _pairs(shell, _DIGESTS, path, *nested)
        name, digest = next(digests, (None, ""))
        for key, attributes in _pairs(shell, _ATTRIBUTES, path, *nested):
            kind, mode, owner, size, names, link = attributes.split(" ", 5)
            found = ""
            if kind == "f":
                while name is not None and name.encode(errors="surrogateescape") < key.encode(errors="surrogateescape"):
                    name, digest = next(digests, (None, ""))
                found = digest if name == key else UNREADABLE
                rule = rule_of(key, access.component.classes)
                if rule and rule.item_class is ItemClass.APPEND:
                    # It may grow between its size and its digest: both must be of the same bytes.
                    found = _prefix(shell, f"{path}/{key}", int(size)) or UNREADABLE
            plain = _attributes(kind, mode, owner, size, names, link)
            yield Item(key, ItemClass.STATE, found, plain | extended.get(key, {}))


def files(access: ComponentAccess) -> Iterator[StoredFile]:
    """Names, sizes and times of change of all files, in byte order of name; nothing is read."""
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        for key, attributes in _pairs(shell, _FILES, path, *nested_in(path, access)):
            target, kind, size, changed = attributes.split(" ")
            if target == "f":
                when = datetime.fromtimestamp(float(changed), UTC)
                yield StoredFile(key, int(size) if kind == "f" else None, when)


def _extended(shell: Shell, path: str, nested: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Extended attributes and access lists by key; few files have any, so they are held in memory."""
    found: dict[str, dict[str, str]] = {}
    key = ""
    argv = ["bash", "-c", _EXTENDED, "extended", path, *nested]
    for line in records(shell.stream(argv, timeout_s=TIMEOUT_S), b"\n"):
        if line.startswith("# file: "):
            name = line.removeprefix("# file: ").encode(errors="surrogateescape")
            plain = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), name)
            key = key_text(plain).removeprefix("./")
            key = "" if key == "." else key
        elif "=" in line and not line.startswith("security.selinux="):
            attribute, _, value = line.partition("=")
            found.setdefault(key, {})[attribute] = value[:200]
    return found


def _attributes(kind: str, mode: str, owner: str, size: str, names: str, link: str) -> dict[str, str]:
    attributes = {"type": kind, "owner": owner}
    if kind != "l":  # a link's own mode is always 0777 and means nothing
        attributes["mode"] = mode.zfill(4)
    if kind == "f":
        attributes["size"] = size
        if names != "1":
            attributes["hard links"] = names
    if link:
        attributes["link"] = link
    return attributes


def _pairs(shell: Shell, script: str, path: str, *nested: str) -> Iterator[tuple[str, str]]:
    argv = ["bash", "-c", script, "inventory", path, *nested]
    for record in records(shell.stream(argv, timeout_s=TIMEOUT_S)):
        key, separator, rest = record.partition("\x01//")
        if not separator:
            raise CouldNotAsk(f"the inventory of {path} printed a record that is none: {record[:80]!r}")
        yield _ESCAPED.sub(r"\1", key), _ESCAPED.sub(r"\1", rest)


def prefix_digests(access: ComponentAccess, sizes: Mapping[str, int]) -> dict[str, str]:
    """SHA-256 over the first bytes of each file that still has as many (class `append`, LR-15)."""
    root = str(access.component.options["path"])
    found: dict[str, str] = {}
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        for key, size in sizes.items():
            if digest := _prefix(shell, f"{root}/{key}", size):
                found[key] = digest
    return found


def _prefix(shell: Shell, path: str, size: int) -> str | None:
    """Names are given by stdin: arguments of a container's command are text, and names are bytes."""
    script = 'IFS= read -r -d "" f; [ "$(stat -c %s -- "$f")" -ge "$1" ] && head -c "$1" -- "$f" | sha256sum'
    argv = ["bash", "-c", script, "prefix", str(size)]
    said = shell.run(argv, stdin=key_bytes(path) + b"\0", timeout_s=TIMEOUT_S)
    return said.text.split()[0] if said.exit_code == 0 else None


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
