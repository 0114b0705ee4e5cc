"""A Git repository's inventory, of a real repository by the commands of the tool container."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fakes import FakeStack

from harness.kinds.components import git
from harness.kinds.contracts import CommandResult, ComponentAccess
from harness.model.drill import Component
from harness.model.inventory import Item

CAP = 1 << 20  # bytes that are kept of what a command prints


class RealShell:
    """Runs commands here, as the tools image would."""

    def run(
        self, argv: Sequence[str], *, timeout_s: float, environment: Mapping[str, str] | None = None
    ) -> CommandResult:
        said = subprocess.run(argv, capture_output=True, env={**os.environ, **(environment or {})}, check=False)
        kept = said.stdout[:CAP]
        return CommandResult(tuple(argv), said.returncode, kept, said.stderr, kept != said.stdout, 0.0)

    def stream(self, argv: Sequence[str], *, timeout_s: float) -> Iterator[bytes]:
        yield subprocess.run(argv, capture_output=True, check=True).stdout


class HereStack(FakeStack):
    @contextmanager
    def tool(self, service: str, **given: Any) -> Iterator[Any]:
        yield RealShell()


def done(repository: Path, *arguments: str) -> str:
    by = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    argv = ["git", "-C", str(repository), *arguments]
    return subprocess.run(argv, input="", env=os.environ | by, capture_output=True, check=True, text=True).stdout


def inventory(repository: Path) -> list[Item]:
    component = Component(
        name="code", kind="git", service="web", engine="git_bundle", options={"path": str(repository)}
    )
    return list(git.inventory(ComponentAccess(component, HereStack())))


def test_every_ref_is_an_item_however_many_there_are(tmp_path: Path) -> None:
    """The list of these tags has 1.3 MB, more than is kept of what a command prints."""
    done(tmp_path, "init", "--quiet", "--bare")
    tree = done(tmp_path, "mktree").strip()
    commit = done(tmp_path, "commit-tree", tree, "-m", "first").strip()
    tags = [f"refs/tags/release-{number:05}-of-the-port" for number in range(17_000)]
    (tmp_path / "packed-refs").write_text("".join(f"{commit} {tag}\n" for tag in tags))
    items = inventory(tmp_path)
    assert [item.key for item in items] == ["HEAD", "fsck", "objects", *tags]
    assert {item.digest for item in items[3:]} == {commit}
    assert [item.sort_key for item in items] == sorted(item.sort_key for item in items)
