"""The search indexes of a Jackrabbit 2 repository: one for the repository itself, one for each workspace.

They lie in the repository's own directory, whose backup carries them; what is in them can be built anew from the
content. Which there are is found, not listed: a repository with more workspaces has more of them (XLR-D7).
Requirements: XLR-12 to XLR-16. Source: Apache Jackrabbit 2.20, SearchIndex (its parameter `path`).
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import ComponentAccess, KindOptions, ToolImage
from harness.kinds.records import records
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass

NEEDS_SERVICE = False
IS_INDEX = True
TIMEOUT_S = 900.0

# The folders that the globs name, below the repository's directory; a glob that names none is left out.
_FOLDERS = r"""cd "$1" || exit 9; shift; shopt -s nullglob; folders=()
for glob; do for folder in $glob; do [ -d "$folder" ] && folders+=("$folder"); done; done
[ ${#folders[@]} -gt 0 ] || exit 0
"""
_FILES = rf"""{_FOLDERS}
set -o pipefail
find "${{folders[@]}}" -type d -printf 'folder  %p\0'
find "${{folders[@]}}" ! -type d -print0 | xargs -0 -r sha256sum --zero --"""
_NAMES = rf"""{_FOLDERS} printf '%s\0' "${{folders[@]}}" """
_NEWEST = rf"""{_FOLDERS} find "${{folders[@]}}" -printf '%C@\n' | sort -n | tail -1"""
# What is left afterwards: any list of an index's segments, wherever it lies. Source: Jackrabbit 2.20, IndexInfos.
_EMPTIED = (
    rf"""{_FOLDERS} find "${{folders[@]}}" -mindepth 1 -delete; find . -type f -name 'indexes_*' -printf '%h\0'"""
)


class Options(KindOptions):
    path: str = Field(description="Absolute path of the repository's directory, on a named volume of the service.")
    indexes: list[str] = Field(
        default=["repository/index", "workspaces/*/index"],
        description="Folders of indexes below the path; `*` stands for any one folder.",
    )


def inventory(access: ComponentAccess) -> Iterator[Item]:
    """Every folder and file of the indexes, files with the digest of their content."""
    found = (line.partition("  ") for line in _said(access, _FILES))
    for key, digest in sorted(((key, digest) for digest, _, key in found), key=lambda pair: pair[0].encode()):
        yield Item(key, ItemClass.STATE, digest, {})


def folders(access: ComponentAccess) -> tuple[str, ...]:
    """The folders of indexes, below the repository's directory."""
    return tuple(_said(access, _NAMES))


def position(access: ComponentAccess) -> dict[str, JsonValue]:
    """The newest change of any index, as a Unix time."""
    return {"newest_change_unix_s": "".join(_said(access, _NEWEST)).strip()}


def proved_empty(access: ComponentAccess) -> str | None:
    return next((item.key for item in inventory(access) if item.digest != "folder"), None)


def purge(access: ComponentAccess) -> tuple[str, ...]:
    """Delete the contents of every index and keep the folders (XLR-14 to XLR-16), as Jackrabbit's own RepositoryCopier
    leaves a copy without any (XLR-D9); returns the folders.

    Raises: CommandFailed if there is none, or if one is left, also one that the options do not name: an index half
    deleted looks healthy (XLR-12).
    """
    emptied = folders(access)
    left = [name for name in _said(access, _EMPTIED, writable=True) if name]
    if left or not emptied:
        raise CommandFailed(f"not emptied: {', '.join(left)}" if left else "there is no folder of an index")
    return emptied


def _said(access: ComponentAccess, script: str, *, writable: bool = False) -> Iterator[str]:
    options = Options.model_validate(access.component.options)
    argv = ["bash", "-c", script, "indexes", options.path, *options.indexes]
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=writable) as shell:
        said = shell.run(argv, timeout_s=TIMEOUT_S)
    if said.truncated:
        raise CouldNotAsk(f"the indexes of {access.component.name} have more files than can be listed")
    yield from records(iter([said.ok().stdout]))
