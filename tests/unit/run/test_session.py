"""What a run leaves out of all that it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import HarnessBroken
from harness.model.drill import Component, Portal, Service
from harness.run.session import secrets_in, worth_hiding

PORTAL = Portal(kind="sql", service="db", port=5432)


def keyed(*places: str) -> Component:
    keys = {f"{number}.key": place for number, place in enumerate(places)}
    return Component(name="database", kind="postgresql", service="db", engine="command", engine_options={"keys": keys})


def test_keys_of_components_are_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILL_KEY", "of env")
    (tmp_path / "key").write_text("of a file\n")
    component = keyed("${env:DRILL_KEY}", f"${{file:{tmp_path}/key}}")
    assert secrets_in([], PORTAL, [component]) == {"of env", "of a file"}


def test_key_that_is_not_there_ends_no_run_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backup and restore find that out. A service could not be started: that is said at once."""
    monkeypatch.setenv("DRILL_KEY", "of env")
    monkeypatch.delenv("DRILL_GONE", raising=False)
    component = keyed("${env:DRILL_GONE}", "${file:/nowhere/key}", "${env:DRILL_KEY}")
    assert secrets_in([], PORTAL, [component]) == {"of env"}
    with pytest.raises(HarnessBroken, match="DRILL_GONE is not set"):
        secrets_in([Service(name="db", image="db:1", environment={"A": "${env:DRILL_GONE}"})], PORTAL, [component])


def test_key_of_several_lines_is_hidden_line_by_line_too() -> None:
    """As `cat` or a stack trace may show it in part; a line that is a common word would hide words of our own."""
    key = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\nend"
    assert worth_hiding([key, "abc"]) == {key, "-----BEGIN KEY-----", "MC4CAQAwBQYDK2Vw"}
