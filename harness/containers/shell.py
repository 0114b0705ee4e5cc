"""Commands in a container, with real deadlines: the handle `Shell`."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.containers.command import MARKER, Command, Place, Told
from harness.containers.engine import Engine, translated
from harness.containers.frames import STDERR, STDOUT, Ending, Kept
from harness.containers.hooks import OnCommand, Redact, nothing_recorded, nothing_redacted
from harness.containers.resident import Resident, line_of
from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import CommandResult


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
        self._place = Place(engine, container, where, on_command, redact)
        self._to_stay = resident
        self._resident: Resident | None = None
        self._beginning = threading.Lock()

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
            raise CommandFailed(self._place.redact(f"{argv[0]} exited with {exit_code}: {said}"))
        if not ending.reached:
            raise CouldNotAsk(self._place.redact(f"{self._place.where}: the output of {argv[0]} was cut off"))

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
    ) -> Command:
        marker = secrets.token_hex(8)
        to_be_told = self._to_stay and user in (None, "0") and stdin is None
        line = line_of(argv, {**(environment or {}), MARKER: marker}) if to_be_told else None
        if line is None:
            return Command(self._place, argv, timeout_s, marker)
        with self._beginning, translated(f"{self._place.where}: no shell could be begun", CouldNotAsk):
            self._resident = self._resident or Resident(self._place.engine, self._place.container())
        if not self._resident.takes():
            return Command(self._place, argv, timeout_s, marker)
        return Told(self._place, argv, timeout_s, marker, self._resident, line)
