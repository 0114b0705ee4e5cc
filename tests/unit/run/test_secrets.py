"""What is left out of evidence and reports: all that references of a drill stand for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.model.drill import CheckUse, Portal, Service
from harness.run.session import secrets_in, without


def test_references_in_services_portal_and_checks_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE", "EDITOR", "KEYSTORE"):
        monkeypatch.setenv(name, f"{name.title()}-4711")
    service = Service(name="db", image="any", environment={"PLACE": "${env:DATABASE}", "A_TOKEN": "plain", "B": "b"})
    options = {"passwords": [{"path": "*.p12", "password": "${env:KEYSTORE}"}]}
    drill: Any = SimpleNamespace(
        portal=Portal(kind="http", service="web", port=80, options={"accounts": {"x": {"password": "${env:EDITOR}"}}}),
        checks=(CheckUse(name="expiry", options=options),),
    )
    secrets = secrets_in([service], drill)
    assert secrets == {"Database-4711", "Editor-4711", "Keystore-4711", "plain"}
    assert without(secrets, "opened by Keystore-4711") == "opened by ***"
