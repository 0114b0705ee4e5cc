"""What the sink answers and prints, without a network: names, and attempts that are bounded."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator

import pytest

from harness.containers import sink_server


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    for held in (sink_server.counts, sink_server.addresses, sink_server.names):
        held.clear()
    sink_server.dropped = 0
    yield


def question(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_name_gets_an_address_of_its_own_that_tells_it() -> None:
    first, kind, reply = sink_server.answer(question("db.Production.example", 1))
    assert (first, kind, reply[:2], reply[-4:]) == ("db.production.example", 1, b"\0\7", bytes([198, 18, 0, 1]))
    assert sink_server.answer(question("mail.example", 1))[2][-4:] == bytes([198, 18, 0, 2])
    assert sink_server.answer(question("db.production.example", 1))[2][-4:] == bytes([198, 18, 0, 1])
    assert sink_server.name_at("198.18.0.2") == "mail.example"
    assert sink_server.name_at("198.51.100.20") == "198.51.100.20"


def test_other_questions_are_answered_with_nothing() -> None:
    reply = sink_server.answer(question("db.example", 28))[2]
    assert struct.unpack("!H", reply[6:8]) == (0,)
    assert sink_server.addresses == {}


def test_own_service_that_does_not_run_is_no_name_of_the_outside() -> None:
    name, _, reply = sink_server.answer(question("Search", 1), {"search"})
    assert (name, struct.unpack("!6H", reply[:12])) == ("search", (7, 0x8183, 1, 0, 0, 0))
    assert sink_server.addresses == {}
    assert sink_server.answer(question("search.production.example", 1), {"search"})[2][-4:] == bytes([198, 18, 0, 1])


class Received:
    """A socket that has received these, and then breaks."""

    def __init__(self, *held: object) -> None:
        self._held = [*held]

    def recvfrom(self, size: int) -> object:
        if not self._held:
            raise ConnectionError
        return self._held.pop(0)

    def sendto(self, data: bytes, to: object) -> None:
        pass


def datagram(source: str, target: str, port: int) -> tuple[bytes, tuple[object, ...]]:
    head = (
        bytes([0x45]) + bytes(8) + bytes([sink_server.UDP, 0, 0]) + socket.inet_aton(source) + socket.inet_aton(target)
    )
    return head + struct.pack("!HHHH", 4711, port, 8, 0), ("eth0", sink_server.ETHERNET_IP, 2, 1, b"")


def test_own_services_are_not_recorded_and_all_others_are(capsys: pytest.CaptureFixture[str]) -> None:
    at = ("172.18.0.3", 4711)
    asked = Received((question("search", 1), at), (question("mail.example", 1), at))
    with pytest.raises(ConnectionError):
        sink_server.serve_names(asked, {"search"})  # type: ignore[arg-type]
    assert [line["target"] for line in printed(capsys)] == ["mail.example"]


def test_what_the_machine_itself_announces_is_no_attempt_of_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    """Names announced by multicast on every bridge, as desktops do; a container that does so is another matter."""
    packets = Received(datagram("172.18.0.1", "224.0.0.251", 5353), datagram("172.18.0.3", "224.0.0.251", 5353))
    with pytest.raises(ConnectionError):
        sink_server.sniff(packets, "172.18.0.2", "172.18.0.1")  # type: ignore[arg-type]
    assert [(line["source"], line["port"]) for line in printed(capsys)] == [("172.18.0.3", 5353)]


@pytest.mark.parametrize("packet", [b"", b"\0" * 12, question("db.example", 1)[:15]])
def test_what_is_no_question_raises_what_the_server_catches(packet: bytes) -> None:
    with pytest.raises((IndexError, struct.error, ValueError)):
        sink_server.answer(packet)


def test_attempts_are_printed_when_their_number_has_doubled(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(9):
        sink_server.attempt("connection", "172.18.0.3", "db.example", 5432, "TCP")
    assert [line["count"] for line in printed(capsys)] == [1, 2, 4, 8]


def test_more_attempts_than_are_kept_are_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_server, "MOST_ATTEMPTS", 2)
    for number in range(5):
        sink_server.attempt("name", "172.18.0.3", f"n{number}.example", None)
    assert [line.get("dropped") for line in printed(capsys)] == [None, None, 1, 2]
