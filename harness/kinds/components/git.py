"""A Git repository: every ref with its commit, HEAD, and whether all objects are there (LR-16, LR-29, LR-30)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from harness.kinds.contracts import (
    CommandResult,
    ComponentAccess,
    KindOptions,
    Probe,
    Shell,
    Surrounding,
    ToolImage,
)
from harness.kinds.records import records
from harness.model.drill import Service
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

# What belongs to the repository and not to its history, one a line. The last part looks into every ref.
_AROUND = r"""set -euo pipefail; cd "$1"; cd "$(git rev-parse --absolute-git-dir)"; shopt -s nullglob
for file in hooks/*; do [[ $file == *.sample ]] || echo "$file"; done
for file in objects/info/alternates shallow info/attributes info/grafts; do [ ! -s "$file" ] || echo "$file"; done
[ ! -f info/exclude ] || ! grep -qvE '^(#|$)' info/exclude || echo info/exclude
for folder in worktrees/* modules/*; do echo "$folder"; done
[ ! -d lfs/objects ] || [ -z "$(find lfs/objects -type f -print -quit)" ] || echo lfs/objects
git config --file config --name-only --list | sort -u | sed 's/^/config /'
refs=$(git for-each-ref --format='%(objectname)^{}')
stashes=$({ git reflog show refs/stash 2>/dev/null || true; } | wc -l)
[ "$stashes" -lt 2 ] || echo "older stashes"
lfs() { [ -n "$refs" ] && git grep -qE 'filter *= *lfs' $refs -- .gitattributes '**/.gitattributes'; }
clean() { [ "$(git rev-parse --is-bare-repository)" = true ] || [ -z "$(cd "$1" && git status --porcelain)" ]; }
! lfs || echo "LFS pointers"
clean "$1" || echo "working tree"
"""
_WHY = {
    "hooks": "a hook: what it enforces or sets off ends with the restore",
    "objects": "objects are borrowed from another repository, which must be there as well",
    "shallow": "a shallow clone: its history is not all there",
    "worktrees": "a working tree of this repository lies elsewhere",
    "modules": "the repository of a submodule",
    "lfs": "large files are not in the history",
    "LFS": "large files are named by the history and are not in it",
    "working": "changes or files that were never committed",
    "older": "all stashes but the last one are named by a log alone, which no bundle holds",
}
_EVERY_REPOSITORY_HAS = ("core.repositoryformatversion", "core.filemode", "core.bare", "core.logallrefupdates")


class Options(KindOptions):
    path: str = Field(description="Absolute path of the repository (a bare one, or the `.git` of a working tree).")


def propose(service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
    """Each named volume that is called like one."""
    volumes = service.named_volumes.items()
    return tuple({"path": path} for path, volume in volumes if "git" in path or "source_code" in volume)


def git(shell: Shell, *arguments: str) -> CommandResult:
    return shell.run(["git", *arguments], timeout_s=TIMEOUT_S, environment=GIT_ENVIRONMENT)


def head(shell: Shell, path: str) -> str:
    """The branch that HEAD names, or the commit if it is detached. Raises: CommandFailed."""
    named = git(shell, "-C", path, "symbolic-ref", "-q", "HEAD")
    if named.exit_code != 0:
        named = git(shell, "-C", path, "rev-parse", "--verify", "HEAD").ok()
    return named.text.strip()


def inventory(access: ComponentAccess) -> Iterator[Item]:
    """HEAD, `fsck`, the set of all reachable objects, and each ref with the object it names."""
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        yield Item("HEAD", ItemClass.STATE, head(shell, path), {})
        counted = ["bash", "-c", _OBJECTS, "objects", path]
        listed = shell.run(counted, timeout_s=TIMEOUT_S, environment=GIT_ENVIRONMENT).ok().text.split()
        check = git(shell, "-C", path, "fsck", "--full", "--strict")
        yield Item("fsck", ItemClass.STATE, "clean" if check.exit_code == 0 else check.stderr.decode()[-300:], {})
        yield Item("objects", ItemClass.STATE, listed[1], {"count": listed[0]})
        safe = ["env", *(f"{name}={value}" for name, value in GIT_ENVIRONMENT.items())]
        listing = [*safe, "git", "-C", path, "for-each-ref", "--format=%(refname) %(objectname)"]
        # In byte order; of a command that is not streamed only the first MiB would be seen.
        for ref in records(shell.stream(listing, timeout_s=TIMEOUT_S), b"\n"):
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


def surroundings(access: ComponentAccess) -> Iterator[Surrounding]:
    """What a bundle of all refs leaves out: hooks, settings, borrowed objects, large files, what is not committed."""
    path, name = str(access.component.options["path"]), access.component.name
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        argv = ["bash", "-c", _AROUND, "around", path]
        found = shell.run(argv, timeout_s=TIMEOUT_S, environment=GIT_ENVIRONMENT).ok().text.splitlines()
    for what in found:
        why = _WHY.get(what.replace("/", " ").split()[0], "belongs to the repository, not to its history")
        known = what.removeprefix("config ") in _EVERY_REPOSITORY_HAS
        excused = "git writes it into every repository" if known else ""
        yield Surrounding(f"git {name}:{what}", False, why, ("LR-16", "LR-29"), excused)


def verify(access: ComponentAccess) -> Iterator[Probe]:
    """`git fsck` of all objects."""
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        said = git(shell, "-C", path, "fsck", "--full", "--strict", "--no-dangling", "--no-progress")
    wrong = (said.stderr + said.stdout).decode(errors="replace").strip().splitlines()
    found = "; ".join(wrong[:3]) or f"exit code {said.exit_code}"
    yield Probe("fsck", said.exit_code == 0, "every object there and sound", found, ("GEN-D28", "LR-30"))
