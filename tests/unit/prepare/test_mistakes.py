"""Golden files: each drill file in tests/golden/mistakes is wrong, and the text beside it says how.

After a change of words: `UPDATE_GOLDEN=1 pytest tests/unit/prepare/test_mistakes.py`, then read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from harness.errors import DrillFileWrong
from harness.model.drill import Drill
from harness.prepare.parse import read_drill

GOLDEN = Path(__file__).parents[2] / "golden" / "mistakes"
WRONG = sorted(GOLDEN.glob("*.yaml"))


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_mistakes_are_named_with_their_place(path: Path, today: date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    with pytest.raises(DrillFileWrong) as caught:
        read_drill(path, today=today)
    expected = path.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(f"{caught.value}\n", encoding="utf-8")
    assert f"{caught.value}\n" == expected.read_text(encoding="utf-8")


def test_there_are_golden_files_of_many_kinds() -> None:
    assert len(WRONG) >= 20


def test_no_mistake_shows_a_secret(drill_of: Callable[..., Drill]) -> None:
    with pytest.raises(DrillFileWrong) as caught:
        drill_of("components:\n  database: {password: open-sesame, token: [12345], secret: {a: b}}\n")
    assert "open-sesame" not in str(caught.value)
    assert "12345" not in str(caught.value)
    assert str(caught.value).count("a secret in plain text") >= 1


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DrillFileWrong, match="a file that can be read"):
        read_drill(tmp_path / "nowhere.drill.yaml")
