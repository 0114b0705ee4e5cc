"""References to secrets."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.containers.references import in_time, resolve, resolved, secrets_at_hand, secrets_of
from harness.errors import HarnessBroken, NotThere
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
    assert resolve(text, [].append) == value


def test_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pass word\n")
    told: list[str] = []
    assert resolved({"PASSWORD": f"x${{file:{tmp_path}/secret}}"}, told.append) == {"PASSWORD": "xpass word"}
    assert told == ["pass word"]


def test_missing_reference_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="DRILL_UNSET is not set"):
        resolve("${env:DRILL_UNSET}", [].append)
    with pytest.raises(NotThere, match="missing} cannot be read"):
        resolve(f"${{file:{tmp_path}/missing}}", [].append)


def _nothing(path: Path) -> None:
    pass


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def _line_end_alone(path: Path) -> None:
    path.write_text("\n")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _bytes(path: Path) -> None:
    path.write_bytes(b"\xff\x00\xfe")


@pytest.mark.parametrize("made", [_nothing, _link_to_nothing, Path.mkdir, Path.touch, _line_end_alone])
def test_file_that_is_not_there_or_empty_is_told_from_one_that_nobody_can_read(tmp_path: Path, made: Any) -> None:
    made(tmp_path / "secret")
    with pytest.raises(NotThere, match=r"\{file:/.*/secret}"):
        resolve(f"${{file:{tmp_path}/secret}}", [].append)


def test_file_below_a_file_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()
    with pytest.raises(NotThere):
        resolve(f"${{file:{tmp_path}/secrets/key}}", [].append)


@pytest.mark.parametrize(
    ("made", "said"), [(_loop, "symbolic links"), (os.mkfifo, "no regular file"), (_bytes, "no text in UTF-8$")]
)
def test_file_that_cannot_be_read_may_be_there(tmp_path: Path, made: Any, said: str) -> None:
    """A pipe to which nobody writes is not waited for; a byte of a secret is never quoted."""
    made(tmp_path / "secret")
    with pytest.raises(HarnessBroken, match=said) as raised:
        resolve(f"${{file:{tmp_path}/secret}}", [].append)
    assert not isinstance(raised.value, NotThere)


def test_place_that_hangs_is_given_up() -> None:
    released = threading.Event()

    def hung() -> bytes:
        released.wait(30)
        return b"late"

    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        in_time(hung, 0.05)
    released.set()


def test_each_secret_is_told_by_itself(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of a file\n")
    told: list[str] = []
    resolve(f"Bearer ${{env:DRILL_SET}} ${{file:{tmp_path}/secret}}", told.append)
    assert told == ["from env", "of a file"]


def test_secrets_at_hand_leave_out_what_is_missing() -> None:
    assert secrets_at_hand("${env:DRILL_UNSET} ${env:DRILL_SET} ${file:/nowhere/key}") == {"from env"}


def test_secrets_are_what_references_stand_for() -> None:
    environment = {"A": "x${env:DRILL_SET}", "B": "plain", "C": "${env:DRILL_UNSET:-}"}
    assert secrets_of([Service(name="db", image="db:1", environment=environment)]) == {"from env"}
