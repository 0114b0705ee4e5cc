"""The sandbox: the recovered portal, what starts it, and what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.containers.stack import ContainerStack
from harness.containers.troubles import troubles_of
from harness.errors import HarnessBroken
from harness.kinds.contracts import PortalAccess, PortalKind, Probe
from harness.model.inventory import Difference
from harness.model.restore_point import Canary, RestorePoint
from harness.run.session import Session


def troubles_in(stack: ContainerStack) -> tuple[str, ...]:
    what = "the sandbox is too small" if stack.role == "sandbox" else "the source's machine is too small"
    return tuple(
        trouble if "paused" in trouble else f"{what}: {trouble}"
        for trouble in troubles_of(stack.engine, stack.owner, stack.services)
    )


@dataclass
class Sandbox:
    """What the stages of one recovery share. `survived` is per (number, tier), once it was looked."""

    session: Session
    folder: Path
    point: RestorePoint
    stack: ContainerStack
    canaries: tuple[Canary, ...]
    differences: dict[str, Difference] = field(default_factory=dict)
    survived: dict[tuple[int, str], bool] = field(default_factory=dict)
    leftovers: tuple[str, ...] | None = None

    @property
    def kind(self) -> PortalKind:
        return self.session.portal_kind

    def stopped(self, service: str) -> Probe:
        """What to say of a service that does not run. Raises: HarnessBroken if memory ran out: ours (DESIGN 3)."""
        state = self.stack.exit_state(service)
        if "out of memory" in state:
            raise HarnessBroken(f"{service} was {state}: the sandbox is too small")
        return Probe(service, False, "running", state, final=True)

    def troubles(self) -> tuple[str, ...]:
        """What the sandbox lacks, so that what fails in it is ours. Raises: CouldNotAsk, HarnessBroken."""
        return troubles_in(self.stack)

    @property
    def access(self) -> PortalAccess:
        return self.session.portal(self.stack)
