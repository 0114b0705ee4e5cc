"""A container that ends by itself: an installer, a seeder."""

from __future__ import annotations

import time
from collections.abc import Iterator

from harness.clock import remaining_s
from harness.containers.connection import Connection, DeadlinePassed
from harness.containers.create import remove_container, start_container
from harness.containers.engine import Engine, translated
from harness.containers.frames import STDERR, STDOUT, Kept, Lines
from harness.containers.hooks import OnOutput, Redact
from harness.errors import CouldNotAsk
from harness.kinds.contracts import CommandResult


class OneShot:
    """Given: a container that was made and not started. It is removed however it ends."""

    def __init__(self, engine: Engine, container: str, where: str, redact: Redact) -> None:
        self._engine = engine
        self._container = container
        self._where = where
        self._redact = redact
        self._kept = {STDOUT: Kept(), STDERR: Kept()}

    def result(self, argv: tuple[str, ...], timeout_s: float, on_output: OnOutput) -> CommandResult:
        """Raises: CouldNotAsk if it does not end in time, CommandFailed if it cannot be started."""
        started, timeout_s = time.monotonic(), remaining_s(timeout_s)
        try:
            exit_code = self._exit_code(started + timeout_s, on_output)
        except DeadlinePassed:
            text = f"{self._where} did not end within {timeout_s:g} s; seen last: {self.tail(5) or 'no output'}"
            raise CouldNotAsk(text) from None
        finally:
            remove_container(self._engine, self._container)
        out, err = self._kept[STDOUT], self._kept[STDERR]
        duration_s = round(time.monotonic() - started, 6)
        return CommandResult(argv, exit_code, out.head, err.head, out.truncated or err.truncated, duration_s)

    def tail(self, lines: int = 50) -> str:
        """The last lines of stderr, or of stdout where that is empty, secrets removed."""
        return self._redact(self._kept[STDERR].tail(lines) or self._kept[STDOUT].tail(lines))

    def _exit_code(self, deadline: float, on_output: OnOutput) -> int:
        lines = {STDOUT: Lines(), STDERR: Lines()}
        for stream, chunk in self._output(deadline):
            self._kept[stream].add(chunk)
            for line in lines[stream].feed(chunk):
                on_output(self._redact(line))
        for line in (*lines[STDOUT].rest(), *lines[STDERR].rest()):
            on_output(self._redact(line))
        with translated(f"the end of {self._where} was not seen", CouldNotAsk):
            return int(self._engine.api.wait(self._container, timeout=round(remaining_s(30, 1)))["StatusCode"])

    def _output(self, deadline: float) -> Iterator[tuple[int, bytes]]:
        with translated(f"{self._where} could not be listened to", CouldNotAsk):
            socket = self._engine.api.attach_socket(self._container, params={"stdout": 1, "stderr": 1, "stream": 1})
            connection = Connection(socket)
        try:
            start_container(self._engine, self._container, self._where)
            with translated(f"{self._where} was cut off", CouldNotAsk):
                yield from connection.frames(None, deadline, self._has_ended)
        finally:
            connection.close()

    def _has_ended(self) -> bool:
        return not self._engine.api.inspect_container(self._container)["State"]["Running"]
