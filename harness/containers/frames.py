"""The engine's stream of two outputs in one connection: the pure decoder, and what is kept of an output.

Source: Docker Engine API 1.41, "Attach to a container", stream format: eight bytes of header (stream 1
stdout or 2 stderr, three zero bytes, length as big-endian 32 bits), then the payload.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

STDOUT = 1
STDERR = 2
CAP_BYTES = 1024 * 1024
TAIL_BYTES = 4096
AFTER_BYTES = 16


class Decoder:
    """Takes bytes as they come, gives (stream, chunk) as soon as part of a frame is there."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = STDOUT
        self._left = 0

    @property
    def between_frames(self) -> bool:
        """False if what came last is a frame cut short."""
        return not self._header and self._left == 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at < len(data):
            if self._left == 0:
                need = 8 - len(self._header)
                self._header += data[at : at + need]
                at += need
                if len(self._header) == 8:
                    self._stream, self._left = struct.unpack(">BxxxL", self._header)
                    self._header = b""
                continue
            chunk = data[at : at + self._left]
            self._left -= len(chunk)
            at += len(chunk)
            yield self._stream, chunk


class Kept:
    """The first `cap` bytes of an output, whether there were more, and its last few lines."""

    def __init__(self, cap: int = CAP_BYTES) -> None:
        self._cap = cap
        self._head = bytearray()
        self._tail = b""
        self.truncated = False

    def add(self, chunk: bytes) -> None:
        room = self._cap - len(self._head)
        self._head += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room
        self._tail = (self._tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]

    @property
    def head(self) -> bytes:
        return bytes(self._head)

    def tail(self, lines: int = 50) -> str:
        return "\n".join(self._tail.decode(errors="replace").splitlines()[-lines:])


class Ending:
    """Takes an output until `mark`, which nothing but its end holds: only then has all of it arrived. What a child that
    was left behind prints after it is not the command's."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._held = b""  # may be the beginning of the mark
        self.reached = False
        self.after = b""  # the first bytes behind it

    def feed(self, chunk: bytes) -> bytes:
        """What of it is output for certain."""
        if self.reached:
            self.after = (self.after + chunk)[:AFTER_BYTES]
            return b""
        seen = self._held + chunk
        end = seen.find(self._mark)
        self.reached = end >= 0
        if self.reached:
            self.after = seen[end + len(self._mark) :][:AFTER_BYTES]
        else:
            begun = (n for n in range(len(self._mark) - 1, 0, -1) if seen.endswith(self._mark[:n]))
            end = len(seen) - next(begun, 0)
            self._held = seen[end:]
        return seen[:end]


class Lines:
    """Puts lines together again that came in pieces."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that `chunk` completes."""
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        return [line.decode(errors="replace") for line in whole]

    def rest(self) -> list[str]:
        """A last line without an end, if there is one."""
        return [self._begun.decode(errors="replace")] if self._begun else []
