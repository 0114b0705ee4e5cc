"""A Git repository: every ref with its commit, HEAD, and whether all objects are there (LR-16, LR-29, LR-30)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from harness.kinds.contracts import CommandResult, ComponentAccess, KindOptions, Shell, ToolImage
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass

NEEDS_SERVICE = False
IS_INDEX = False
TIMEOUT_S = 900.0
# The repository belongs to the portal's user, the tool container runs as root.
GIT_ENVIRONMENT = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}

# How many objects can be reached, and the digest of their sorted list.
_OBJECTS = """set -o pipefail; cd "$1"; git rev-list --all --objects | wc -l
git rev-list --all --objects | LC_ALL=C sort | sha256sum"""


class Options(KindOptions):
    path: str = Field(description="Absolute path of the repository (a bare one, or the `.git` of a working tree).")


def git(shell: Shell, *arguments: str) -> CommandResult:
    return shell.run(["git", *arguments], timeout_s=TIMEOUT_S, environment=GIT_ENVIRONMENT)


def inventory(access: ComponentAccess) -> Iterator[Item]:
    """HEAD, `fsck`, the set of all reachable objects, and each ref with the object it names."""
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        yield Item("HEAD", ItemClass.STATE, git(shell, "-C", path, "symbolic-ref", "HEAD").ok().text.strip(), {})
        counted = ["bash", "-c", _OBJECTS, "objects", path]
        listed = shell.run(counted, timeout_s=TIMEOUT_S, environment=GIT_ENVIRONMENT).ok().text.split()
        check = git(shell, "-C", path, "fsck", "--full", "--strict")
        yield Item("fsck", ItemClass.STATE, "clean" if check.exit_code == 0 else check.stderr.decode()[-300:], {})
        yield Item("objects", ItemClass.STATE, listed[1], {"count": listed[0]})
        refs = git(shell, "-C", path, "for-each-ref", "--format=%(refname) %(objectname)").ok().text.splitlines()
        for ref in sorted(refs):
            name, digest = ref.split(" ")
            yield Item(name, ItemClass.STATE, digest, {})


def position(access: ComponentAccess) -> dict[str, JsonValue]:
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        return {"head": git(shell, "-C", path, "rev-parse", "HEAD").ok().text.strip()}


def proved_empty(access: ComponentAccess) -> str | None:
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        script = '[ ! -e "$1" ] || find "$1" -xdev -mindepth 1 -print -quit'
        return shell.run(["sh", "-c", script, "empty", path], timeout_s=60).ok().text.strip() or None
