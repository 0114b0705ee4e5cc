"""What is asked of the engine for a service's container."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.clock import utc_now
from harness.containers.create import create_service
from harness.containers.labels import Owner
from harness.containers.network import StackNetwork
from harness.model.drill import Service

NETWORK = StackNetwork("id", "net", "br", "10.0.0.1", "10.0.0.0/24", cut_from_host=True)


def test_secret_of_a_service_is_told_before_its_container_is_made(tmp_path: Path) -> None:
    """It may have been renewed since the run began: whoever records commands and output must know it by then."""
    (tmp_path / "password").write_text("renewed\n")
    happened: list[Any] = []

    def make(image: str, **given: Any) -> dict[str, str]:
        happened.append(given["environment"])
        return {"Id": "made"}

    api = SimpleNamespace(create_container=make, create_host_config=dict)
    service = Service(name="db", image="db:1", environment={"A": f"x${{file:{tmp_path}/password}}", "B": "plain"})
    owner = Owner("run", "drill", "source", utc_now())
    engine: Any = SimpleNamespace(api=api, init=False)
    assert create_service(engine, service, owner, NETWORK, copy=True, on_secret=happened.append) == "made"
    assert happened == ["renewed", {"A": "xrenewed", "B": "plain"}]
