"""The sandbox: the recovered portal, what starts it, and what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.containers.stack import ContainerStack
from harness.errors import HarnessBroken
from harness.kinds.contracts import PortalAccess, PortalKind, Probe, Trace
from harness.model.inventory import Difference
from harness.model.restore_point import Canary, RestorePoint
from harness.run.inventory import traced
from harness.run.session import Session


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

    def rotated(self, component: str) -> frozenset[str]:
        """Logs that the source began anew between its two inventories, as the capture saw it."""
        seen = self.point.evidence.observation("rotated", component)
        return frozenset(map(str, seen.data)) if seen and isinstance(seen.data, list) else frozenset()

    def trace(self, component: str, keys: frozenset[str]) -> dict[str, Trace]:
        """Digests of some items in the three inventories of a component, if these were compared."""
        refs = [self.point.inventory(component, moment) for moment in ("before", "after")]
        if component not in self.differences or not keys:
            return {}
        paths = [self.folder / ref.path for ref in refs if ref]
        restored = self.session.folder / "inventories" / f"{component}.restored.jsonl.gz"
        return {key: Trace(*digests) for key, digests in traced(keys, *paths, restored)}

    @property
    def access(self) -> PortalAccess:
        return self.session.portal(self.stack)
