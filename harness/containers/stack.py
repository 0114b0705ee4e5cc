"""The containers of one portal: the source or the sandbox. The handle `Stack`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal

from harness.containers import sql, teardown, volumes
from harness.containers.create import (
    create_service,
    folder_mount,
    image_environment,
    service_mounts,
    start_container,
)
from harness.containers.engine import Engine, translated
from harness.containers.hooks import OnCommand, OnOutput, Redact, nothing_recorded, nothing_redacted, nothing_said
from harness.containers.http import BridgeHttp
from harness.containers.labels import Owner
from harness.containers.network import NOBODY, StackNetwork, create_network
from harness.containers.one_shot import OneShot
from harness.containers.references import resolved
from harness.containers.shell import ContainerShell
from harness.containers.state import state_text
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.errors import CouldNotAsk, HarnessBroken
from harness.kinds.contracts import CommandResult, Shell, Sql, ToolImage
from harness.model.drill import Service
from harness.model.frozen import JsonValue

LOG_LINES = 5000


class ContainerStack:
    """One network and the containers and named volumes of `services` on it, all with the owner's labels.

    `copy_image_content`: an empty volume is filled from the image when first mounted (a source); False
    for a target, which must be proved empty. `name_server`: who is asked for names that are not services,
    for containers made from then on (an address on the stack's own network; nobody by default).
    """

    def __init__(
        self,
        engine: Engine,
        services: Sequence[Service],
        *,
        role: Literal["source", "sandbox"],
        owner: Owner,
        copy_image_content: bool,
        on_command: OnCommand = nothing_recorded,
        redact: Redact = nothing_redacted,
    ) -> None:
        self.role: Literal["source", "sandbox"] = role
        self.engine = engine
        self.owner = owner
        self.services = tuple(services)
        self.name_server = NOBODY
        self._copy = copy_image_content
        self._on_command = on_command
        self._redact = redact
        self._network: StackNetwork | None = None
        self._containers: dict[str, str] = {}
        self._known_addresses: dict[str, str] = {}

    def create(self) -> StackNetwork:
        """Makes network and volumes; its facts say whether it is cut from the host. Raises: HarnessBroken."""
        self._network = create_network(self.engine, self.owner)
        volumes.create_volumes(self.engine, self.owner, volumes.volume_names(self.services))
        if not self._copy:
            volumes.prepare_mount_points(self.engine, self.owner, [s for s in self.services if not s.profiles])
        return self._network

    @property
    def network(self) -> StackNetwork:
        """Raises: HarnessBroken before `create` and after `remove`."""
        if self._network is None:
            raise HarnessBroken(f"the {self.role} has no network: it is not created")
        return self._network

    def start(self, service: str) -> None:
        """Makes the container or starts the stopped one again; returns before the server inside is ready.

        Raises: CommandFailed if image or data cannot be started, HarnessBroken if the engine fails.
        """
        self._known_addresses.pop(service, None)
        if service not in self._containers:
            self._containers[service] = self._made(self._service(service))
        start_container(self.engine, self._containers[service], f"{self.role}/{service}")

    def stop(self, service: str) -> None:
        """A regular stop: the image's or service's signal, and SIGKILL after the grace. Raises: HarnessBroken."""
        grace_s = self._service(service).stop_grace_s
        self._known_addresses.pop(service, None)
        with translated(f"{self.role}/{service} could not be stopped"):
            self.engine.api.stop(self._container(service), timeout=round(grace_s))

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
        left = teardown.remove_stack(self.engine, self.owner)
        self._network = None
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

    def is_running(self, service: str) -> bool:
        """False if it was never made. Raises: CouldNotAsk."""
        return service in self._containers and bool(self._inspected(self._containers[service])["Running"])

    def exit_state(self, service: str) -> str:
        """For messages: `running`, `not made`, `exited with 127: <last line>`, `killed: out of memory`."""
        if service not in self._containers:
            return "not made"
        return self._redact(state_text(self._inspected(self._containers[service]), self.logs(service)))

    def mounts(self, service: str) -> tuple[str, ...]:
        return tuple(self._service(service).volumes)

    def logs(self, service: str) -> str:
        """The last 5,000 lines that the service printed. Raises: CouldNotAsk."""
        if service not in self._containers:
            return ""
        with translated(f"the log of {self.role}/{service} cannot be read", CouldNotAsk):
            text: bytes = self.engine.api.logs(self._containers[service], tail=LOG_LINES)
        return text.decode(errors="replace")

    def environment(self, service: str) -> Mapping[str, str]:
        """The service's environment with secrets resolved, over what its image sets."""
        wanted = self._service(service)
        return {**image_environment(self.engine.image(wanted.image) or {}), **resolved(wanted.environment)}

    def proved_empty(self) -> dict[str, list[str]]:
        """The first names found in each volume: empty lists on a target. Raises: HarnessBroken, CouldNotAsk."""
        return volumes.look_into(self.engine, self.owner, self.services)

    def free_of_fs(self) -> dict[str, JsonValue]:
        """`type`, `size_bytes`, `free_bytes` of the volumes' file system. Raises: CouldNotAsk."""
        return volumes.filesystem_facts(self.engine, self.owner, volumes.volume_names(self.services))

    def addresses(self) -> dict[str, str]:
        """Bridge addresses of the running services."""
        return {service: self._address(service) for service in self._containers if self.is_running(service)}

    def shell(self, service: str) -> Shell:
        return ContainerShell(
            self.engine,
            lambda: self._container(service),
            f"{self.role}/{service}",
            on_command=self._on_command,
            redact=self._redact,
        )

    def http(self, service: str, port: int) -> BridgeHttp:
        """A new client without cookies."""
        return BridgeHttp(lambda: self._address(service), port, f"{self.role}/{service}")

    @contextmanager
    def sql(self, service: str, *, database: str, user: str, password: str) -> Iterator[Sql]:
        """Raises: CouldNotAsk if it cannot be reached, CommandFailed if it refuses the login."""
        where = f"{self.role}/{service}/{database}"
        with sql.connected(
            self._address(service), database=database, user=user, password=password, where=where
        ) as connection:
            yield connection

    def tool(
        self,
        service: str,
        *,
        image: ToolImage,
        writable: bool,
        artefact: Path | None = None,
        artefact_writable: bool = False,
        networked: bool = False,
        volumes: bool = True,
    ) -> AbstractContextManager[Shell]:
        """A container with the service's volumes at their paths and `artefact` (absolute) at `/artefact`."""
        wanted = self._service(service)
        mounts = service_mounts(wanted, self.owner, copy=False, read_only=not writable) if volumes else []
        if artefact is not None:
            mounts.append(folder_mount(artefact, writable=artefact_writable))
        return tool_container(
            self.engine,
            TOOLS_IMAGE if image is ToolImage.TOOLS else wanted.image,
            self.owner,
            mounts,
            network=self.network if networked else None,
            where=f"{self.role}/{service}/tool",
            on_command=self._on_command,
            redact=self._redact,
        )

    def _made(self, service: Service) -> str:
        return create_service(
            self.engine, service, self.owner, self.network, copy=self._copy, name_server=self.name_server
        )

    def _service(self, name: str) -> Service:
        for service in self.services:
            if service.name == name:
                return service
        raise HarnessBroken(f"the {self.role} has no service {name}")

    def _container(self, service: str) -> str:
        if service not in self._containers:
            raise CouldNotAsk(f"{self.role}/{service} is not running: it was not started")
        return self._containers[service]

    def _inspected(self, container: str) -> dict[str, Any]:
        with translated("the state of a container cannot be read", CouldNotAsk):
            state: dict[str, Any] = self.engine.api.inspect_container(container)["State"]
        return state

    def _address(self, service: str) -> str:
        known = self._known_addresses.get(service)
        if known:
            return known
        with translated(f"{self.role}/{service} has no address", CouldNotAsk):
            details = self.engine.api.inspect_container(self._container(service))
        address = details["NetworkSettings"]["Networks"].get(self.network.name, {}).get("IPAddress", "")
        if not address:
            raise CouldNotAsk(f"{self.role}/{service} has no address: {state_text(details['State'], '')}")
        self._known_addresses[service] = str(address)
        return str(address)
