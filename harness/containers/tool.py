"""Tool containers: made for a few commands, asleep in between, gone at the end; most are kept meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from functools import partial

from docker.types import Mount

from harness import at_once
from harness.containers.create import create_sleeper, remove_container, start_container
from harness.containers.engine import Engine
from harness.containers.hooks import OnCommand, Redact, nothing_recorded, nothing_redacted
from harness.containers.labels import TIME_TO_LIVE, Owner
from harness.containers.memory import memory_ran_out
from harness.containers.network import NOBODY, StackNetwork
from harness.containers.shell import ContainerShell
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, PortalDrillError
from harness.kinds.contracts import Shell

TOOLS_IMAGE = "portal-drill/tools:3"
ROLE = "tool"
KEPT_S = TIME_TO_LIVE.total_seconds() / 2  # a sleeper ends by itself when its time to live is over


@contextmanager
def tool_container(
    engine: Engine,
    image: str,
    owner: Owner,
    mounts: Iterable[Mount],
    *,
    network: StackNetwork | None = None,
    name_server: str = NOBODY,
    started: Callable[[str], None] | None = None,
    where: str = "tool",
    on_command: OnCommand = nothing_recorded,
    redact: Redact = nothing_redacted,
    removed: Callable[[Engine, str], None] = remove_container,
    resident: bool = False,
) -> Iterator[ContainerShell]:
    """A shell, root inside, without a network unless one is given. It ends by itself when its time to live
    is over, however the harness ended. `removed` takes it away at the end. `resident`: see `ContainerShell`; for
    commands of our own, which leave nobody behind who prints.

    A command that the kernel killed for want of memory has given no answer.
    Raises: HarnessBroken if it cannot be made, CommandFailed if the image has no `sleep`.
    """
    sleep_s = int(TIME_TO_LIVE.total_seconds())
    container = create_sleeper(
        engine, image, owner.with_role(ROLE), mounts, network=network, name_server=name_server, sleep_s=sleep_s
    )
    try:
        start_container(engine, container, f"a tool container of {image}")
        if started:
            started(container)
        shell = ContainerShell(
            engine, lambda: container, where, on_command=on_command, redact=redact, resident=resident
        )
        with closing(shell):
            yield shell
    except CommandFailed as error:
        if memory_ran_out(engine, container):
            raise HarnessBroken(f"memory ran out in {where}: {error}") from error
        raise
    finally:
        removed(engine, container)


class KeptTools:
    """Tool containers that are kept for whoever asks for the same again: making one takes 0.4 s.

    Each is lent to one at a time. One in which anything went wrong is not kept. They carry the run's labels, and go
    with its other containers.
    """

    def __init__(self) -> None:
        self._idle: dict[Hashable, list[tuple[ExitStack, Shell, float]]] = {}
        self._leaving: list[Callable[[], None]] = []
        self._choosing = threading.Lock()
        self._gone = False

    @contextmanager
    def lent(self, same: Hashable, new: Callable[[], AbstractContextManager[Shell]]) -> Iterator[Shell]:
        """Raises: CouldNotAsk if nobody would remove a new one any more; else as `new`."""
        with self._choosing:
            if self._gone:
                raise CouldNotAsk("what it would be asked of has been removed")
            idle = self._idle.get(same)
            held, shell, made = idle.pop() if idle else (ExitStack(), None, 0.0)
        if shell is not None and time.monotonic() - made > KEPT_S:
            held.close()
            held, shell = ExitStack(), None
        with held:
            if shell is None:
                shell, made = held.enter_context(new()), time.monotonic()
            yield shell
            with self._choosing:
                self._idle.setdefault(same, []).append((held.pop_all(), shell, made))

    def leave(self, engine: Engine, container: str) -> None:
        """Removed while the harness goes on: nothing runs in it any more, and waiting takes 0.2 s each."""
        with self._choosing:
            self._leaving.append(at_once.begin(partial(remove_container, engine, container)))

    def end(self) -> None:
        """All that carries the run's labels is being removed, they too: a thread that goes on makes no new one."""
        with self._choosing:
            self._gone = True
        with suppress(PortalDrillError):  # what is still there is found by its labels
            self._await_left()

    def _await_left(self) -> None:
        """All of those that were to leave. Raises: HarnessBroken if one of them could not be removed."""
        with self._choosing:
            leaving, self._leaving = self._leaving, []
        failed: PortalDrillError | None = None
        for wait in leaving:
            try:
                wait()
            except PortalDrillError as error:
                failed = failed or error
        if failed:
            raise failed

    def remove(self) -> None:
        """Those that nobody uses, and that are not gone yet. Raises: HarnessBroken."""
        with self._choosing:
            idle = [held for kept in self._idle.values() for held, _, _ in kept]
            self._idle.clear()
        for held in idle:
            held.close()
        self._await_left()
