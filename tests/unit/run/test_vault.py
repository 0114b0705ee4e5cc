"""Restore points in the vault: manifests that can be held against the files, copies, and what is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessBroken
from harness.model.evidence import Evidence, Instant, Mark
from harness.model.inventory import InventoryRef
from harness.model.restore_point import Artefact, FaultNote, RestorePoint
from harness.model.verdict import CheckResult, Outcome, Verdict
from harness.run import vault
from harness.run.volumes import previous_volumes

POINT_ID = "20261121T075100Z-4f3a"
INSTANT = Instant(monotonic_s=1.0, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one")
MARK = Mark(name="capture_started", at=INSTANT)
NOTE = FaultNote(fault="stale", row="everything", caught_by="freshness", outcome="FAIL")
VERDICT = Verdict(
    harness_version="0",
    drill="shop",
    drill_sha256="0" * 64,
    product="plain",
    portal="sql",
    versions={},
    stand_in=None,
    run=POINT_ID,
    restore_point=POINT_ID,
    captured_utc=INSTANT.utc,
    started_utc=INSTANT.utc,
    outcome=Outcome.PASS,
    recovered=True,
    partial=(),
    checks=(),
    objectives={},
    evidence_sha256="0" * 64,
)


def sealed(folder: Path, *components: str, pairing: str = POINT_ID) -> RestorePoint:
    """A restore point with what lies in the components' artefact folders."""
    point = RestorePoint(
        id=POINT_ID,
        drill="shop",
        drill_sha256="0" * 64,
        product="plain",
        portal="sql",
        harness_version="0",
        captured_utc=INSTANT.utc,
        nonce="nonce",
        artefacts=tuple(
            Artefact(
                component=name,
                engine="tar",
                folder=f"artefacts/{name}",
                files=vault.manifest(vault.artefact_folder(folder, name)),
                pairing_id=pairing,
                started=MARK,
                finished=MARK,
                capture_point=MARK,
            )
            for name in components
        ),
        inventories=(),
        survey={},
        versions={},
        canaries=(),
        evidence=Evidence(lines=(MARK,), complete=False, sha256="0" * 64),
    )
    vault.save_record(folder, point)
    return point


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two artefacts, of three files in all."""
    for name, content in (("database/dump", b"rows"), ("files/tree.tar", b"tree"), ("files/deep/er/list", b"")):
        path = tmp_path / POINT_ID / "artefacts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / POINT_ID


def test_manifest_lists_every_file_with_size_and_digest(folder: Path) -> None:
    listed = [(file.path, file.size_bytes, file.sha256[:8]) for file in vault.manifest(folder / "artefacts")]
    assert listed == [
        ("database/dump", 4, "bc51e9e6"),
        ("files/deep/er/list", 0, "e3b0c442"),
        ("files/tree.tar", 4, "dc9c5edb"),
    ]


def test_folder_that_cannot_be_read_is_in_no_manifest_and_ends_it(folder: Path) -> None:
    """As a tool in a container leaves it: `pg_basebackup` makes folders for its own user alone."""
    base = folder / "artefacts" / "database" / "base"
    base.mkdir()
    (base / "1").write_text("rows")
    base.chmod(0)
    bound = ["setpriv", *(f"--{caps}=-dac_override,-dac_read_search" for caps in ("bounding-set", "inh-caps"))]
    told = "from harness.run.vault import manifest; from pathlib import Path; import sys; manifest(Path(sys.argv[1]))"
    argv = [*(bound if os.geteuid() == 0 else []), sys.executable, "-c", told, str(base.parent)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    base.chmod(0o700)
    assert (done.returncode, "PermissionError" in done.stderr) == (1, True)
    assert [file.path for file in vault.manifest(base.parent) if file.path.startswith("base")] == ["base/1"]


def test_record_can_be_loaded_as_it_was_saved(folder: Path) -> None:
    point = sealed(folder, "database", "files")
    assert vault.load_record(folder) == point
    assert sorted(path.name for path in folder.iterdir()) == ["artefacts", "record.json"]


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"id": 1'])
def test_folder_without_a_readable_record_is_no_restore_point(folder: Path, content: bytes | None) -> None:
    if content is not None:
        (folder / vault.RECORD).write_bytes(content)
    with pytest.raises(HarnessBroken, match="is no restore point"):
        vault.load_record(folder)


def test_untouched_artefacts_agree(folder: Path) -> None:
    assert list(vault.disagreements(folder, sealed(folder, "database", "files"))) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda at: (at / "database/dump").unlink(), ["database/dump is missing"]),
        (lambda at: (at / "database/dump").write_bytes(b"row"), ["database/dump has 3 bytes, not 4"]),
        (lambda at: (at / "database/dump").write_bytes(b"Rows"),
         ["database/dump has another digest than its manifest"]),
        (lambda at: (at / "files/more").write_bytes(b""), ["files/more is not in the manifest"]),
        (lambda at: (at / "files/deep/er/list").rename(at / "files/list"),
         ["files/deep/er/list is missing", "files/list is not in the manifest"]),
    ],
    ids=["missing", "shorter", "one bit", "more", "moved"],
)  # fmt: skip
def test_what_is_not_as_sealed_is_named(folder: Path, change: object, said: list[str]) -> None:
    point = sealed(folder, "database", "files")
    assert callable(change)
    change(folder / "artefacts")
    assert list(vault.disagreements(folder, point)) == said


def test_artefact_folder_that_is_gone_is_named_by_its_files(folder: Path) -> None:
    point = sealed(folder, "database")
    (folder / "artefacts/database/dump").unlink()
    (folder / "artefacts/database").rmdir()
    assert list(vault.disagreements(folder, point)) == ["database/dump is missing"]


def test_file_replaced_by_a_link_to_the_same_content_disagrees(folder: Path, tmp_path: Path) -> None:
    point = sealed(folder, "database")
    dump = folder / "artefacts/database/dump"
    dump.rename(tmp_path / "elsewhere")
    dump.symlink_to(tmp_path / "elsewhere")
    assert list(vault.disagreements(folder, point)) != []


def test_link_that_was_backed_up_is_sealed_as_a_link(folder: Path) -> None:
    link = folder / "artefacts/files/latest"
    link.symlink_to("nowhere")
    point = sealed(folder, "files")
    assert list(vault.disagreements(folder, point)) == []
    link.unlink()
    assert list(vault.disagreements(folder, point)) == ["files/latest is missing"]


def test_artefact_with_a_name_that_is_not_unicode_can_be_sealed(folder: Path) -> None:
    (folder / "artefacts/files" / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    assert list(vault.disagreements(folder, sealed(folder, "files"))) == []
    assert list(vault.disagreements(folder, vault.load_record(folder))) == []


def test_empty_artefacts_are_named(folder: Path) -> None:
    (folder / "artefacts/database/dump").write_bytes(b"")
    assert vault.empty_artefacts(sealed(folder, "database", "files").artefacts) == ("database",)


def test_copy_is_apart_and_reseal_makes_it_agree(folder: Path, tmp_path: Path) -> None:
    point = sealed(folder, "database", "files")
    copy = tmp_path / "copies" / "one"
    vault.copy_point(folder, copy)
    (copy / "artefacts/database/dump").write_bytes(b"changed")
    assert list(vault.disagreements(folder, point)) == []
    assert list(vault.disagreements(copy, point)) == ["database/dump has 7 bytes, not 4"]
    resealed = vault.reseal(copy, point)
    assert list(vault.disagreements(copy, resealed)) == []
    assert vault.load_record(copy) == resealed
    assert (resealed.id, resealed.nonce) == (point.id, point.nonce)


def points(tmp_path: Path, *names: str, recovered: tuple[str, ...] = ()) -> Path:
    for name in names:
        (tmp_path / f"{name}T000000Z-0000").mkdir(parents=True)
        (tmp_path / f"{name}T000000Z-0000" / vault.RECORD).touch()
        if name in recovered:
            (tmp_path / f"{name}T000000Z-0000" / vault.RECOVERED).touch()
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(path.name[:8] for path in folder.iterdir())


def test_prune_keeps_the_newest(tmp_path: Path) -> None:
    removed = vault.prune(points(tmp_path, "20260101", "20260102", "20260103", "20260104"), 2)
    assert ([name[:8] for name in removed], left(tmp_path)) == (["20260102", "20260101"], ["20260103", "20260104"])


@pytest.mark.parametrize(("measures", "kept"), [((), "20260101"), (("20260101", "20260102"), "20260102")])
def test_prune_never_removes_what_the_next_capture_is_compared_with(
    tmp_path: Path, folder: Path, measures: tuple[str, ...], kept: str
) -> None:
    """A week of failed nights must not end with nothing to compare with."""
    point = sealed(folder, "database")
    shutil.rmtree(folder)
    names = ("20260101", "20260102", "20260103", "20260104", "20260105")
    for path in points(tmp_path, *names).iterdir():
        vault.save_record(path, point.model_copy(update={"id": path.name}))
        if path.name[:8] in measures:
            (path / vault.MEASURE).touch()
    vault.prune(tmp_path, 1)
    assert left(tmp_path) == [kept, "20260105"]
    measured, _ = vault.measure(tmp_path)
    assert measured and measured.id[:8] == kept


def test_prune_never_removes_the_newest_that_was_recovered(tmp_path: Path) -> None:
    names = ("20260101", "20260102", "20260103", "20260104")
    vault.prune(points(tmp_path, *names, recovered=("20260101", "20260102")), 1)
    assert left(tmp_path) == ["20260102", "20260104"]


def test_capture_that_was_never_sealed_takes_no_place_of_a_restore_point(tmp_path: Path) -> None:
    (tmp_path / "20260103T000000Z-0000").mkdir()
    assert vault.prune(points(tmp_path, "20260101", "20260102"), 2) == ()
    assert left(tmp_path) == ["20260101", "20260102", "20260103"]


def test_prune_leaves_other_folders_and_files_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "20260101T000000Z-note").write_text("a file")
    vault.prune(points(tmp_path, "20260101", "20260102"), 1)
    assert left(tmp_path) == ["20260101", "20260102", "notes"]


def test_prune_of_a_vault_that_is_not_there_removes_nothing(tmp_path: Path) -> None:
    assert vault.prune(tmp_path / "none", 3) == ()


# ---------------------------------------------------------------- volumes of the restore point before


def test_volumes_are_those_of_the_newest_sound_restore_point(tmp_path: Path, folder: Path) -> None:
    assert previous_volumes(tmp_path / "nothing") is None
    older = sealed(folder, "database", "files")
    ref = InventoryRef(component="files", moment="after", path="x", count=3, sha256="0" * 64, volatile=1)
    vault.save_record(
        folder, older.model_copy(update={"inventories": (ref, ref.model_copy(update={"count": 9, "moment": "before"}))})
    )
    broken, faulty, unsealed = (tmp_path / f"2026112{n}T075100Z-4f3a" for n in (2, 3, 4))
    for newer in (broken, faulty, unsealed):
        newer.mkdir()
    (broken / vault.RECORD).write_text("{")
    vault.save_record(faulty, older.model_copy(update={"id": "faulty", "fault": NOTE}))
    assert previous_volumes(tmp_path) == {
        "id": POINT_ID,
        "captured_utc": "2026-11-21 00:00",
        "passed": False,
        "components": {
            "database": {"items": None, "bytes": 4, "volatile_items": 0, "volatile_bytes": 0},
            "files": {"items": 3, "bytes": 4, "volatile_items": 1, "volatile_bytes": 0},
        },
    }


@pytest.mark.parametrize("marker", [vault.MEASURE, vault.RECOVERED])
def test_night_that_failed_is_no_measure_for_the_next_one(tmp_path: Path, folder: Path, marker: str) -> None:
    """A source that lost 99 % would alarm once, and be the measure from then on."""
    good = sealed(folder, "database")
    (folder / marker).touch()
    for night in ("20261122T075100Z-4f3a", "20261123T075100Z-4f3a"):
        assert vault.measure(tmp_path) == (good, True)
        (tmp_path / night).mkdir()
        vault.save_record(tmp_path / night, good.model_copy(update={"id": night}))
    (tmp_path / night / vault.MEASURE).touch()  # what was meant, and allowed
    assert vault.measure(tmp_path) == (good.model_copy(update={"id": night}), True)


NO_PROOF: dict[str, Any] = {"recovered": False}


def checks(volumes: str, other: str = "PASS") -> tuple[CheckResult, ...]:
    made = {"inventory_volume": volumes, "isolation": other}
    return tuple(
        CheckResult(name=n, when="at_source", outcome=Outcome(o), expected="", found="") for n, o in made.items()
    )


@pytest.mark.parametrize(
    ("changed", "all_checks", "markers"),
    [
        ({"checks": checks("PASS")}, True, [vault.MEASURE, vault.RECOVERED]),
        ({"checks": checks("PASS"), **NO_PROOF, "partial": ("volumes may change",)}, True, [vault.MEASURE]),
        ({"checks": checks("PASS"), **NO_PROOF, "outcome": Outcome.FAIL}, True, [vault.MEASURE]),  # an objective
        ({"checks": checks("PASS", "UNKNOWN"), **NO_PROOF, "outcome": Outcome.UNKNOWN}, True, [vault.MEASURE]),
        ({"checks": checks("PASS", "FAIL"), **NO_PROOF, "outcome": Outcome.FAIL}, True, []),
        ({"checks": checks("UNKNOWN"), **NO_PROOF, "outcome": Outcome.UNKNOWN}, True, []),
        ({"checks": checks("FAIL"), **NO_PROOF, "outcome": Outcome.FAIL}, True, []),
        ({"checks": (), **NO_PROOF}, True, []),
        ({"checks": checks("PASS"), **NO_PROOF, "partial": ("only the checks …",)}, False, []),
        ({"checks": checks("PASS"), **NO_PROOF, "faults": NOTE}, True, []),
    ],
)
def test_what_a_run_shows_is_noted(
    tmp_path: Path, changed: dict[str, Any], all_checks: bool, markers: list[str]
) -> None:
    vault.note_success(tmp_path, VERDICT.model_copy(update=changed), all_checks=all_checks)
    assert sorted(path.name for path in tmp_path.iterdir()) == markers


def test_measure_is_the_oldest_as_long_as_each_had_a_failed_check(tmp_path: Path, folder: Path) -> None:
    """The newest may hold what is left after a loss that raised an alarm."""
    assert vault.measure(tmp_path) == (None, False)
    older = sealed(folder, "database")
    assert vault.measure(tmp_path) == (older, False)
    newer = older.model_copy(update={"id": "20261122T075100Z-4f3a"})
    (tmp_path / newer.id).mkdir()
    vault.save_record(tmp_path / newer.id, newer)
    assert vault.measure(tmp_path) == (older, False)
    vault.prune(tmp_path, 1)
    assert vault.measure(tmp_path) == (older, False)


def test_prune_leaves_what_another_run_recovers_from(tmp_path: Path) -> None:
    names = ("20260101", "20260102", "20260103")
    with vault.held(points(tmp_path, *names) / "20260101T000000Z-0000"):
        assert vault.prune(tmp_path, 1) == ("20260102T000000Z-0000",)
    assert vault.prune(tmp_path, 1) == ("20260101T000000Z-0000",)


def test_capture_that_was_cut_off_is_removed_as_soon_as_nobody_holds_it(tmp_path: Path) -> None:
    folder = points(tmp_path / "vault" / "shop", "20260101", "20260102")
    (folder / "20260102T000000Z-0000" / vault.RECORD).unlink()
    (folder / "20260102T000000Z-0000" / "artefacts").mkdir()
    with vault.held(folder / "20260102T000000Z-0000"):
        assert vault.remove_unsealed(tmp_path) == ()
    assert vault.remove_unsealed(tmp_path) == ("20260102T000000Z-0000",)
    assert (left(folder), vault.remove_unsealed(tmp_path)) == (["20260101"], ())


def test_restore_point_that_is_gone_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(HarnessBroken, match="removed"), vault.held(tmp_path / "gone"):
        pass


def test_vault_without_room_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vault.troubles(tmp_path / "not" / "yet") == ()
    monkeypatch.setattr(vault, "FULL_BYTES", 10**18)
    assert "the vault is full" in vault.troubles(tmp_path)[0]
