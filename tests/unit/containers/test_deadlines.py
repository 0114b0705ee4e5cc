"""Every handle gives up by the deadline of the step that asks, and what is remembered is remembered for a day."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from harness import clock
from harness.containers import sql
from harness.containers.engine import connect, translated
from harness.containers.http import BridgeHttp
from harness.containers.preflight import is_remembered
from harness.containers.state import state_text
from harness.errors import CouldNotAsk, EngineGone, HarnessBroken

HANGS_S = 20.0


@contextmanager
def server(
    answers: Callable[[socket.socket], None], family: int = socket.AF_INET, at: object = ("127.0.0.1", 0)
) -> Iterator[int]:
    """A server whose every connection is handled by `answers`; yields its port."""
    listener = socket.socket(family)
    listener.bind(at)  # type: ignore[arg-type]  # of the family
    listener.listen()
    taken: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                taken.append(listener.accept()[0])
            except OSError:
                return
            threading.Thread(target=answers, args=(taken[-1],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1]) if family == socket.AF_INET else 0
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for one in taken:
            one.close()


def says_nothing(client: socket.socket) -> None:
    """Takes everything, answers nothing."""


def drips(client: socket.socket) -> None:
    """A body that never ends, and never is silent for long."""
    try:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(int(HANGS_S / 0.05)):
            client.sendall(b"x")
            time.sleep(0.05)
    except OSError:
        return


def test_nested_deadline_never_outlives_the_outer_one() -> None:
    with clock.deadline(5):
        with clock.deadline(60):
            assert clock.remaining_s(100) == pytest.approx(5, abs=0.5)
        with clock.deadline(1):
            assert clock.remaining_s(100) == pytest.approx(1, abs=0.5)
        assert clock.remaining_s(2) == 2
    with clock.deadline(-1):
        assert (clock.remaining_s(100), clock.remaining_s(100, least_s=10)) == (0, 10)
    assert clock.remaining_s(100) == 100


@pytest.mark.parametrize("answers", [says_nothing, drips])
def test_http_answer_that_never_ends_is_given_up(answers: Callable[[socket.socket], None]) -> None:
    began = time.monotonic()
    with server(answers) as port, clock.deadline(0.5), pytest.raises(CouldNotAsk, match="got no answer"):
        BridgeHttp(lambda: "127.0.0.1", port, "web").request("GET", "/")
    assert time.monotonic() - began < 3


def test_database_that_takes_a_connection_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    with server(says_nothing) as port, clock.deadline(0.5):
        monkeypatch.setattr(sql, "PORT", port)
        with (
            pytest.raises(CouldNotAsk),
            sql.connected("127.0.0.1", database="shop", user="u", password="p", where="db"),
        ):
            pass
    assert time.monotonic() - began < 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its socket open
def test_engine_that_says_nothing_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.containers.engine.CLEAN_UP_S", 1.0)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    with (
        server(says_nothing, socket.AF_UNIX, str(tmp_path / "engine.sock")),
        clock.deadline(0.5),
        pytest.raises(HarnessBroken, match="no container engine answers"),
    ):
        connect()


@pytest.mark.parametrize(
    "error", [requests.ConnectionError("cut"), requests.ReadTimeout("late"), ConnectionResetError()]
)
@pytest.mark.parametrize("to", [CouldNotAsk, HarnessBroken])
def test_engine_that_is_gone_is_said_whatever_was_asked(error: Exception, to: type[CouldNotAsk]) -> None:
    said = "the log cannot be read: the container engine is gone"
    with pytest.raises(EngineGone, match=said), translated("the log cannot be read", to):
        raise error


@pytest.mark.parametrize(
    ("age", "remembered"),
    [(timedelta(hours=1), True), (timedelta(hours=25), False), (timedelta(hours=-1), False)],
)
def test_preflight_is_remembered_for_a_day(age: timedelta, remembered: bool, tmp_path: Path) -> None:
    path = tmp_path / "shown.json"
    path.write_text(json.dumps({"shown_utc": f"{clock.utc_now() - age:%FT%TZ}"}))
    assert is_remembered(path) is remembered


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"shown_utc": 1}', '{"shown_utc": "yesterday"}'])
def test_memory_that_cannot_be_read_is_none(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "shown.json").write_text(text)
    assert not is_remembered(tmp_path / "shown.json")


def test_container_that_is_held_still_is_not_called_running() -> None:
    assert state_text({"Running": True, "Paused": True}, "") == "paused"
    assert state_text({"Running": True, "Paused": False}, "") == "running"
