"""A container that ends while its route to the sink is set is the portal's matter, not the engine's."""

from __future__ import annotations

from typing import Any

import pytest

from harness.containers.sink import Sink
from harness.errors import HarnessBroken


class Api:
    """An engine whose container is seen in these states, one after the other."""

    def __init__(self, *running: bool) -> None:
        self._running = iter(running)

    def inspect_container(self, container: str) -> dict[str, Any]:
        return {"State": {"Running": next(self._running), "Pid": 0}, "NetworkSettings": {"Networks": {}}}


def led(monkeypatch: pytest.MonkeyPatch, *running: bool, beside: bool | None) -> Sink:
    """`beside` None: the container that sets the route cannot be started."""

    def from_beside(self: Sink, container: str) -> bool:
        if beside is None:
            raise HarnessBroken("cannot join network of a non running container")
        return beside

    monkeypatch.setattr(Sink, "_route_from_host", lambda self, pid: False)
    monkeypatch.setattr(Sink, "_route_from_beside", from_beside)
    sink: Any = Sink.__new__(Sink)
    engine: Any = type("Engine", (), {"api": Api(*running)})
    sink._engine, sink._services, sink._without_route = engine, {}, []
    sink.lead("id", "web")
    return sink  # type: ignore[no-any-return]


def test_container_that_ended_at_once_or_meanwhile_is_left_to_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    assert led(monkeypatch, False, beside=None)._without_route == []
    assert led(monkeypatch, True, False, beside=None)._without_route == []


def test_route_that_could_not_be_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert led(monkeypatch, True, beside=True)._without_route == []
    assert led(monkeypatch, True, beside=False)._without_route == ["web"]
    with pytest.raises(HarnessBroken, match="cannot join"):
        led(monkeypatch, True, True, beside=None)
