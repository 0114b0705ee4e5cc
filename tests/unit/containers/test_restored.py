"""What tests are given of the restored portal, and what their errors say of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest

from harness import clock
from harness.containers.restored import REQUEST_S, Restored, how_it_went
from harness.containers.testinfra_host import host_of
from harness.errors import CommandFailed, CouldNotAsk, EngineGone
from harness.kinds.contracts import CommandResult
from harness.model.drill import Portal, Service
from harness.model.evidence import Seen


class FakeStack:
    services = (
        Service(name="db", image="x"),
        Service(name="web", image="x"),
        Service(name="s", image="x", profiles=("seed",)),
    )

    def addresses(self) -> dict[str, str]:
        return {"web": "127.0.0.1"}

    def exit_state(self, service: str) -> str:
        return "exited with 1"


class FakeShell:
    def __init__(self, stdout: bytes = b"", *, truncated: bool = False) -> None:
        self.asked: list[Any] = []
        self._stdout, self._truncated = stdout, truncated

    def run(self, argv: Any, **given: Any) -> CommandResult:
        self.asked.append((argv, given["user"]))
        return CommandResult(tuple(argv), 3, self._stdout, b"said no", self._truncated, 0.0)


@pytest.fixture
def restored() -> Restored:
    portal = Portal(kind="wagtail", service="web", port=8080)
    return Restored(FakeStack(), portal)  # type: ignore[arg-type]  # a stack of two services


def test_a_client_speaks_to_the_portal_unless_told_otherwise(restored: Restored) -> None:
    assert restored.http().base_url == "http://127.0.0.1:8080"
    assert restored.http("web", port=9000).base_url == "http://127.0.0.1:9000"


def test_clients_are_closed_at_the_end(restored: Restored) -> None:
    client = restored.http()
    restored.close()
    assert client.is_closed


def test_requests_end_by_the_deadline_of_the_test(restored: Restored) -> None:
    client = restored.http()
    (hook,) = client.event_hooks["request"]
    request = client.build_request("GET", "/")
    hook(request)
    assert request.extensions["timeout"]["read"] == REQUEST_S
    with clock.deadline(2):
        hook(request)
        assert 0 < request.extensions["timeout"]["read"] <= 2
        endless = client.build_request("GET", "/", timeout=None)
        hook(endless)
        assert 0 < endless.extensions["timeout"]["read"] <= 2


def test_mistakes_name_what_there_is(restored: Restored) -> None:
    with pytest.raises(ValueError, match="no service 'wbe'; this portal has db, web"):
        restored.http("wbe")
    with pytest.raises(ValueError, match="at which port db speaks HTTP"):
        restored.http("db")


def test_a_service_that_does_not_run_cannot_be_asked(restored: Restored) -> None:
    with pytest.raises(CouldNotAsk, match="db has no address: exited with 1"):
        restored.sql("db", database="shop", user="x", password="x")


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (AssertionError(), Seen.REFUSED),
        (CommandFailed("no"), Seen.REFUSED),
        (psycopg.errors.UndefinedTable(), Seen.REFUSED),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "x"'), Seen.REFUSED),
        (httpx.HTTPStatusError("404", request=SimpleNamespace(), response=SimpleNamespace()), Seen.REFUSED),  # type: ignore[arg-type]
        (psycopg.errors.AdminShutdown(), Seen.COULD_NOT_ASK),
        (psycopg.OperationalError("server closed the connection unexpectedly"), Seen.COULD_NOT_ASK),
        (psycopg.OperationalError("FATAL:  the database system is starting up"), Seen.COULD_NOT_ASK),
        (httpx.ReadTimeout("timed out"), Seen.COULD_NOT_ASK),
        (EngineGone("gone"), Seen.COULD_NOT_ASK),
        (ConnectionResetError(), Seen.COULD_NOT_ASK),
        (KeyError("total"), Seen.CRASHED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_an_answer_that_says_no_is_told_from_no_answer(error: BaseException, seen: Seen) -> None:
    assert how_it_went(error) is seen


def test_testinfra_asks_through_our_own_shell() -> None:
    shell = FakeShell("grüße".encode())
    said = host_of(shell, "web", "liferay").run("ls %s", "/a b")  # type: ignore[arg-type]  # a shell that only runs
    assert shell.asked == [(["/bin/sh", "-c", "ls '/a b'"], "liferay")]
    assert (said.rc, said.stdout, said.stderr) == (3, "grüße", "said no")


def test_half_an_answer_is_none() -> None:
    with pytest.raises(CouldNotAsk, match="web: `yes` printed more than is kept"):
        host_of(FakeShell(truncated=True), "web", None).run("yes")  # type: ignore[arg-type]  # as above
