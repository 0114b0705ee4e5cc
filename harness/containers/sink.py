"""The sink of a sandbox: what asks for the outside ends in it, and is recorded (DESIGN 8; GEN-D20, GEN-D21).

See `sink_server.py` for what it answers. A container reaches it by its default route, which an internal network does
not give: it is set from outside, right after the container's start.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.containers import firewall
from harness.containers.create import remove_container, start_container
from harness.containers.engine import Engine, translated
from harness.containers.labels import Owner
from harness.containers.network import StackNetwork
from harness.containers.tool import TOOLS_IMAGE
from harness.errors import CouldNotAsk, HarnessBroken
from harness.kinds.contracts import Attempt, AttemptRecord

SERVER = Path(__file__).with_name("sink_server.py")
READY_S = 20.0
ROUTE_S = 20
NAME = "sink"


class Sink:
    """A sink that was started, of a sandbox with services of these `names`."""

    def __init__(self, engine: Engine, owner: Owner, network: StackNetwork, names: Iterable[str]) -> None:
        self._engine, self._owner = engine, owner
        self._services: dict[str, str] = {}  # by address, of all containers that were given the route
        self._without_route: list[str] = []
        self._passes = firewall.let_pass_inside(network.bridge, owner.run)
        self._container = _created(engine, owner, network, names)
        start_container(engine, self._container, "the sandbox's sink")
        self.address = ""

    def await_ready(self) -> None:
        """Until it listens and knows its address. Raises: HarnessBroken with its last words if it does not come up."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            lines = self._lines()
            if lines and "ready" in lines[0]:
                self.address = str(lines[0]["address"])
                return
            if not self._is_running():
                break
            time.sleep(0.02)
        raise HarnessBroken(f"the sandbox's sink did not come up: {self._log()[-500:]!r}")

    def lead(self, container: str, service: str) -> None:
        """Give a started container its default route through the sink. Raises: HarnessBroken."""
        details = self._inspected(container, service)
        if not details["State"]["Running"]:
            return  # it ended by itself; its log says why
        for network in details["NetworkSettings"]["Networks"].values():
            self._services[str(network["IPAddress"])] = service
        try:
            led = self._route_from_host(int(details["State"]["Pid"])) or self._route_from_beside(container)
        except HarnessBroken:
            if self._inspected(container, service)["State"]["Running"]:
                raise
            return  # it ended meanwhile: nothing is beside it any more
        if not led:
            self._without_route.append(service)

    def _inspected(self, container: str, service: str) -> dict[str, Any]:
        with translated(f"{service} could not be given its route"):
            details: dict[str, Any] = self._engine.api.inspect_container(container)
        return details

    def _route_from_host(self, pid: int) -> bool:
        """In the container's own network namespace: needs root on the engine's host."""
        namespace = Path("/proc", str(pid), "ns", "net")
        if not (firewall.is_root() and shutil.which("nsenter") and shutil.which("ip") and namespace.exists()):
            return False
        command = ["nsenter", f"--net={namespace}", "ip", "route", "replace", "default", "via", self.address]
        try:
            return subprocess.run(command, capture_output=True, timeout=ROUTE_S, check=False).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def _route_from_beside(self, container: str) -> bool:
        """From a short-lived container in the same namespace: any engine can do that."""
        argv = ["ip", "route", "replace", "default", "via", self.address]
        with translated("the container that sets a route could not be made"):
            config = self._engine.api.create_host_config(network_mode=f"container:{container}", cap_add=["NET_ADMIN"])
            made = self._engine.api.create_container(
                TOOLS_IMAGE, argv, user="0", labels=self._owner.labels(), host_config=config
            )
        try:
            start_container(self._engine, made["Id"], "the container that sets a route")
            with translated("the end of the container that sets a route was not seen"):
                return int(self._engine.api.wait(made["Id"], timeout=ROUTE_S)["StatusCode"]) == 0
        finally:
            remove_container(self._engine, made["Id"])

    def attempts(self) -> AttemptRecord:
        """All that was tried until now, each once with its count. Raises: CouldNotAsk if the log cannot be read."""
        lines = self._lines()
        found: dict[tuple[Any, ...], Attempt] = {}
        for line in lines:
            if "sort" in line:
                service = self._services.get(str(line["source"]), "another container")
                key = (service, line["sort"], line["target"], line["port"], line["detail"])
                found[key] = Attempt(*key, count=int(line["count"]))
        return AttemptRecord(tuple(found.values()), tuple(self._not_recorded(lines)))

    def _not_recorded(self, lines: list[dict[str, Any]]) -> Iterator[str]:
        if not self._passes:
            yield "attempts by literal address are dropped and not recorded: that needs root and iptables"
        for service in self._without_route:
            yield f"{service} has no route to the sink: its attempts by literal address are not recorded"
        if not self._is_running():
            yield f"the sink has ended: {self._log()[-300:]!r}"
        dropped = max((int(line["dropped"]) for line in lines if "dropped" in line), default=0)
        if dropped:
            yield f"{dropped} attempts were too many to be recorded"

    def _lines(self) -> list[dict[str, Any]]:
        """Whole lines only: the last one may still be on its way. What is no JSON is Python's own complaint."""
        found = []
        for line in self._log().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def _log(self) -> str:
        with translated("the sink's record cannot be read", CouldNotAsk):
            text: bytes = self._engine.api.logs(self._container)
        return text.decode(errors="replace")

    def _is_running(self) -> bool:
        with translated("the sink's state cannot be read", CouldNotAsk):
            return bool(self._engine.api.inspect_container(self._container)["State"]["Running"])


def _created(engine: Engine, owner: Owner, network: StackNetwork, names: Iterable[str]) -> str:
    name, code = owner.name_of(NAME), SERVER.read_text(encoding="utf-8")
    with translated(f"the container {name} could not be made"):
        made = engine.api.create_container(
            TOOLS_IMAGE,
            command=["python3", "-I", "-u", "-c", code, network.subnet, network.gateway, *names],
            name=name,
            user="0",
            labels=owner.labels(),
            host_config=engine.api.create_host_config(
                network_mode=network.name, cap_add=["NET_ADMIN", "NET_RAW"], init=engine.init or None
            ),
            use_config_proxy=False,
        )
    return str(made["Id"])
