"""A shell that stays in a tool container and runs what it is told, one command after the other.

To begin a process in a container costs the engine 50 ms of processor time; a line to a shell that is there, 3 ms.
"""

from __future__ import annotations

import secrets
import shlex
import threading
from collections.abc import Generator, Mapping, Sequence

from harness.containers.connection import Connection
from harness.containers.engine import Engine
from harness.containers.frames import STDERR, STDOUT, Ending

LONGEST = 16 * 1024  # bytes of a line; a shell reads it byte by byte
CODE = 3  # digits of an exit code, behind the mark
# Its marks are a word twice in a row, which stands in no list of processes. All of both outputs lies before them.
_SERVE = """NL='
'; while IFS= read -r line; do eval "$line"; code=$?; printf %s "$0$0"; printf '%s%03d' "$0$0" "$code" >&2; done"""


class Resident:
    """One process in one container. Whoever gives up on a command ends it: what comes later is nobody's answer."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._api = engine.api
        self.mark = secrets.token_hex(8)
        argv = ["sh", "-c", _SERVE, self.mark]
        self._id = str(self._api.exec_create(container, argv, stdin=True, user="0")["Id"])
        self._connection = Connection(self._api.exec_start(self._id, socket=True))
        self._busy = threading.Lock()
        self._usable = True

    def takes(self) -> bool:
        """Whether it takes a command now, which must then be told. One that was left something unread takes none."""
        if not self._busy.acquire(blocking=False):
            return False
        if self._usable and not self._connection.has_unread():
            return True
        self._busy.release()
        return False

    def told(self, line: bytes, deadline: float) -> Generator[tuple[int, bytes], None, int | None]:
        """(stream, chunk) until the command has ended, all of its outputs. Returns: its exit code, or None: the shell
        was lost.

        Raises: DeadlinePassed, OSError.
        """
        ends = {stream: Ending(2 * self.mark.encode()) for stream in (STDOUT, STDERR)}
        self._usable = False
        try:
            for stream, chunk in self._connection.frames(line + b"\n", deadline, self._has_ended, more_stdin=True):
                if said := ends[stream].feed(chunk):
                    yield stream, said
                if ends[STDOUT].reached and len(code := ends[STDERR].after) >= CODE:
                    self._usable = True
                    return int(code[:CODE])
            return None
        finally:
            self._busy.release()

    def close(self) -> None:
        self._usable = False
        self._connection.close()

    def _has_ended(self) -> bool:
        return not self._api.exec_inspect(self._id)["Running"]


def line_of(argv: Sequence[str], environment: Mapping[str, str]) -> bytes | None:
    """The command as a line of a shell, None if it is too long for one."""
    words = ["env", *(f"{name}={value}" for name, value in environment.items()), *argv]
    text = " ".join(shlex.quote(word).replace("\n", "'\"$NL\"'") for word in words) + " </dev/null"
    line = text.encode("utf-8", "surrogateescape")
    return line if len(line) <= LONGEST else None
