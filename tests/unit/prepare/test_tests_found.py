"""Tests beside a drill file: found by name, digested, made a check; nothing of them is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill_files import drills_of, file_of_tests
from harness.errors import DrillFileWrong
from harness.model.drill import Drill
from harness.prepare.make_plan import make_plan
from harness.prepare.parse import read_drill
from harness.report.plan import explain

TESTS = b"raise SystemExit('imported')\n"


@pytest.mark.parametrize(
    ("drill", "tests"),
    [
        ("liferay-dxp.drill.yaml", "test_liferay_dxp.py"),
        ("shop.v1.2.drill.yml", "test_shop_v1_2.py"),
        ("Büro.drill.yaml", "test_B_ro.py"),
    ],
)
def test_the_name_follows_from_the_drill_file(tmp_path: Path, drill: str, tests: str) -> None:
    assert file_of_tests(tmp_path / drill) == tmp_path / tests
    (tmp_path / drill).touch()
    assert drills_of(tmp_path / tests) == (tmp_path / drill,)
    assert drills_of(tmp_path / "test_another.py") == ()


def test_a_drill_added_later_is_found(tmp_path: Path) -> None:
    assert drills_of(tmp_path / "test_shop.py") == ()
    (tmp_path / "shop.drill.yaml").touch()
    assert drills_of(tmp_path / "test_shop.py") == (tmp_path / "shop.drill.yaml",)


def written(drill_of: Callable[..., Drill], tmp_path: Path, more: str = "") -> tuple[Drill, Path]:
    """The drill that `drill_of` wrote, read again with tests beside it."""
    drill_of()
    (file,) = tmp_path.glob("*.drill.yaml")
    file.write_text(file.read_text() + more)
    file_of_tests(file).write_bytes(TESTS)
    return read_drill(file), file


def test_tests_are_digested_and_make_a_check(drill_of: Callable[..., Drill], tmp_path: Path) -> None:
    drill, file = written(drill_of, tmp_path)
    assert drill.tests == {file_of_tests(file).name: hashlib.sha256(TESTS).hexdigest()}
    assert [use.name for use in drill.checks][-1] == "tests"
    assert "observe:tested" in [step.id for step in make_plan(drill).recover]
    last = explain(drill, make_plan(drill)).partition("last, for they may change the portal\n")[2]
    assert last.index("    isolation ") < last.index("    tests ") < last.index("  sandbox removed\n")
    (tmp_path / "conftest.py").write_bytes(b"")
    assert [*read_drill(file).tests] == [file_of_tests(file).name, "conftest.py"]


def test_without_tests_there_is_no_check(drill_of: Callable[..., Drill], tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_bytes(b"")
    drill = drill_of()
    assert drill.tests == {}
    assert "tests" not in [use.name for use in drill.checks]
    assert "observe:tested" not in [step.id for step in make_plan(drill).recover]


def test_time_for_each_test_is_an_option(drill_of: Callable[..., Drill], tmp_path: Path) -> None:
    drill, _ = written(drill_of, tmp_path, "checks:\n  - tests: {within: 5 min}\n")
    assert drill.checks[-1].options["within_s"] == 300


def test_the_check_without_tests_is_a_mistake(drill_of: Callable[..., Drill]) -> None:
    with pytest.raises(DrillFileWrong, match=r"found tests, but none beside this file; expected pytest tests in test_"):
        drill_of("checks: [tests]\n")


def test_tests_of_two_drills_are_a_mistake(drill_of: Callable[..., Drill], tmp_path: Path) -> None:
    _, file = written(drill_of, tmp_path)
    stem = file.name.removesuffix(".drill.yaml")
    text = file.read_text()
    for name in (f"{stem}-1", f"{stem}.1"):
        (tmp_path / f"{name}.drill.yaml").write_text(text)
    (tmp_path / f"test_{stem}_1.py").touch()
    with pytest.raises(DrillFileWrong, match=rf"found test_{stem}_1.py, which {stem}.1.drill.yaml has too"):
        read_drill(tmp_path / f"{stem}-1.drill.yaml")
