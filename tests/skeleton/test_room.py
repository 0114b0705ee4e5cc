"""A disk without room: in the sandbox, in the vault, in the reports folder. Ours, and never read as the backup's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from drill_bench import DRILL_FILE, At, Bench, Finished

from harness.errors import HarnessBroken
from harness.pipeline import judge_saved
from harness.run import vault

pytestmark = pytest.mark.engine

MIB = 1024 * 1024
PAGE = 4096


@contextmanager
def small(folder: Path, size_bytes: int) -> Iterator[None]:
    """A file system of its own over the folder, with the folder's owner and mode."""
    there = folder.stat()
    options = f"size={size_bytes},uid={there.st_uid},gid={there.st_gid},mode={there.st_mode & 0o7777:o}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def size_of(folder: Path) -> int:
    """Bytes that a file system of whole pages needs for the folder's files."""
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in folder.rglob("*") if path.is_file())


class SmallVolume:
    """Puts a small file system over the sandbox's volume for as long as the volume is used."""

    def __init__(self, bench: Bench, size_bytes: int) -> None:
        self._bench, self._size_bytes = bench, size_bytes
        self._mounted: list[object] = []

    def progress(self) -> At:
        return At("create_target", self._mount, end=True, finally_at=("tear_down", self.unmount))

    def _mount(self, run: str) -> None:
        volume = self._bench.engine.api.inspect_volume(self._bench.container(run, "sandbox", "database"))
        mounted = small(Path(volume["Mountpoint"]), self._size_bytes)
        mounted.__enter__()
        self._mounted.append(mounted)

    def unmount(self) -> None:
        while self._mounted:
            self._mounted.pop().__exit__(None, None, None)  # type: ignore[attr-defined]


@pytest.mark.parametrize("size_mib", [30, pytest.param(42, marks=pytest.mark.prove)])
def test_sandbox_without_room_is_ours(size_mib: int, bench: Bench, point: Path) -> None:
    """Too small for the server's own files, for a new database, or for the rows."""
    volume = SmallVolume(bench, size_mib * MIB)
    try:
        run = bench.perform(point=point, progress=volume.progress())
    finally:
        volume.unmount()
    assert run.verdict["outcome"] == "UNKNOWN"
    assert "FAIL" not in run.outcomes.values()
    assert run.outcomes["restore"] == "UNKNOWN"
    assert "no room" in run.check("restore")["found"] or "is full" in run.check("restore")["found"]
    assert bench.left_of(run.run) == []


@pytest.fixture
def small_bench(tmp_path: Path, bench: Bench) -> Bench:
    """A bench of its own that has drilled nothing, with what preflight remembers."""
    shutil.copytree(bench.root / ".portal-drill" / "preflight", tmp_path / ".portal-drill" / "preflight")
    return Bench(tmp_path, bench.engine)


def test_vault_without_room_leaves_no_half_restore_point(small_bench: Bench, clean: Finished) -> None:
    small_bench.vault.mkdir(parents=True)
    with small(small_bench.vault, MIB // 8):
        run = small_bench.perform()
        assert [*small_bench.vault.iterdir()] == []
    assert (run.verdict["outcome"], run.outcomes["capture"]) == ("UNKNOWN", "UNKNOWN")
    assert run.verdict["restore_point"] is None
    assert "FAIL" not in run.outcomes.values()
    assert "disaster" not in (run.folder / "evidence.jsonl").read_text()
    assert small_bench.left_of(run.run) == []
    assert small_bench.perform().verdict["outcome"] == "PASS"


@pytest.mark.parametrize("size_kib", [64, pytest.param(24, marks=pytest.mark.prove)])
def test_reports_folder_without_room_ends_the_run_and_tears_down(
    size_kib: int, small_bench: Bench, clean: Finished
) -> None:
    reports = small_bench.root / "reports"
    reports.mkdir()
    with small(reports, size_kib * 1024):
        with pytest.raises(HarnessBroken, match=r"cannot be written.*No space left on device|bytes were written"):
            small_bench.perform()
        run = small_bench.newest()
        assert small_bench.left_of(run.run) == []
        assert judge_saved(run.folder).outcome == "UNKNOWN"
        assert not (reports / "postgresql" / "latest" / "verdict.json").exists()
    assert small_bench.garbage() == []
    assert small_bench.perform().verdict["outcome"] == "PASS"


@pytest.mark.prove
def test_report_without_room_leaves_evidence_that_can_be_judged(small_bench: Bench, clean: Finished) -> None:
    """All was seen, and the disk is full when half of the report is written."""
    reports = small_bench.root / "reports"
    reports.mkdir()
    with small(reports, size_of(clean.folder) - (clean.folder / "report.html").stat().st_size // 2):
        with pytest.raises(HarnessBroken, match=r"the report folder .* cannot be written"):
            small_bench.perform()
        run = small_bench.newest()
        assert small_bench.left_of(run.run) == []
        assert judge_saved(run.folder).outcome == "PASS"
        assert not (reports / "postgresql" / "latest").exists()


def test_command_line_says_in_one_sentence_that_reports_are_full(small_bench: Bench, clean: Finished) -> None:
    reports = small_bench.root / "reports"
    reports.mkdir()
    with small(reports, 64 * 1024):
        said = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from harness.cli import main; sys.exit(main())",
                "--root",
                str(small_bench.root),
                "run",
                str(DRILL_FILE),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert said.returncode == 2
    assert "cannot be written" in said.stderr
    assert "Traceback" not in said.stderr


def test_room_is_asked_for_before_the_disaster(bench: Bench, point: Path, tmp_path: Path) -> None:
    """More bytes to restore than the engine has room for: refused while a source would still stand."""
    copy = tmp_path / point.name
    vault.copy_point(point, copy)
    record = vault.load_record(copy)
    (artefact,) = record.artefacts
    huge = tuple(file.model_copy(update={"size_bytes": 10**15}) for file in artefact.files)
    vault.save_record(copy, record.model_copy(update={"artefacts": (artefact.model_copy(update={"files": huge}),)}))
    run = bench.perform(point=copy)
    assert (run.verdict["outcome"], run.outcomes["restore"]) == ("UNKNOWN", "UNKNOWN")
    assert "room for" in run.step("preflight")["reason"]
    assert "FAIL" not in run.outcomes.values()
    assert '"name":"disaster"' not in (run.folder / "evidence.jsonl").read_text()
