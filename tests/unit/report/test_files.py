from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model.drill import Drill
from harness.model.evidence import Evidence
from harness.model.plan import Plan
from harness.model.verdict import Verdict
from harness.report import files

GOLDEN = Path(__file__).parents[2] / "golden" / "verdicts"
VerdictOf = Callable[[str], Verdict]


@pytest.mark.parametrize("name", ["recovered", "not_recovered", "unknown", "partial", "proved"])
def test_verdict_json_has_the_same_bytes_for_the_same_verdict(name: str, tmp_path: Path, verdict_of: VerdictOf) -> None:
    files.write_verdict(tmp_path, verdict_of(name))
    assert (tmp_path / "verdict.json").read_bytes() == (GOLDEN / f"{name}.json").read_bytes()
    assert files.read_verdict(tmp_path) == verdict_of(name)


def test_all_files_are_written_and_latest_points_to_the_run(
    tmp_path: Path, verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    folder = tmp_path / "20261121T075100Z-4f3a"
    folder.mkdir()
    files.write_reports(folder, verdict_of("recovered"), drill, plan, None, evidence)
    assert sorted(path.name for path in folder.iterdir()) == ["junit.xml", "report.html", "verdict.json"]
    assert (tmp_path / "latest").readlink() == Path(folder.name)
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, "latest"]


def test_a_run_with_a_fault_is_never_latest(
    tmp_path: Path, verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    in_proofs, elsewhere = tmp_path / "proofs" / "run", tmp_path / "run"
    for folder, name in ((in_proofs, "recovered"), (elsewhere, "proved")):
        folder.mkdir(parents=True)
        files.write_reports(folder, verdict_of(name), drill, plan, None, evidence)
        assert not (folder.parent / "latest").is_symlink()


def test_judging_an_old_run_again_does_not_move_latest_back(tmp_path: Path) -> None:
    old, new = tmp_path / "20261121T075100Z-4f3a", tmp_path / "20261122T075100Z-0b77"
    for folder in (old, new):
        folder.mkdir()
        files.point_latest(folder)
    files.point_latest(old)
    assert (tmp_path / "latest").resolve() == new.resolve()


def test_a_latest_link_to_a_deleted_run_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("20991122T075100Z-0b77")
    folder = tmp_path / "20261121T075100Z-4f3a"
    folder.mkdir()
    files.point_latest(folder)
    assert (tmp_path / "latest").resolve() == folder.resolve()


def test_a_write_that_fails_leaves_the_old_bytes_and_no_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "verdict.json"
    target.mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(OSError):
        files.write_whole(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["verdict.json"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"{", "is no verdict"), (b'{"schema": "portal-drill/verdict/1"}', "is no verdict")],
)
def test_an_unreadable_verdict_is_said_in_one_sentence(content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "verdict.json").write_bytes(content)
    with pytest.raises(files.VerdictUnreadable, match=said) as raised:
        files.read_verdict(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_partial_run_is_never_latest(
    tmp_path: Path, verdict_of: VerdictOf, drill: Drill, plan: Plan, evidence: Evidence
) -> None:
    folder = tmp_path / "20261121T075100Z-4f3a"
    folder.mkdir()
    asked = plan.model_copy(update={"only_checks": ("x",)})
    files.write_reports(folder, verdict_of("partial"), drill, asked, None, evidence)
    assert not (tmp_path / "latest").is_symlink()
