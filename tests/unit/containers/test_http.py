"""Who did not answer: nobody took the connection, or somebody did and kept silent."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from harness.containers.http import BridgeHttp
from harness.errors import CouldNotAsk, NoAnswer


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_server_that_keeps_silent_is_there(listener: socket.socket) -> None:
    with pytest.raises(NoAnswer):
        BridgeHttp(lambda: "127.0.0.1", listener.getsockname()[1], "web").request("GET", "/", timeout_s=0.2)


def test_port_on_which_nobody_listens_is_no_silence(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(CouldNotAsk) as raised:
        BridgeHttp(lambda: "127.0.0.1", port, "web").request("GET", "/", timeout_s=2)
    assert not isinstance(raised.value, NoAnswer)
