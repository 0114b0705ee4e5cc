"""Golden files: each drill file in tests/golden/mistakes is wrong, and `<name>.<exit code>.txt` says what
`portal-drill plan` makes of it. What no repository can hold is made by `made_mistakes`.

After a change of words: `UPDATE_GOLDEN=1 pytest tests/unit/prepare/test_mistakes.py`, then read the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from made_mistakes import MADE

from harness.cli import main
from harness.errors import DrillFileWrong
from harness.model.drill import Drill
from harness.prepare.parse import read_drill

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "mistakes"
WRONG = sorted(GOLDEN.glob("*.yaml"))
NOBODY = 65534


@contextmanager
def no_power_over_files() -> Iterator[None]:
    """Root may read everything; whoever runs the tests as root is nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def is_as_expected(name: str, code: int, said: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        for old in GOLDEN.glob(f"{name}.*.txt"):
            old.unlink()
        (GOLDEN / f"{name}.{code}.txt").write_text(said, encoding="utf-8")
    (expected,) = GOLDEN.glob(f"{name}.*.txt")
    assert (code, said) == (int(expected.suffixes[-2][1:]), expected.read_text(encoding="utf-8"))
    assert re.fullmatch(r"(\S+:\d+:\d+: found .+; expected .+\n(    hint: .+\n)?)+", said)


def planned(name: str) -> int:
    """The exit code, which no file may keep waiting for: not a large one, not one that grows while it is read."""
    began = time.monotonic()
    code = main(["plan", name])
    assert time.monotonic() - began < 5
    return code


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_mistakes_are_named_with_their_place(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(GOLDEN)
    code = planned(path.name)
    said = capsys.readouterr()
    assert said.out == ""
    is_as_expected(path.stem, code, said.err)


@pytest.mark.parametrize("name", MADE)
def test_mistakes_of_files_that_are_made(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "stacks").symlink_to(GOLDEN / "stacks")
    monkeypatch.chdir(tmp_path)
    MADE[name](tmp_path / f"{name}.yaml")
    with no_power_over_files() if name == "unreadable" else nullcontext():
        code = planned(f"{name}.yaml")
    is_as_expected(name, code, capsys.readouterr().err)


def test_every_golden_text_has_its_file() -> None:
    assert {path.name.split(".")[0] for path in GOLDEN.glob("*.txt")} == {*MADE, *(path.stem for path in WRONG)}
    assert len(WRONG) + len(MADE) >= 40


def command(before: str, path: Path) -> subprocess.CompletedProcess[str]:
    """`portal-drill plan` as a user runs it: a process of its own."""
    code = f"{before}from harness.cli import main; raise SystemExit(main())"
    words = [sys.executable, "-c", code, "plan", str(path)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_command_itself_ends_with_the_exit_code_of_a_wrong_file(tmp_path: Path) -> None:
    path = tmp_path / "x.drill.yaml"
    path.write_text("drill: x\nproduct: plain\nportal: sql\nsource: {stack: nowhere.yaml}\nobjectives: {rto: 5}\n")
    done = command("", path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "x.drill.yaml:4:17: found nowhere.yaml; expected a Compose file" in done.stderr
    assert "x.drill.yaml:5:19: found 5; expected a duration with its unit" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    """A gigabyte would not fit into the memory that this process may use more."""
    path = tmp_path / "x.drill.yaml"
    path.touch()
    os.truncate(path, 1_000_000_000)
    done = command("import resource; resource.setrlimit(resource.RLIMIT_AS, (500_000_000,) * 2); ", path)
    assert (done.returncode, done.stderr) == (3, "x.drill.yaml:1:1: found a file over 1 MiB; expected at most 1 MiB\n")


def test_thousands_of_mistakes_are_all_named_in_a_moment(drill_of: Callable[..., Drill]) -> None:
    began = time.monotonic()
    with pytest.raises(DrillFileWrong) as caught:
        drill_of("waivers:\n" + "  - {undeclared: x}\n" * 1000)
    assert len(caught.value.mistakes) == 3000  # the sort of thing, no reason, no day
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text])
def test_line_ends_and_byte_order_marks_of_other_systems_are_no_mistake(
    change: Callable[[str], str], tmp_path: Path
) -> None:
    text = (GOLDEN / "group-order.yaml").read_text(encoding="utf-8").partition("groups:")[0]
    (tmp_path / "stacks").symlink_to(GOLDEN / "stacks")
    found = []
    for written in (text, change(text)):
        (tmp_path / "x.drill.yaml").write_bytes(written.encode())
        found.append(read_drill(tmp_path / "x.drill.yaml").model_copy(update={"sha256": ""}))
    assert found[0] == found[1]


def test_no_mistake_shows_a_secret(drill_of: Callable[..., Drill]) -> None:
    with pytest.raises(DrillFileWrong) as caught:
        drill_of("components:\n  database: {password: open-sesame, token: [12345], secret: {a: b}}\n")
    assert "open-sesame" not in str(caught.value)
    assert "12345" not in str(caught.value)
    assert str(caught.value).count("a secret in plain text") >= 1
