"""Which writes the Wagtail site has kept: who was not asked to the end has lost nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from described import MARK
from fakes import FakeHttp, FakeShell, FakeStack, written_drill

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import CommandResult, HttpReply, PortalAccess
from harness.kinds.portals import _installation, wagtail
from harness.model.drill import Component
from harness.model.restore_point import Canary

BUSY = b'{"error": {"type": "circuit_breaking_exception", "reason": "[parent] Data too large"}}'


class Local(FakeShell):
    """This machine's own shell; `end`: as if it had ended so."""

    def __init__(self, **end: Any) -> None:
        super().__init__({})
        self.end = end

    def run(self, argv: Sequence[str], *, timeout_s: float, **more: Any) -> CommandResult:
        self.commands.append(tuple(argv))
        said = subprocess.run(argv, capture_output=True, timeout=timeout_s, check=False)
        return replace(CommandResult(tuple(argv), said.returncode, said.stdout, said.stderr, False, 0.1), **self.end)


class Killed(Local):
    """It ends after the first file."""

    def run(self, argv: Sequence[str], **more: Any) -> CommandResult:
        said = super().run(argv, **more)
        return replace(said, exit_code=137, stdout=said.stdout[: said.stdout.index(b"\n") + 1])


def kept(
    folder: Path, *canaries: Canary, shell: FakeShell | None = None, engine: int | HttpReply = 200
) -> list[tuple[int, str, bool]]:
    """`engine`: what it answers of every index."""
    said = engine if isinstance(engine, HttpReply) else HttpReply(engine, {}, b"{}")
    components = (
        Component(
            name="document_library", kind="file_tree", service="web", engine="tar", options={"path": str(folder)}
        ),
        Component(
            name="search", kind="opensearch", service="search", engine="snapshot", options={"indices": ["liferay-*"]}
        ),
    )
    drill = written_drill(components=components)
    access = PortalAccess(drill.portal, FakeStack(shell or Local(), FakeHttp(lambda method, path: said)), drill)
    return list(wagtail.kept_canaries(access, canaries))


def in_file(number: int, folder: Path, content: str | None = None) -> Canary:
    """Its file holds what was written, or `content`."""
    token, name = f"x{number}", f"portal-drill-canary-x{number}.txt"
    (folder / "documents").mkdir(exist_ok=True)
    (folder / "documents" / name).write_text(f"{token}\n" if content is None else content, encoding="utf-8")
    refs = {"document_library": f"{number} {name} {token}"}
    return Canary(number=number, token=token, refs=refs, acknowledged=True, mark=MARK)


INDEXED = Canary(number=1, token="x1", refs={"search": "page:000000000007"}, acknowledged=True, mark=MARK)


def test_file_is_kept_if_it_holds_what_was_written(tmp_path: Path) -> None:
    canaries = [in_file(1, tmp_path), in_file(2, tmp_path, ""), in_file(3, tmp_path, "x3\n" * 9000)]
    canaries.append(in_file(4, tmp_path))
    (tmp_path / "documents" / "portal-drill-canary-x4.txt").unlink()
    found = kept(tmp_path, *canaries)
    assert found == [(number, "document_library", number == 1) for number in (1, 2, 3, 4)]


def test_files_are_lost_with_their_folder(tmp_path: Path) -> None:
    canaries = [in_file(number, tmp_path) for number in (1, 2)]
    assert [good for _, _, good in kept(tmp_path / "nowhere", *canaries)] == [False, False]


def test_files_are_asked_for_some_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_installation, "FILES_AT_ONCE", 2)
    shell = Local()
    assert all(good for _, _, good in kept(tmp_path, *(in_file(n, tmp_path) for n in range(5)), shell=shell))
    assert len(shell.commands) == 3


@pytest.mark.parametrize(
    "shell",
    [Killed(), Local(exit_code=137), Local(truncated=True), Local(stdout=b"eDEK\n")],
    ids=["killed", "exit code", "cut off", "too few lines"],
)
def test_files_that_were_not_all_looked_for_are_not_lost(tmp_path: Path, shell: FakeShell) -> None:
    with pytest.raises(CouldNotAsk, match=r"2 files of .* were not all looked for"):
        kept(tmp_path, in_file(1, tmp_path), in_file(2, tmp_path), shell=shell)


def test_nothing_is_kept_by_an_index_that_is_not_there(tmp_path: Path) -> None:
    assert kept(tmp_path, INDEXED, engine=404) == [(1, "search", False)]


@pytest.mark.parametrize(("status", "raised"), [(429, CouldNotAsk), (504, CouldNotAsk), (503, CommandFailed)])
def test_index_whose_engine_does_not_answer_has_lost_nothing(
    tmp_path: Path, status: int, raised: type[Exception]
) -> None:
    with pytest.raises(raised, match=f"HTTP {status}"):
        kept(tmp_path, INDEXED, engine=HttpReply(status, {}, BUSY))
