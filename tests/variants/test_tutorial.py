"""The tutorial of drills/README.md, done as a newcomer would: an own folder, `init`, the file as printed, a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "drills" / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("### Your own web application in under 40 lines\n")[2].partition("\n### ")[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one's own: the stack, and nothing of ours."""
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def drill(folder: Path) -> Path:
    (text,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
    assert len(text.splitlines()) < 40
    (folder / "notes.drill.yaml").write_text(text, encoding="utf-8")
    return folder / "notes.drill.yaml"


def test_init_gives_a_file_to_begin_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = "fixtures/stacks/notes/compose.yaml"
    words = ["--product", "plain", "--portal", "http", "--stack", stack, "--output", "mine.drill.yaml"]
    assert main(["init", *words]) == 0
    assert main(["plan", "mine.drill.yaml"]) == 0
    assert "back_up:database" in capsys.readouterr().out


def test_the_drill_as_printed_can_be_planned(drill: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", drill.name]) == 0
    said = capsys.readouterr().out
    assert "back_up:database" in said
    assert "index_consistency *" in said


@pytest.mark.engine
@pytest.mark.prove
def test_the_drill_as_printed_recovers(drill: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--root", str(folder), "run", drill.name])
    verdict = json.loads((folder / "reports" / "notes" / "latest" / "verdict.json").read_text(encoding="utf-8"))
    said = {check["name"]: (check["outcome"], check["found"]) for check in verdict["checks"]}
    assert (code, verdict["outcome"], verdict["recovered"]) == (0, "PASS", True), said
    assert "Recovered in" in capsys.readouterr().out
    assert verdict["objectives"]["rpo"]["outcome"] == "PASS"
