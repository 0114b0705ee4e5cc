"""Ways out of a sandbox, tried on purpose: nothing is said to be cut that was not tried (DESIGN 8; GEN-D20)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from harness import at_once
from harness.containers.create import remove_container
from harness.containers.engine import Engine, translated
from harness.containers.labels import Owner
from harness.containers.network import StackNetwork
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.errors import CouldNotAsk, PortalDrillError
from harness.kinds.contracts import Shell, WayOut

OUTSIDE = "203.0.113.1"  # an address of nobody (RFC 5737)
PORT = 443
PATIENCE_S = 1
REACHED = "it was reached"  # said, for silence shows nothing
_TRY = f'timeout "$3" bash -c "exec 3<>/dev/tcp/$1/$2" 2>&1 && echo "{REACHED}" || echo "no answer ($?)"'


def ways_out(
    engine: Engine,
    owner: Owner,
    network: StackNetwork,
    containers: Sequence[str],
    removed: Callable[[Engine, str], None] = remove_container,
) -> Iterator[WayOut]:
    """To a listener of ours on the host, to an outside address, and by what the engine connected or published."""
    try:
        with tool_container(engine, TOOLS_IMAGE, owner, [], network=network, where="way out", removed=removed) as shell:
            with _Listener(network.gateway) as listener:
                tried = ((network.gateway, listener.port), (OUTSIDE, PORT))
                said, outside = at_once.each(partial(_tried, shell), tried)
                reached = listener.accepted > listener.by_us
            yield WayOut("services of the host", reached, "a listener was reached" if reached else said)
            is_open = outside.endswith(REACHED) if outside else None
            yield WayOut(f"the outside ({OUTSIDE})", is_open, outside or "nothing was said")
    except (PortalDrillError, OSError) as error:
        yield WayOut("services of the host and the outside", None, str(error))
    yield from _connected(engine, network, containers)


def _tried(shell: Shell, target: tuple[str, int]) -> str:
    """What became of a connection. Raises: CouldNotAsk, CommandFailed."""
    argv = ["sh", "-c", _TRY, "try", target[0], str(target[1]), str(PATIENCE_S)]
    return shell.run(argv, timeout_s=30).ok().text.strip()


def _connected(engine: Engine, network: StackNetwork, containers: Sequence[str]) -> Iterator[WayOut]:
    try:
        with translated("networks and ports cannot be looked at", CouldNotAsk):
            internal = bool(engine.api.inspect_network(network.id)["Internal"])
            settings = [engine.api.inspect_container(each)["NetworkSettings"] for each in containers]
    except CouldNotAsk as error:
        yield WayOut("networks and ports", None, str(error))
        return
    others = sorted({name for each in settings for name in each["Networks"]} - {network.name})
    ports = sorted({port for each in settings for port, bound in (each.get("Ports") or {}).items() if bound})
    yield WayOut("the network", not internal, "internal" if internal else "not internal")
    yield WayOut("other networks", bool(others), ", ".join(others) or "none")
    yield WayOut("published ports", bool(ports), ", ".join(ports) or "none")


class _Listener:
    """Listens on one address of the host, and shows that it can be reached there: else it shows nothing."""

    def __init__(self, address: str) -> None:
        self._server = socket.create_server((address, 0))
        self._server.settimeout(0.1)
        self.port = int(self._server.getsockname()[1])
        self.accepted = self.by_us = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="way out", daemon=True)

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                continue
            self.accepted += 1
            connection.close()

    def __enter__(self) -> _Listener:
        """Raises: CouldNotAsk if it cannot be reached from the host itself."""
        self._thread.start()
        address = self._server.getsockname()[0]
        try:
            with socket.create_connection((address, self.port), timeout=2):
                self.by_us = 1
        except OSError as error:
            self.__exit__()
            raise CouldNotAsk(f"a listener at {address} cannot be reached from the host itself: {error}") from error
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join(2)
        self._server.close()
