"""A bare repository: branches that share history, an annotated tag, HEAD on another branch than the first."""

from __future__ import annotations

from typing import Any

from bench import Change

from harness.kinds.contracts import ToolImage
from harness.model.drill import Component, Service
from harness.model.frozen import JsonValue

PATH = "/srv/git/modules.git"
SERVICES = (Service(name="git", image="portal-drill/tools:3", command=("sleep", "600"), volumes={"/srv/git": "git"}),)
COMPONENT = Component(name="sources", kind="git", service="git", engine="", options={"path": PATH})
VARIANTS: dict[str, dict[str, JsonValue]] = {"the_volume_itself": {"path": "/srv/git"}}

_UNBUNDLE = f"""rm -rf {PATH}; git clone -q --mirror /artefact/all.bundle {PATH}
    git -C {PATH} symbolic-ref HEAD refs/heads/main"""
ENGINES: dict[str, dict[str, JsonValue]] = {
    "git_bundle": {},
    "command": {
        "backup": ["git", "-C", PATH, "bundle", "create", "/artefact/all.bundle", "--all"],
        "restore": ["sh", "-euc", _UNBUNDLE],
    },
}
EMPTY_REFUSED = frozenset({"git_bundle", "command"})  # git refuses to make an empty bundle
ALSO: tuple[str, ...] = ()

_AUTHOR = "-c user.name=Author -c user.email=author@example.org"
_COMMIT = f"""commit() {{ # branch, file, text
  git -C {PATH} update-ref "refs/heads/$1" "$(
    blob=$(printf '%s' "$3" | git -C {PATH} hash-object -w --stdin)
    tree=$(printf '100644 blob %s\\t%s\\n' "$blob" "$2" | git -C {PATH} mktree)
    old=$(git -C {PATH} rev-parse -q --verify "refs/heads/$1" || true)
    echo "change $2" | git {_AUTHOR} -C {PATH} commit-tree "$tree" ${{old:+-p "$old"}})"
}}
"""
_FILL = f"""
git init -q --bare -b main {PATH}
for number in 1 2 3; do commit main "file $number" "$(seq "$number" 9000)"; done
git -C {PATH} update-ref refs/heads/maintenance/7.4 main~1
commit maintenance/7.4 fix fixed
git {_AUTHOR} -C {PATH} tag -a -m 'as deployed' deployed-1.0 main~2
git -C {PATH} update-ref refs/notes/review main
git -C {PATH} symbolic-ref HEAD refs/heads/main
chown -R 1000:1000 {PATH}; chmod 0750 {PATH}
"""


def _run(stack: Any, script: str) -> None:
    with stack.tool("git", image=ToolImage.TOOLS, writable=True) as shell:
        shell.run(["bash", "-euc", _COMMIT + script], timeout_s=60).ok()


def answers(stack: Any) -> bool:
    return True


def make_empty(stack: Any) -> None:
    _run(stack, f"git init -q --bare -b main {PATH}")


def fill(stack: Any) -> None:
    _run(stack, _FILL)


def wipe(stack: Any) -> None:
    _run(stack, f"rm -rf {PATH}")


def leave_behind(stack: Any) -> None:
    _run(stack, f"commit left file left; git -C {PATH} update-ref refs/tags/left main; commit main more more")


def bystanders(stack: Any) -> str:
    return ""


def _do(script: str, *changed: str, missing: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> Change:
    return Change(lambda stack: _run(stack, script), changed, missing, extra)


CHANGES = {
    "commit": _do("commit main more more", "objects", "refs/heads/main"),
    "branch_of_the_same_commit": _do(f"git -C {PATH} branch other main", extra=("refs/heads/other",)),
    "branch_moved_back": _do(f"git -C {PATH} update-ref refs/notes/review main~2", "refs/notes/review"),
    "reference_lost": _do(f"git -C {PATH} update-ref -d refs/notes/review", missing=("refs/notes/review",)),
    "tag_lost": _do(f"git -C {PATH} tag -d deployed-1.0", "objects", missing=("refs/tags/deployed-1.0",)),
    "head": _do(f"git -C {PATH} symbolic-ref HEAD refs/heads/maintenance/7.4", "HEAD"),
    "head_detached": _do(f"git -C {PATH} update-ref --no-deref HEAD main~1", "HEAD"),
}
