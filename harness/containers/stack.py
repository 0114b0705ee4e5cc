"""The containers of one portal: the source or the sandbox. The handle `Stack`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Literal

from harness import at_once
from harness.containers import teardown, volumes
from harness.containers.create import create_service, start_container
from harness.containers.engine import Engine, translated
from harness.containers.handles import StackHandles
from harness.containers.hooks import (
    OnCommand,
    OnOutput,
    OnSecret,
    Redact,
    nothing_recorded,
    nothing_redacted,
    nothing_said,
)
from harness.containers.labels import Owner
from harness.containers.network import NOBODY, StackNetwork, create_network
from harness.containers.one_shot import OneShot
from harness.containers.sink import Sink
from harness.containers.tool import KeptTools
from harness.errors import PortalDrillError
from harness.kinds.contracts import CommandResult, Shell
from harness.model.drill import Service
from harness.model.frozen import JsonValue


class ContainerStack(StackHandles):
    """One network and the containers and named volumes of `services` on it, all with the owner's labels.

    `copy_image_content`: an empty volume is filled from the image when first mounted (a source); False
    for a target, which must be proved empty. `watched`: what asks for the outside ends in a sink, and is recorded.
    """

    def __init__(
        self,
        engine: Engine,
        services: Sequence[Service],
        *,
        role: Literal["source", "sandbox"],
        owner: Owner,
        copy_image_content: bool,
        on_secret: OnSecret,
        watched: bool = False,
        on_command: OnCommand = nothing_recorded,
        redact: Redact = nothing_redacted,
    ) -> None:
        super().__init__(engine, services, role, owner, on_command, redact, on_secret)
        self._copy = copy_image_content
        self._watched = watched

    def create(self) -> StackNetwork:
        """Makes network and volumes; its facts say whether it is cut from the host. Raises: HarnessBroken."""
        self._network = create_network(self.engine, self.owner)
        self._kept = KeptTools()
        names = [service.name for service in self.services if not service.profiles]
        sink = at_once.begin(partial(Sink, self.engine, self.owner, self._network, names)) if self._watched else None
        volumes.create_volumes(self.engine, self.owner, volumes.volume_names(self.services))
        if not self._copy:
            looking = at_once.begin(self._look_later)
            try:
                volumes.prepare_mount_points(self.engine, self.owner, [s for s in self.services if not s.profiles])
            finally:
                looking()
        if sink:
            self._sink = sink()
            self._sink.await_ready()
        return self._network

    def start(self, service: str) -> None:
        """Makes the container or starts the stopped one again; returns before the server inside is ready.

        Raises: CommandFailed if image or data cannot be started, HarnessBroken if the engine fails.
        """
        self._known_addresses.pop(service, None)
        if service not in self._containers:
            self._containers[service] = self._made(self._service(service))
        self._started_unix_s[service] = time.time()
        start_container(self.engine, self._containers[service], f"{self.role}/{service}")
        if self._sink:
            self._sink.lead(self._containers[service], service)

    def stop(self, service: str) -> None:
        """A regular stop: the image's or service's signal, and SIGKILL after the grace. Raises: HarnessBroken."""
        grace_s = self._service(service).stop_grace_s
        self._known_addresses.pop(service, None)
        with translated(f"{self.role}/{service} could not be stopped"):
            self.engine.api.stop(self._container(service), timeout=round(grace_s))
        self._known_addresses.pop(service, None)  # somebody may have asked meanwhile

    def kill(self, service: str) -> None:
        """SIGKILL, as a crash would. A container that does not run is left as it is. Raises: HarnessBroken."""
        self._known_addresses.pop(service, None)
        if self.is_running(service):
            with translated(f"{self.role}/{service} could not be killed"):
                self.engine.api.kill(self._container(service))

    def remove(self) -> tuple[str, ...]:
        """Kills and removes everything of this stack.

        Returns: what could not be removed, with the reason; empty if nothing is left.
        """
        self._kept.end()
        left = teardown.remove_stack(self.engine, self.owner)
        with suppress(PortalDrillError):  # what could not be removed is left, and named
            self._kept.remove()
        self._network = self._sink = None
        self._containers.clear()
        self._known_addresses.clear()
        return left

    def run_to_end(self, service: str, timeout_s: float, on_output: OnOutput = nothing_said) -> CommandResult:
        """Runs a service that ends by itself (an installer, a seeder); `on_output` gets its lines as they come.

        Raises: CouldNotAsk if it does not end within `timeout_s` seconds, CommandFailed if it cannot be
        started, HarnessBroken.
        """
        wanted, where = self._service(service), f"{self.role}/{service}"
        container = self._made(wanted)
        argv = wanted.command or (wanted.image,)
        said = OneShot(self.engine, container, where, self._redact)
        result = said.result(argv, timeout_s, on_output)
        self._on_command(where, tuple(map(self._redact, argv)), result.exit_code, result.duration_s, said.tail())
        return result

    def proved_empty(self) -> dict[str, list[str]]:
        """The first names found in each volume: empty lists on a target. Raises: HarnessBroken, CouldNotAsk."""
        if not (names := volumes.volume_names(self.services)):
            return {}
        with self._beside(names) as shell:
            return volumes.look_into(shell, self.services)

    def free_of_fs(self) -> dict[str, JsonValue]:
        """`type`, `size_bytes`, `free_bytes` of the volumes' file system. Raises: CouldNotAsk."""
        if not (names := volumes.volume_names(self.services)):
            return {}
        with self._beside(names) as shell:
            return volumes.filesystem_facts(shell, names[0])

    def free_bytes(self, names: Sequence[str]) -> dict[str, int]:
        """Bytes that are free for each of these volumes, which must exist. Raises: CouldNotAsk, CommandFailed."""
        if not names:
            return {}
        with self._beside(tuple(names)) as shell:
            return volumes.free_bytes(shell, names)

    def remove_tools(self) -> None:
        """The tool containers that are kept for the next question. Raises: HarnessBroken."""
        self._kept.remove()

    def _look_later(self) -> None:
        """Makes the container that will look whether the target is empty, while others prepare it."""
        if names := volumes.volume_names(self.services):
            with self._beside(names):
                pass

    def _beside(self, names: tuple[str, ...]) -> AbstractContextManager[Shell]:
        return self._kept.lent(names, partial(volumes.flat, self.engine, self.owner, names))

    def _made(self, service: Service) -> str:
        return create_service(
            self.engine,
            service,
            self.owner,
            self.network,
            copy=self._copy,
            on_secret=self._on_secret,
            name_server=self._sink.address if self._sink else NOBODY,
            aliases=service.aliases if self.role == "source" else (),
        )
