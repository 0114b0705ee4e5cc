"""The sandbox: the recovered portal, what starts it, and what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.containers.stack import ContainerStack
from harness.kinds.contracts import PortalAccess, PortalKind
from harness.model.inventory import Difference
from harness.model.restore_point import Canary, RestorePoint
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
    leftovers: tuple[str, ...] = ()

    @property
    def kind(self) -> PortalKind:
        return self.session.portal_kind

    @property
    def access(self) -> PortalAccess:
        return self.session.portal(self.stack)
