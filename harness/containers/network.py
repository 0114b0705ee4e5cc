"""The network of a stack: internal, and cut from the host itself where that can be had."""

from __future__ import annotations

from dataclasses import dataclass

from harness.containers import firewall
from harness.containers.engine import Engine, translated
from harness.containers.labels import Owner

# Where the engine's own name server passes unknown names on to: the container itself, where nobody answers. Left to
# itself, Docker before 25.0.5 asks the host's name server even for internal networks (CVE-2024-29018). Loopback refuses
# at once; a question that is under way to an address of nobody holds up the removal of its container for 4 s.
NOBODY = "127.0.0.1"
# The engine's name server gives no answer at all for such a name, and a resolver waits 5 s, four times over.
RESOLVER_OPTIONS = ["timeout:1", "attempts:2"]


@dataclass(frozen=True)
class StackNetwork:
    """A network with its bridge on the host (none if the engine is elsewhere).

    `cut_from_host`: containers cannot reach services of the host through the bridge's gateway address.
    """

    id: str
    name: str
    bridge: str
    gateway: str
    subnet: str
    cut_from_host: bool


def create_network(engine: Engine, owner: Owner) -> StackNetwork:
    """Raises: HarnessBroken if the engine refuses."""
    name = owner.name_of("network")
    with translated(f"the network {name} could not be made"):
        made = engine.api.create_network(name, driver="bridge", internal=True, labels=owner.labels())
        details = engine.api.inspect_network(made["Id"])
    bridge = bridge_of(details)
    addresses = (details["IPAM"]["Config"] or [{}])[0]
    return StackNetwork(
        id=str(details["Id"]),
        name=name,
        bridge=bridge,
        gateway=str(addresses.get("Gateway", "")),
        subnet=str(addresses.get("Subnet", "")),
        cut_from_host=firewall.cut(bridge, owner.run),
    )


def bridge_of(details: dict[str, object]) -> str:
    """The bridge's interface on the host. Source: Docker's bridge driver names it after the network's id
    unless the option below is given; Podman gives `network_interface`."""
    options = details.get("Options")
    named = options.get("com.docker.network.bridge.name") if isinstance(options, dict) else None
    return str(named or details.get("network_interface") or f"br-{str(details['Id'])[:12]}")
