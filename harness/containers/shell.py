"""Commands in a container, with real deadlines: the handle `Shell`."""

from __future__ import annotations

import secrets
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.clock import remaining_s
from harness.containers.connection import Connection, DeadlinePassed
from harness.containers.engine import Engine, translated
from harness.containers.frames import STDERR, STDOUT, Ending, Kept
from harness.containers.hooks import OnCommand, Redact, nothing_recorded, nothing_redacted
from harness.containers.resident import Resident, line_of
from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import CommandResult

MARKER = "PORTAL_DRILL_COMMAND"  # in the environment of every command, so that its processes can be found
KILLED = 137
SETTLE_S = 0.5
# The engine waits two seconds for whoever fetches the last outputs of a command that has ended, and drops the rest
# without a word. So one whose output is fetched as fast as it is used prints a mark, and ends when that has arrived.
# The mark is a word twice in a row, which stands in no list of processes.
UNTIL_FETCHED = '"$@" </dev/null; code=$?; printf %s "$0$0"; read -r _; exit $code'
END_S = 2.0  # between the end of the outputs and that of the command; later, and the outputs were cut off


class ContainerShell:
    """Runs commands in one container, as root unless told otherwise.

    `container` is asked for at each command: a service's container may be made anew.
    `where` names the place in evidence. The environment and stdin are never recorded. `resident`: root's commands
    without stdin are told to one shell that stays in the container, which must hold `sh` and `env`.
    """

    def __init__(
        self,
        engine: Engine,
        container: Callable[[], str],
        where: str,
        *,
        on_command: OnCommand = nothing_recorded,
        redact: Redact = nothing_redacted,
        resident: bool = False,
    ) -> None:
        self._engine = engine
        self._to_stay = resident
        self._resident: Resident | None = None
        self._beginning = threading.Lock()
        self._container = container
        self._where = where
        self._on_command = on_command
        self._redact = redact

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str | None = None,
        stdin: bytes | None = None,
        timeout_s: float,
        environment: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Raises: CouldNotAsk if the transport fails, the container dies or `timeout_s` seconds pass."""
        command = self._command(argv, timeout_s, user, stdin, environment)
        kept = {STDOUT: Kept(), STDERR: Kept()}
        for stream, chunk in command.output(kept, user, stdin, environment):
            kept[stream].add(chunk)
        out, err = kept[STDOUT], kept[STDERR]
        exit_code = command.recorded(err.tail() or out.tail())
        truncated = out.truncated or err.truncated
        return CommandResult(tuple(argv), exit_code, out.head, err.head, truncated, command.duration_s())

    def stream(self, argv: Sequence[str], *, user: str | None = None, timeout_s: float) -> Iterator[bytes]:
        """Chunks of stdout, all of them however slowly they are taken; the container has `sh`.

        Raises: CommandFailed at the end if non-zero; CouldNotAsk as `run`, or if the output was cut off.
        """
        command = self._command(argv, timeout_s, user, None, None)
        kept, ending = {STDOUT: Kept(cap=0), STDERR: Kept()}, Ending(2 * command.marker.encode())
        for stream, chunk in command.output(kept, user, None, None, ending):
            kept[stream].add(chunk)
            if stream == STDOUT:
                yield chunk
        said = kept[STDERR].tail()
        exit_code = command.recorded(said)
        if exit_code != 0:
            raise CommandFailed(self._redact(f"{argv[0]} exited with {exit_code}: {said}"))
        if not ending.reached:
            raise CouldNotAsk(self._redact(f"{self._where}: the output of {argv[0]} was cut off"))

    def close(self) -> None:
        """Nothing more is told to the shell that stays, if there is one."""
        if self._resident is not None:
            self._resident.close()

    def _command(
        self,
        argv: Sequence[str],
        timeout_s: float,
        user: str | None,
        stdin: bytes | None,
        environment: Mapping[str, str] | None,
    ) -> _Command:
        marker = secrets.token_hex(8)
        line = line_of(argv, {**(environment or {}), MARKER: marker}) if self._to_stay else None
        if line is None or user not in (None, "0") or stdin is not None:
            return _Command(self, argv, timeout_s, marker)
        with self._beginning, translated(f"{self._where}: no shell could be begun", CouldNotAsk):
            self._resident = self._resident or Resident(self._engine, self._container())
        if not self._resident.takes():
            return _Command(self, argv, timeout_s, marker)
        return _Told(self, argv, timeout_s, marker, self._resident, line)


class _Command:
    """One exec, from its start to its exit code."""

    def __init__(self, shell: ContainerShell, argv: Sequence[str], timeout_s: float, marker: str) -> None:
        self._shell = shell
        self._api = shell._engine.api
        self._argv = tuple(argv)
        self._timeout_s = remaining_s(timeout_s)
        self._started = time.monotonic()
        self.marker = marker
        self._container = shell._container()
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
        shell = self._shell
        argv = tuple(shell._redact(argument) for argument in self._argv)
        shell._on_command(shell._where, argv, exit_code, self.duration_s(), shell._redact(output))

    def _text(self, what: str) -> str:
        return self._shell._redact(f"{self._shell._where}: `{shlex.join(self._argv)[:200]}` {what}")


class _Told(_Command):
    """One command of the shell that stays."""

    def __init__(
        self,
        shell: ContainerShell,
        argv: Sequence[str],
        timeout_s: float,
        marker: str,
        resident: Resident,
        line: bytes,
    ) -> None:
        super().__init__(shell, argv, timeout_s, marker)
        self._resident, self._line = resident, line

    def _frames(
        self, user: str | None, stdin: bytes | None, environment: Mapping[str, str], ending: Ending | None
    ) -> Iterator[tuple[int, bytes]]:
        yield from self._resident.told(self._line, self._started + self._timeout_s)
        if ending is not None and self._resident.exit_code is not None:
            ending.reached = True

    def _exit_code(self) -> int | None:
        """Raises: CouldNotAsk if the shell was lost, and its container goes on."""
        code = self._resident.exit_code
        if code in (None, KILLED) and self._container_ended():
            return None
        if code is None:
            raise CouldNotAsk(self._text("was lost: the shell that ran it has ended"))
        return code
