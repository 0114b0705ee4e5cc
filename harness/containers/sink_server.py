"""Runs inside the sink container, by Python's own library alone: whatever a sandbox asks of the outside ends here.

It is the name server for names that are no services, and gives each its own address of 198.18.0.0/15 (RFC 2544),
so that a connection tells which name it was meant for. The sandbox's containers have their default route through
this container, and it takes every address outside the sandbox for its own. So every attempt arrives, by name or by
literal address: mail is taken, web requests are answered with 503, everything else is refused at once.

Names of the sandbox's own services come here while these do not run: they lead nowhere, and are no attempt to leave.
Nor is what the machine itself sends to all on its bridge, from the gateway's address (names of its own, announced).

Shape: one JSON object a line on stdout; an attempt is printed when it is first made and each time that its count
has doubled; `dropped` says how much was not recorded.
Usage: python3 sink_server.py SUBNET GATEWAY [SERVICE …]
"""

from __future__ import annotations

import ipaddress
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

FIRST_NAME = int(ipaddress.ip_address("198.18.0.1"))
MOST_NAMES = 100_000
MOST_ATTEMPTS = 5_000
MAIL_PORTS = (25, 465, 587, 2525)
WEB_PORTS = (80, 443, 8080)
PATIENCE_S = 20
ETHERNET_IP = 0x0800
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_STATISTICS = 263, 6
TCP, UDP, ICMP = 6, 17, 1
NO_SUCH_NAME = 0x8183

Serve = Callable[[socket.socket, str, str, int], None]

lock = threading.Lock()
counts: dict[tuple[Any, ...], int] = {}
addresses: dict[str, str] = {}
names: dict[str, str] = {}
dropped = 0


def say(**record: object) -> None:
    print(json.dumps(record), flush=True)


def drop(count: int) -> None:
    global dropped
    with lock:
        dropped += count
        say(dropped=dropped)


def attempt(sort: str, source: str, target: str, port: int | None, detail: str = "") -> None:
    global dropped
    key = (sort, source, target, port, detail[:300])
    with lock:
        if key not in counts and len(counts) >= MOST_ATTEMPTS:
            dropped += 1
            if dropped & (dropped - 1) == 0:
                say(dropped=dropped)
            return
        count = counts[key] = counts.get(key, 0) + 1
        if count & (count - 1) == 0:
            say(sort=sort, source=source, target=target, port=port, detail=detail[:300], count=count)


def name_at(address: str) -> str:
    return names.get(address, address)


def address_of(name: str) -> str:
    with lock:
        if name not in addresses:
            if len(addresses) >= MOST_NAMES:
                return "198.18.0.0"
            address = str(ipaddress.ip_address(FIRST_NAME + len(addresses)))
            addresses[name], names[address] = address, name
        return addresses[name]


