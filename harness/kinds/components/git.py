"""A Git repository: every ref with its commit, HEAD, and whether all objects are there (LR-16, LR-29, LR-30)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pydantic import Field

from harness.errors import CommandFailed
from harness.kinds.contracts import CommandResult, ComponentAccess, KindOptions, Shell, ToolImage
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass

NEEDS_SERVICE = False
IS_INDEX = False
TIMEOUT_S = 900.0
# The repository belongs to the portal's user, the tool container runs as root.
GIT_ENVIRONMENT = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}


class Options(KindOptions):
    path: str = Field(description="Absolute path of the repository (bare, or the working tree).")


def git(shell: Shell, *arguments: str) -> CommandResult:
    return shell.run(["git", *arguments], timeout_s=TIMEOUT_S, environment=GIT_ENVIRONMENT)


def inventory(access: ComponentAccess) -> Iterator[Item]:
    """HEAD, `fsck`, the set of all reachable objects, and each ref with the object it names."""
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        yield Item("HEAD", ItemClass.STATE, git(shell, "-C", path, "symbolic-ref", "HEAD").ok().text.strip(), {})
        objects = git(shell, "-C", path, "rev-list", "--all", "--objects").ok()
        if objects.truncated:
            raise CommandFailed(f"{path}: more objects than can be listed at once")
        digest = hashlib.sha256("\n".join(sorted(objects.text.splitlines())).encode()).hexdigest()
        check = git(shell, "-C", path, "fsck", "--full", "--strict")
        yield Item("fsck", ItemClass.STATE, "clean" if check.exit_code == 0 else check.stderr.decode()[-300:], {})
        yield Item("objects", ItemClass.STATE, digest, {"count": str(len(objects.text.splitlines()))})
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
        return f"{path} exists" if shell.run(["test", "-e", path], timeout_s=60).exit_code == 0 else None
