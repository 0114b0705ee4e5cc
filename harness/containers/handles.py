"""The handles of a stack: what is asked of its running containers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from harness.containers import sql
from harness.containers.artefacts import artefact_mount, lies_with_others, with_artefact
from harness.containers.create import image_environment, service_mounts
from harness.containers.engine import Engine, translated
from harness.containers.firewall import asked_for_host
from harness.containers.hooks import OnCommand, OnSecret, Redact
from harness.containers.http import BridgeHttp
from harness.containers.labels import Owner
from harness.containers.log import all_lines, last_lines
from harness.containers.network import NOBODY, StackNetwork
from harness.containers.own_layer import changed_in_layer
from harness.containers.references import resolve, resolved
from harness.containers.shell import ContainerShell
from harness.containers.sink import Sink
from harness.containers.state import state_text
from harness.containers.tool import TOOLS_IMAGE, KeptTools, tool_container
from harness.containers.ways_out import ways_out
from harness.errors import CouldNotAsk, HarnessBroken
from harness.kinds.contracts import Attempt, AttemptRecord, Shell, Sql, ToolImage, WayOut
from harness.model.drill import Service


class StackHandles:
    """Answers for the containers that a stack has started; starts and removes nothing but tool containers."""

    def __init__(
        self,
        engine: Engine,
        services: Sequence[Service],
        role: Literal["source", "sandbox"],
        owner: Owner,
        on_command: OnCommand,
        redact: Redact,
        on_secret: OnSecret,
    ) -> None:
        self.role: Literal["source", "sandbox"] = role
        self.engine = engine
        self.owner = owner
        self.services = tuple(services)
        self._on_command = on_command
        self._redact = redact
        self._on_secret = on_secret
        self._network: StackNetwork | None = None
        self._sink: Sink | None = None
        self._kept = KeptTools()
        self._containers: dict[str, str] = {}
        self._known_addresses: dict[str, str] = {}
        self._of_images: dict[str, dict[str, str]] = {}
        self._logs_since = 1.0
        self._started_unix_s: dict[str, float] = {}  # a process prints before the engine notes that it has started

    @property
    def network(self) -> StackNetwork:
        """Raises: HarnessBroken before `create` and after `remove`."""
        if self._network is None:
            raise HarnessBroken(f"the {self.role} has no network: it is not created")
        return self._network

    def is_running(self, service: str) -> bool:
        """False if it was never made. Raises: CouldNotAsk."""
        return service in self._containers and bool(self._inspected(service)["State"]["Running"])

    def exit_state(self, service: str) -> str:
        """For messages: `running`, `not made`, `exited with 127: <last line>`, `killed: out of memory`."""
        if service not in self._containers:
            return "not made"
        return self._redact(state_text(self._inspected(service)["State"], self.logs(service)))

    def mounts(self, service: str) -> tuple[str, ...]:
        return tuple(self._service(service).volumes)

    def logs_from_now(self) -> None:
        """What was printed until now is no longer asked for: a start has its own errors."""
        self._logs_since = time.time()

    def attached(self, service: str) -> dict[str, str]:
        """Path to the stack's volume or the host's folder, as the engine mounted it; "" for a volume without a name."""
        mounts = self._inspected(service)["Mounts"]
        named = {self.owner.name_of(v): v for v in self._service(service).named_volumes.values()}
        return {
            m["Destination"]: named.get(m.get("Name", ""), "")
            if m["Type"] == "volume"
            else m.get("Source") or m["Type"]
            for m in mounts
        }

    def changed_files(self, service: str) -> Iterator[str]:
        """Every folder above a change may be listed too: those are left out."""
        with translated(f"the changes in {self.role}/{service} cannot be read", CouldNotAsk):
            container = self._container(service)
            changed = changed_in_layer(self.engine.api.inspect_container(container))
            if changed is None:
                changed = [change["Path"] for change in self.engine.api.diff(container) or ()]
            paths = sorted(changed)
        above = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
        return (path for path in paths if path not in above)

    def logs(self, service: str) -> str:
        """The last `LOG_LINES` lines that the service printed since it was last started. Raises: CouldNotAsk."""
        return last_lines(*self._log(service)) if service in self._containers else ""

    def log_lines(self, service: str) -> Iterator[str]:
        """All that it printed since it was last started. Raises: CouldNotAsk."""
        return all_lines(*self._log(service))

    def environment(self, service: str) -> Mapping[str, str]:
        """The service's environment with secrets resolved, over what its image sets: asked once, for a portal's
        accounts are looked up here at each request."""
        wanted = self._service(service)
        if wanted.image not in self._of_images:
            self._of_images[wanted.image] = image_environment(self.engine.image(wanted.image) or {})
        return {**self._of_images[wanted.image], **resolved(wanted.environment, self._on_secret)}

    def resolved(self, text: str) -> str:
        return resolve(text, self._on_secret)

    def addresses(self) -> dict[str, str]:
        """Bridge addresses of the running services."""
        return {service: self._address(service) for service in self._containers if self.is_running(service)}

    def host_names(self) -> dict[str, str]:
        """What the containers of the running services call themselves."""
        running = [service for service in self._containers if self.is_running(service)]
        return {service: str(self._inspected(service)["Config"]["Hostname"]) for service in running}

    def attempts(self) -> AttemptRecord:
        """What the sandbox tried to reach outside, and what it asked of the host itself. Raises: CouldNotAsk."""
        if self._sink is None:
            raise CouldNotAsk(f"the {self.role} has no sink: what it asks for is not recorded")
        record = self._sink.attempts()
        try:
            asked = asked_for_host(self.network.bridge)
        except CouldNotAsk as error:
            return AttemptRecord(record.tried, (*record.not_recorded, str(error)))
        host = (Attempt("a container", "host", self.network.gateway, None, "dropped", asked),) if asked else ()
        return AttemptRecord((*record.tried, *host), record.not_recorded)

    def ways_out(self) -> tuple[WayOut, ...]:
        """Tried from inside; what this tries itself is counted as asked of the host from then on."""
        containers = [*self._containers.values()]
        return tuple(ways_out(self.engine, self.owner, self.network, containers, self._kept.leave))

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
        """A container with the service's volumes at their paths and `artefact` (absolute) at `/artefact`.

        Kept for the next question, and for the next component of the service: it sees the folder of all artefacts, one
        of which is at `/artefact`. A service's own image, whose commands are the operator's, sees its artefact alone.
        """
        wanted = self._service(service)
        mounts = service_mounts(wanted, self.owner, copy=False, read_only=not writable) if volumes else []
        alone = image is ToolImage.SERVICE or (artefact is not None and not lies_with_others(artefact))
        if artefact is not None:
            mounts.append(artefact_mount(artefact, alone=alone, writable=artefact_writable))
        new = partial(
            tool_container,
            self.engine,
            TOOLS_IMAGE if image is ToolImage.TOOLS else wanted.image,
            self.owner,
            mounts,
            network=self.network if networked else None,
            name_server=self._sink.address if self._sink and networked else NOBODY,
            started=partial(self._sink.lead, service=f"a tool of {service}") if self._sink and networked else None,
            where=f"{self.role}/{service}/tool",
            on_command=self._on_command,
            redact=self._redact,
            removed=self._kept.leave,
            resident=image is ToolImage.TOOLS,
        )
        if alone and (writable or artefact is not None):
            return new()
        shared = artefact.parent if artefact else None
        same = (service, image, networked, volumes, writable, shared, artefact_writable)
        lent = self._kept.lent(same, new)
        return with_artefact(lent, artefact.name) if artefact else lent

    def _service(self, name: str) -> Service:
        for service in self.services:
            if service.name == name:
                return service
        raise HarnessBroken(f"the {self.role} has no service {name}")

    def _container(self, service: str) -> str:
        if service not in self._containers:
            raise CouldNotAsk(f"{self.role}/{service} is not running: it was not started")
        return self._containers[service]

    def _log(self, service: str) -> tuple[Engine, str, str, float]:
        since_unix_s = max(self._started_unix_s.get(service, 0.0), self._logs_since)
        return self.engine, self._container(service), f"{self.role}/{service}", since_unix_s

    def _inspected(self, service: str) -> dict[str, Any]:
        with translated(f"the container of {self.role}/{service} cannot be looked at", CouldNotAsk):
            details: dict[str, Any] = self.engine.api.inspect_container(self._container(service))
        return details

    def _address(self, service: str) -> str:
        known = self._known_addresses.get(service)
        if known:
            return known
        details = self._inspected(service)
        address = details["NetworkSettings"]["Networks"].get(self.network.name, {}).get("IPAddress", "")
        if not address:
            raise CouldNotAsk(f"{self.role}/{service} has no address: {state_text(details['State'], '')}")
        self._known_addresses[service] = str(address)
        return str(address)