def asked(packet: bytes) -> tuple[str, int, int]:
    """(name, type) of the first question, and where it ends."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "backslashreplace"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack("!H", packet[at + 1 : at + 3])[0], at + 5


def answer(packet: bytes, own: Collection[str] = ()) -> tuple[str, int, bytes]:
    """An address for A, nothing for all other types: the name exists, as it does in production. A name of its `own`
    does not."""
    name, kind, end = asked(packet)
    if name in own:
        return name, kind, packet[:2] + struct.pack("!HHHHH", NO_SUCH_NAME, 1, 0, 0, 0) + packet[12:end]
    head = packet[:2] + struct.pack("!HHHHH", 0x8180, 1, int(kind == 1), 0, 0)
    body = b""
    if kind == 1:
        body = struct.pack("!HHHIH", 0xC00C, 1, 1, 5, 4) + socket.inet_aton(address_of(name))
    return name, kind, head + packet[12:end] + body


def serve_names(server: socket.socket, own: Collection[str]) -> None:
    kinds = {1: "A", 12: "PTR", 28: "AAAA", 33: "SRV", 15: "MX", 16: "TXT"}
    while True:
        packet, (source, port) = server.recvfrom(4096)
        try:
            name, kind, reply = answer(packet, own)
        except (IndexError, struct.error, ValueError):
            attempt("name", source, "?", None, "a question that could not be read")
            continue
        if name not in own:
            attempt("name", source, name, None, kinds.get(kind, str(kind)))
        server.sendto(reply, (source, port))


def serve_mail(connection: socket.socket, source: str, target: str, port: int) -> None:
    lines = connection.makefile("rb")
    connection.sendall(b"220 sink ready\r\n")
    sender = ""
    receivers: list[str] = []
    while line := lines.readline(4096):
        word = line[:4].upper()
        if word == b"DATA":
            connection.sendall(b"354 go on\r\n")
            subject, size = "", 0
            while (text := lines.readline(1 << 20)) not in (b".\r\n", b".\n", b""):
                size += len(text)
                if text[:8].lower() == b"subject:" and not subject:
                    subject = text[8:].strip().decode("utf-8", "replace")
            to = ", ".join(receivers[:5])
            attempt("mail", source, target, port, f"from {sender} to {to}: {subject[:80]} ({size} bytes)")
        elif word == b"MAIL":
            sender, receivers = line[10:].split(b">")[0].strip(b" <\r\n").decode("utf-8", "replace"), []
        elif word == b"RCPT":
            receivers.append(line[8:].split(b">")[0].strip(b" <\r\n").decode("utf-8", "replace"))
        elif word == b"AUTH":
            connection.sendall(b"235 welcome\r\n")
            continue
        elif word == b"QUIT":
            connection.sendall(b"221 bye\r\n")
            return
        connection.sendall(b"250 sink\r\n")


def serve_web(connection: socket.socket, source: str, target: str, port: int) -> None:
    lines = connection.makefile("rb")
    first = lines.readline(4096)
    if first[:1] == b"\x16":
        attempt("request", source, target, port, "TLS")
        return
    host = ""
    while (line := lines.readline(4096)) not in (b"\r\n", b"\n", b""):
        if line[:5].lower() == b"host:":
            host = line[5:].strip().decode("utf-8", "replace")
    words = first.decode("utf-8", "replace").partition("?")[0].split()[:2]  # what follows may be a secret
    attempt("request", source, target, port, f"{' '.join(words)} (Host: {host})")
    connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def served(serve: Serve, connection: socket.socket, source: str) -> None:
    target, port = connection.getsockname()
    connection.settimeout(PATIENCE_S)
    try:
        serve(connection, source, name_at(target), port)
    except OSError:
        pass  # the connection itself was recorded
    finally:
        connection.close()


def listen(port: int, serve: Serve) -> None:
    server = socket.create_server(("0.0.0.0", port), backlog=64)
    while True:
        connection, (source, _) = server.accept()
        threading.Thread(target=served, args=(serve, connection, source), daemon=True).start()


def sniff(packets: socket.socket, own: str, machine: str) -> None:
    """Every first packet of a connection, every datagram and every ping, whatever answers it; not the machine's."""
    while True:
        packet, (_, _, direction, _, _) = packets.recvfrom(2048)
        if direction == PACKET_OUTGOING or len(packet) < 28:
            continue
        head = (packet[0] & 15) * 4
        protocol, source, target = packet[9], socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        if source == machine or (len(packet) < head + 14 and protocol == TCP):
            continue
        port = struct.unpack("!H", packet[head + 2 : head + 4])[0]
        if protocol == TCP and packet[head + 13] & 0x12 == 0x02:
            attempt("connection", source, name_at(target), port, "TCP")
        elif protocol == UDP and not (target == own and port == 53):
            attempt("connection", source, name_at(target), port, "UDP")
        elif protocol == ICMP and packet[head] == 8:
            attempt("connection", source, name_at(target), None, "ping")


def watch_losses(packets: socket.socket) -> None:
    while True:
        time.sleep(1)
        lost = struct.unpack("II", packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        if lost:
            drop(lost)


def main() -> None:
    subnet, machine = ipaddress.ip_network(sys.argv[1]), sys.argv[2]
    services = {name.lower() for name in sys.argv[3:]}
    # Everything outside the subnet is this container's own address: more specific routes stay as they are.
    subprocess.run(["ip", "route", "replace", "local", "default", "dev", "lo", "table", "main"], check=True)
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHERNET_IP))
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((str(subnet[1]), 9))
        own = probe.getsockname()[0]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((own, 53))
    for port in MAIL_PORTS:
        threading.Thread(target=listen, args=(port, serve_mail), daemon=True).start()
    for port in WEB_PORTS:
        threading.Thread(target=listen, args=(port, serve_web), daemon=True).start()
    threading.Thread(target=sniff, args=(packets, own, machine), daemon=True).start()
    threading.Thread(target=watch_losses, args=(packets,), daemon=True).start()
    say(ready=True, address=own)
    serve_names(server, services)


if __name__ == "__main__":
    main()
