"""The tests beside a drill file where no pytest session performs the drill: in one of their own, inside the run."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from harness.containers.restored import how_it_went
from harness.pytest_plugin.alone import run_own_tests


class Told:
    """What the tests of a run are told of."""

    restored = SimpleNamespace(word="sound")
    how_it_went = staticmethod(how_it_went)

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.results: dict[str, str | None] = {}
        self.reasons: list[str] = []

    def begin(self, chosen: Any, not_chosen: Any) -> None:
        self.begun += chosen

    def could_not_begin(self, reason: str) -> None:
        self.reasons.append(reason)

    def in_time(self) -> Any:
        return nullcontext()

    def ended(self, test: Any) -> None:
        self.results[test.name] = test.outcome


def run(folder: Path, name: str, tests: str) -> Told:
    told = Told()
    (folder / f"{name}.drill.yaml").touch()
    (folder / f"test_{name}.py").write_text(tests)
    open_run: Any = SimpleNamespace(run_id="1", folder=folder, verdict=None, tests=told)
    run_own_tests(open_run, SimpleNamespace(checks=()), folder / f"{name}.drill.yaml")  # type: ignore[arg-type]
    return told


def test_each_is_run_and_nothing_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests = "def test_a(restored): print('said')\ndef test_b(restored): assert restored.word == 'lost'\n"
    told = run(tmp_path, "alone_both", tests)
    assert told.begun == ["test_a", "test_b"]
    assert told.results == {"test_a": "passed", "test_b": "failed"}
    assert told.reasons == []
    assert capsys.readouterr().out == ""


def test_tests_that_cannot_be_read_are_told_why(tmp_path: Path) -> None:
    told = run(tmp_path, "alone_unreadable", "def test_a(:\n")
    assert told.results == {}
    assert told.reasons[0].startswith("pytest could not run test_alone_unreadable.py: ")
    assert "SyntaxError" in told.reasons[0]


def test_drills_of_one_name_in_two_folders_have_tests_of_their_own(tmp_path: Path) -> None:
    """Other modules of that name, known to this process before or beside them, change nothing and are not lost."""
    known = ModuleType("test_alone_twin")
    sys.modules["test_alone_twin"] = known
    try:
        for word, comes_to in (("sound", "passed"), ("lost", "failed")):
            folder = tmp_path / word
            folder.mkdir()
            (folder / "alone_twin_helper.py").write_text(f"WORD = {word!r}\n")
            tests = "from alone_twin_helper import WORD\ndef test_a(restored): assert restored.word == WORD\n"
            told = run(folder, "alone_twin", tests)
            assert (told.reasons, told.results) == ([], {"test_a": comes_to})
            assert sys.modules["test_alone_twin"] is known
            assert "alone_twin_helper" not in sys.modules
            assert str(folder) not in sys.path
    finally:
        del sys.modules["test_alone_twin"]


def test_garbage_of_the_run_is_no_matter_of_the_tests(tmp_path: Path) -> None:
    """What broke is closed by the garbage collector, here while pytest ends, where a warning would be raised."""
    (tmp_path / "conftest.py").write_text(
        "import socket\ndef pytest_sessionfinish():\n    held = []\n    held += [held, socket.socket()]\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    told = run(tmp_path, "alone_garbage", "def test_a(): pass\n")
    assert (told.reasons, told.results) == ([], {"test_a": "passed"})


def test_an_interrupt_passes_through(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "alone_interrupted", "def test_a(): raise KeyboardInterrupt\n")


def test_a_run_without_tests_is_left_alone(tmp_path: Path) -> None:
    without: Any = SimpleNamespace(run_id="1", folder=tmp_path, verdict=None, tests=None)
    run_own_tests(without, SimpleNamespace(), tmp_path / "nothing.drill.yaml")  # type: ignore[arg-type]
    assert [*tmp_path.iterdir()] == []
