"""What a run leaves out of all that it writes: all that references of a drill stand for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import HarnessBroken
from harness.model.drill import CheckUse, Component, Portal, Service
from harness.model.evidence import CommandLine
from harness.model.plan import Plan
from harness.model.progress import Silent
from harness.run.journal import Journal
from harness.run.secrets import declared_without, secrets_in, without, worth_hiding
from harness.run.session import Session


def drill(keys: dict[str, str], portal: dict[str, Any] | None = None, check: dict[str, Any] | None = None) -> Any:
    return SimpleNamespace(
        portal=Portal(kind="http", service="web", port=80, options=portal or {}),
        components=(
            Component(
                name="database", kind="postgresql", service="db", engine="command", engine_options={"keys": keys}
            ),
        ),
        checks=(CheckUse(name="expiry", options=check or {}),),
    )


def test_all_that_references_stand_for_is_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE", "EDITOR", "KEYSTORE", "KEY"):
        monkeypatch.setenv(name, f"{name.title()}-4711")
    (tmp_path / "key").write_text("of a file\n")
    service = Service(name="db", image="any", environment={"PLACE": "${env:DATABASE}", "A_TOKEN": "plain", "B": "b"})
    asked = drill(
        {"1.key": "${env:KEY}", "2.key": f"${{file:{tmp_path}/key}}"},
        portal={"accounts": {"x": {"password": "${env:EDITOR}"}}},
        check={"passwords": [{"path": "*.p12", "password": "${env:KEYSTORE}"}]},
    )
    secrets = secrets_in([service], asked)
    assert secrets == {"Database-4711", "Editor-4711", "Keystore-4711", "Key-4711", "of a file", "plain"}
    assert without(secrets, "opened by Keystore-4711") == "opened by ***"


def test_key_that_is_not_there_ends_no_run_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backup and restore find that out. A service could not be started: that is said at once."""
    monkeypatch.setenv("DRILL_KEY", "of env")
    monkeypatch.delenv("DRILL_GONE", raising=False)
    asked = drill({"1.key": "${env:DRILL_GONE}", "2.key": "${file:/nowhere/key}", "3.key": "${env:DRILL_KEY}"})
    assert secrets_in([], asked) == {"of env"}
    with pytest.raises(HarnessBroken, match="DRILL_GONE is not set"):
        secrets_in([Service(name="db", image="db:1", environment={"A": "${env:DRILL_GONE}"})], asked)


def test_key_of_several_lines_is_hidden_line_by_line_too() -> None:
    """As `cat` or a stack trace may show it in part; a line that is a common word would hide words of our own."""
    key = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\nend"
    assert worth_hiding([key, "abc"]) == {key, "-----BEGIN KEY-----", "MC4CAQAwBQYDK2Vw"}


@pytest.mark.parametrize("role", ["source", "sandbox"])
def test_secret_that_was_renewed_is_known_as_soon_as_somebody_has_it(role: Any, tmp_path: Path) -> None:
    """A portal's accounts and the commands of tools come from the environment of a service."""
    password = tmp_path / "password"
    password.write_text("old-password-1\n")
    service = Service(name="db", image="db:1", environment={"POSTGRES_PASSWORD": f"${{file:{password}}}"})
    plan = Plan(drill="d", components=(), services=(service,), capture=(), recover=())
    journal = Journal(tmp_path / "evidence.jsonl", secrets_in([service], drill({})))
    asked: Any = SimpleNamespace(name="d", keep_host_names=None)
    engine: Any = SimpleNamespace(image=lambda tag: None)
    session = Session(tmp_path, "run", tmp_path, tmp_path, asked, plan, journal, Silent(), engine)
    password.write_text("new-password-2\n")
    assert session.redacted("old-password-1 new-password-2") == "*** new-password-2"
    assert session.new_stack(role).environment("db") == {"POSTGRES_PASSWORD": "new-password-2"}
    assert session.redacted("old-password-1 new-password-2") == "*** ***"
    journal.command("db", ("psql", "--password=new-password-2"), 0, 0.1, "")
    (line,) = journal.close().lines
    assert isinstance(line, CommandLine) and line.argv == ("psql", "--password=***")


def test_saved_plan_is_without_secrets_where_containers_and_tools_are_given_them() -> None:
    """Whatever a password is called like, what is declared stays: ports, names, options that the judge looks up."""
    component = Component(
        name="database",
        kind="postgresql",
        service="liferay",
        options={"database": "liferay"},
        engine="command",
        engine_options={"backup": ["dump", "-pliferay"]},
    )
    service = Service(
        name="liferay",
        image="liferay:8080",
        command=("serve", "--password", "8080"),
        environment={"DATABASE_PASSWORD": "liferay", "liferay": "8080"},
    )
    plan = Plan(drill="liferay", components=(component,), services=(service,), capture=(), recover=())
    given = {"command": ("serve", "--password", "***"), "environment": {"DATABASE_PASSWORD": "***", "liferay": "***"}}
    assert declared_without({"liferay", "8080"}, plan) == plan.model_copy(
        update={
            "components": (component.model_copy(update={"engine_options": {"backup": ["dump", "-p***"]}}),),
            "services": (service.model_copy(update=given),),
        }
    )
    assert declared_without({"another"}, plan) == plan
