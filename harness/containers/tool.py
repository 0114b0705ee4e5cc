"""Tool containers: made for a few commands, asleep in between, gone at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from docker.types import Mount

from harness.containers.create import create_sleeper, remove_container, start_container
from harness.containers.engine import Engine
from harness.containers.hooks import OnCommand, Redact, nothing_recorded, nothing_redacted
from harness.containers.labels import TIME_TO_LIVE, Owner
from harness.containers.memory import memory_ran_out
from harness.containers.network import NOBODY, StackNetwork
from harness.containers.shell import ContainerShell
from harness.errors import CommandFailed, HarnessBroken

TOOLS_IMAGE = "portal-drill/tools:3"
ROLE = "tool"


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
) -> Iterator[ContainerShell]:
    """A shell, root inside, without a network unless one is given. It ends by itself when its time to live
    is over, however the harness ended.

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
        yield ContainerShell(engine, lambda: container, where, on_command=on_command, redact=redact)
    except CommandFailed as error:
        if memory_ran_out(engine, container):
            raise HarnessBroken(f"memory ran out in {where}: {error}") from error
        raise
    finally:
        remove_container(engine, container)
