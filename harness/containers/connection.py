"""A connection to a process in a container: both outputs and stdin, with a real deadline."""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

from harness.containers.frames import Decoder

RECEIVE_BYTES = 256 * 1024
IDLE_S = 0.5  # silence after which it is asked whether the process is still there
LINGER_S = 2.0  # silence after the process's end after which nothing more is waited for; the engine ends most before


class DeadlinePassed(Exception):
    """The deadline passed before the process ended; never leaves this folder."""


class Connection:
    """The raw stream that `exec_start` and `attach_socket` of the SDK hand over.

    Output that arrived together with the answer's headers lies in the reader's buffer, not in the socket:
    the SDK's own reader loses it. Hence the look into that buffer first.
    """

    def __init__(self, raw: Any) -> None:
        self._response = raw._response
        self._socket: socket.socket = getattr(raw, "_sock", raw)
        self._socket.setblocking(False)
        self._early: bytes = self._response.raw._fp.fp.peek()
        self._decoder = Decoder()
        self._more_stdin = False

    def close(self) -> None:
        self._response.close()

    def has_unread(self) -> bool:
        """Whether anything has come that nobody has read, or the end."""
        return bool(self._ready(False, 0)) or not self._decoder.between_frames

    def frames(
        self, stdin: bytes | None, deadline: float, has_ended: Callable[[], bool], *, more_stdin: bool = False
    ) -> Iterator[tuple[int, bytes]]:
        """(stream, chunk) until the end; `has_ended` is asked in silence, for a process that left children
        behind which hold its outputs open. `more_stdin`: it stays open, and this may be asked again.

        Units: `deadline` in monotonic seconds.
        Raises: DeadlinePassed; OSError if the connection breaks.
        """
        decoder, self._more_stdin = self._decoder, more_stdin
        early, self._early = self._early, b""
        yield from [*decoder.feed(early)]
        unsent = memoryview(stdin) if stdin else None
        if stdin is not None and not stdin:
            self.end_stdin()
        wait_s = IDLE_S
        while True:
            data, unsent = self._turn(unsent, min(wait_s, deadline - time.monotonic()))
            if data:
                yield from [*decoder.feed(data)]  # whoever stops listening has had the whole of it decoded
            elif data is not None:
                if not decoder.between_frames:
                    raise ConnectionResetError("the stream ended in the middle of a frame")
                return
            elif time.monotonic() >= deadline:
                raise DeadlinePassed
            elif wait_s == LINGER_S:
                return
            elif unsent is None and has_ended():
                wait_s = LINGER_S

    def _turn(self, unsent: memoryview | None, wait_s: float) -> tuple[bytes | None, memoryview | None]:
        """One wait: what was received (None: nothing, b"": the end), and what of stdin is still to be sent."""
        events = self._ready(bool(unsent), wait_s)
        if unsent and events & (select.POLLOUT | select.POLLHUP | select.POLLERR):
            unsent = self._send(unsent)
        try:
            return self._socket.recv(RECEIVE_BYTES), unsent
        except (BlockingIOError, ssl.SSLWantReadError):
            # A turn that sent something is no silence.
            return None, unsent

    def _ready(self, sending: bool, wait_s: float) -> int:
        poller = select.poll()
        poller.register(self._socket, select.POLLIN | (select.POLLOUT if sending else 0))
        found = poller.poll(max(0.0, wait_s) * 1000)
        return found[0][1] if found else 0

    def _send(self, unsent: memoryview) -> memoryview | None:
        """Sends what fits. A process that reads no more of its stdin is no error."""
        try:
            unsent = unsent[self._socket.send(unsent[:RECEIVE_BYTES]) :]
        except (BlockingIOError, ssl.SSLWantWriteError):
            return unsent
        except (BrokenPipeError, ConnectionResetError):
            return None
        if not unsent:
            if not self._more_stdin:
                self.end_stdin()
            return None
        return unsent

    def end_stdin(self) -> None:
        """Whoever reads it sees its end."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return
