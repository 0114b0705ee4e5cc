"""One command in a container, from its start to its exit code: a process that the engine begins, or a line told to the
shell that stays."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.clock import remaining_s
from harness.containers.connection import Connection, DeadlinePassed
from harness.containers.engine import Engine, translated
from harness.containers.frames import STDERR, STDOUT, Ending, Kept
from harness.containers.hooks import OnCommand, Redact
from harness.containers.resident import Resident
from harness.errors import CouldNotAsk

MARKER = "PORTAL_DRILL_COMMAND"  # in the environment of every command, so that its processes can be found
KILLED = 137
SETTLE_S = 0.5
# The engine waits two seconds for whoever fetches the last outputs of a command that has ended, and drops the rest
# without a word. So one whose output is fetched as fast as it is used prints a mark, and ends when that has arrived.
# The mark is a word twice in a row, which stands in no list of processes.
UNTIL_FETCHED = '"$@" </dev/null; code=$?; printf %s "$0$0"; read -r _; exit $code'
END_S = 2.0  # between the end of the outputs and that of the command; later, and the outputs were cut off


@dataclass(frozen=True)
class Place:
    """A container, asked for at each command since a service's may be made anew, and how commands are recorded."""

    engine: Engine
    container: Callable[[], str]
    where: str
    on_command: OnCommand
    redact: Redact


class Command:
    """One exec, from its start to its exit code."""

    def __init__(self, place: Place, argv: Sequence[str], timeout_s: float, marker: str) -> None:
        self._place = place
        self._api = place.engine.api
        self._argv = tuple(argv)
        self._timeout_s = remaining_s(timeout_s)
        self._started = time.monotonic()
        self.marker = marker
        self._container = place.container()
        self._id = ""

    def duration_s(self) -> float:
        return round(time.monotonic() - self._started, 6)

    def output(
        self,
        kept: Mapping[int, Kept],
        user: str | None,
        stdin: bytes | None,
        environment: Mapping[str, str] | None,
        ending: Ending | None = None,
    ) -> Iterator[tuple[int, bytes]]:
        """(stream, chunk) until the command ends; whoever stops listening early ends the command too.

        With `ending` it ends only when its whole output has arrived.
        """
        ended = False
        try:
            with translated(self._text("was cut off"), CouldNotAsk):
                yield from self._frames(user, stdin, environment or {}, ending)
            ended = True
        except DeadlinePassed:
            seen = kept[STDERR].tail(5) or kept[STDOUT].tail(5) or "no output"
            self._record(None, seen)
            text = self._text(f"did not end within {self._timeout_s:g} s; seen last: {seen}")
            raise CouldNotAsk(text) from None
        finally:
            if not ended:
                self._kill()

    def _frames(
        self, user: str | None, stdin: bytes | None, environment: Mapping[str, str], ending: Ending | None
    ) -> Iterator[tuple[int, bytes]]:
        argv = ["sh", "-c", UNTIL_FETCHED, self.marker, *self._argv] if ending else [*self._argv]
        connection = self._start(argv, user, stdin is not None or ending is not None, environment)
        try:
            for stream, chunk in connection.frames(stdin, self._started + self._timeout_s, self._has_ended):
                if ending is None or stream != STDOUT:
                    yield stream, chunk
                    continue
                yield stream, ending.feed(chunk)
                if ending.reached:
                    connection.end_stdin()
        finally:
            connection.close()

    def recorded(self, output: str) -> int:
        """The exit code, after the command was recorded.

        Raises: CouldNotAsk if there is none, because the container died under the command.
        """
        exit_code = self._exit_code()
        self._record(exit_code, output)
        if exit_code is None:
            raise CouldNotAsk(self._text(f"has no exit code: its container ended; seen last: {output}"))
        return exit_code

    def _start(
        self, argv: Sequence[str], user: str | None, with_stdin: bool, environment: Mapping[str, str]
    ) -> Connection:
        with translated(self._text("could not be run"), CouldNotAsk):
            created = self._api.exec_create(
                self._container,
                list(argv),
                stdin=with_stdin,
                user=user or "0",
                environment={**environment, MARKER: self.marker},
            )
            self._id = str(created["Id"])
            return Connection(self._api.exec_start(self._id, socket=True))

    def _has_ended(self) -> bool:
        return not self._api.exec_inspect(self._id)["Running"]

    def _exit_code(self) -> int | None:
        """None if the container is not running any more and so the command was killed with it."""
        with translated(self._text("was lost"), CouldNotAsk):
            give_up = time.monotonic() + END_S
            while (state := self._api.exec_inspect(self._id))["Running"] and time.monotonic() < give_up:
                time.sleep(0.005)
            if state["Running"] and not self._container_ended():
                raise CouldNotAsk(self._text("was cut off: its outputs ended, and it goes on"))
            exit_code = state["ExitCode"]
            if exit_code in (None, KILLED) and self._container_ended():
                return None
            return None if exit_code is None else int(exit_code)

    def _container_ended(self) -> bool:
        """The engine notes the end of a command a little before that of the container around it."""
        give_up = time.monotonic() + SETTLE_S
        while self._api.inspect_container(self._container)["State"]["Running"]:
            if time.monotonic() > give_up:
                return False
            time.sleep(0.02)
        return True

    def _kill(self) -> None:
        """Ends the command and its children where the container has a shell; the caller has its error anyway."""
        found = f"grep -lsaF {MARKER}={self.marker} /proc/[0-9]*/environ"
        script = f"for at in $({found}); do at=${{at%/environ}}; kill -9 ${{at#/proc/}}; done"
        try:
            with translated("the command could not be ended", CouldNotAsk):
                created = self._api.exec_create(self._container, ["sh", "-c", script], user="0")
                self._api.exec_start(created["Id"], detach=True)
        except CouldNotAsk:
            return

    def _record(self, exit_code: int | None, output: str) -> None:
        place = self._place
        argv = tuple(place.redact(argument) for argument in self._argv)
        place.on_command(place.where, argv, exit_code, self.duration_s(), place.redact(output))

    def _text(self, what: str) -> str:
        return self._place.redact(f"{self._place.where}: `{shlex.join(self._argv)[:200]}` {what}")


class Told(Command):
    """One command of the shell that stays."""

    def __init__(
        self,
        place: Place,
        argv: Sequence[str],
        timeout_s: float,
        marker: str,
        resident: Resident,
        line: bytes,
    ) -> None:
        super().__init__(place, argv, timeout_s, marker)
        self._resident, self._line = resident, line
        self._code: int | None = None

    def _frames(
        self, user: str | None, stdin: bytes | None, environment: Mapping[str, str], ending: Ending | None
    ) -> Iterator[tuple[int, bytes]]:
        self._code = yield from self._resident.told(self._line, self._started + self._timeout_s)
        if ending is not None and self._code is not None:
            ending.reached = True

    def _exit_code(self) -> int | None:
        """Raises: CouldNotAsk if the shell was lost, and its container goes on."""
        if self._code in (None, KILLED) and self._container_ended():
            return None
        if self._code is None:
            raise CouldNotAsk(self._text("was lost: the shell that ran it has ended"))
        return self._code
