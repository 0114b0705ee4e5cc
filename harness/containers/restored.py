"""The restored portal as tests are given it (the fixture `restored`): testinfra, httpx and psycopg as people know
them, on the services of the sandbox. What is asked ends by the deadline of the test that asks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

from harness.clock import remaining_s
from harness.containers.handles import StackHandles
from harness.containers.http import LEAST_S
from harness.containers.sql import PORT, is_answer, is_refusal, open_connection
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken
from harness.model.drill import Portal
from harness.model.evidence import Seen

if TYPE_CHECKING:
    from testinfra.host import Host  # type: ignore[import-untyped]  # it ships no types

REQUEST_S = 30.0


class Restored:
    """Clients and connections are closed when the run ends."""

    def __init__(self, stack: StackHandles, portal: Portal) -> None:
        self._stack, self._portal = stack, portal
        self._held = ExitStack()

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services that the portal consists of."""
        return tuple(service.name for service in self._stack.services if not service.profiles)

    def host(self, service: str, *, user: str | None = None) -> Host:
        """A testinfra host; its commands run as root unless `user` is given."""
        from harness.containers.testinfra_host import host_of

        return host_of(self._stack.shell(self._known(service)), service, user)

    def http(self, service: str | None = None, *, port: int | None = None) -> httpx.Client:
        """A new client whose `base_url` is the service (the portal's own, if none is named); follows no redirect."""
        service = self._known(service or self._portal.service)
        port = port or (self._portal.port if service == self._portal.service else None)
        if port is None:
            raise ValueError(f"the drill does not say at which port {service} speaks HTTP: give `port`")
        client = httpx.Client(
            base_url=f"http://{self._address(service)}:{port}",
            timeout=REQUEST_S,
            trust_env=False,
            event_hooks={"request": [_in_time]},
        )
        return self._held.enter_context(client)

    def sql(
        self, service: str, *, database: str, user: str, password: str, port: int = PORT
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """A psycopg connection, read and write; what is written stays after `commit()`."""
        connection = open_connection(
            self._address(self._known(service)),
            database=database,
            user=user,
            password=password,
            port=port,
            application_name="portal-drill-tests",
        )
        self._held.callback(connection.close)
        return connection

    def environment(self, service: str) -> Mapping[str, str]:
        """The environment of any service of the stack, one that only installs or seeds too, with secrets resolved;
        they are left out of evidence and reports."""
        return self._stack.environment(service)

    def close(self) -> None:
        self._held.close()

    def _known(self, service: str) -> str:
        if service not in self.services:
            raise ValueError(f"no service {service!r}; this portal has {', '.join(self.services)}")
        return service

    def _address(self, service: str) -> str:
        """Raises: CouldNotAsk if the service does not run."""
        address = self._stack.addresses().get(service)
        if not address:
            raise CouldNotAsk(f"{service} has no address: {self._stack.exit_state(service)}")
        return address


def _in_time(request: httpx.Request) -> None:
    """Each silence of the server ends by the deadline of the test."""
    left_s = remaining_s(REQUEST_S, LEAST_S)
    given = request.extensions.get("timeout", {})
    request.extensions["timeout"] = {what: min(left_s, s if s else left_s) for what, s in given.items()}


def how_it_went(error: BaseException) -> Seen:
    """Whether an error in a test is an answer of what was restored (`refused`), or nobody knows."""
    if isinstance(error, AssertionError | CommandFailed | httpx.HTTPStatusError):
        return Seen.REFUSED
    if isinstance(error, psycopg.Error):
        refused = is_answer(error.sqlstate) or is_refusal(str(error))
        return Seen.REFUSED if refused else Seen.COULD_NOT_ASK
    lost = isinstance(error, CouldNotAsk | HarnessBroken | httpx.RequestError | OSError)
    return Seen.COULD_NOT_ASK if lost else Seen.CRASHED
