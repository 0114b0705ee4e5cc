"""References to secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.containers.references import resolve, resolved, secrets_of
from harness.errors import HarnessBroken
from harness.model.drill import Service


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILL_SET", "from env")
    monkeypatch.setenv("DRILL_EMPTY", "")
    monkeypatch.delenv("DRILL_UNSET", raising=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("a ${env:DRILL_SET} b", "a from env b"),
        ("${env:DRILL_SET:-other}", "from env"),
        ("${env:DRILL_UNSET:-other}", "other"),
        ("${env:DRILL_EMPTY:-other}", "other"),
        ("${env:DRILL_UNSET:-}", ""),
        ("${db.url}", "${db.url}"),  # a portal's own placeholder
    ],
)
def test_reference_is_replaced(text: str, value: str) -> None:
    assert resolve(text) == value


def test_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pass word\n")
    assert resolved({"PASSWORD": f"x${{file:{tmp_path}/secret}}"}) == {"PASSWORD": "xpass word"}


def test_missing_reference_is_named(tmp_path: Path) -> None:
    with pytest.raises(HarnessBroken, match="DRILL_UNSET is not set"):
        resolve("${env:DRILL_UNSET}")
    with pytest.raises(HarnessBroken, match="missing} cannot be read"):
        resolve(f"${{file:{tmp_path}/missing}}")


def test_secrets_are_what_references_stand_for() -> None:
    environment = {"A": "x${env:DRILL_SET}", "B": "plain", "C": "${env:DRILL_UNSET:-}"}
    assert secrets_of([Service(name="db", image="db:1", environment=environment)]) == {"from env"}
