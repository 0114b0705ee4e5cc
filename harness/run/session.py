"""What one run holds on to: its folder, journal, engine and the handles that are made from them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.containers.engine import Engine, connect
from harness.containers.labels import new_owner
from harness.containers.stack import ContainerStack
from harness.errors import HarnessBroken
from harness.kinds import registry
from harness.kinds.contracts import FaultKind, FaultRow, Litters, PortalAccess, PortalKind, Spoils, Stack
from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.model.progress import Progress
from harness.model.restore_point import FaultNote
from harness.run.interrupts import Interrupts
from harness.run.journal import Journal
from harness.run.secrets import worth_hiding

STATE = ".portal-drill"


@dataclass
class Session:
    """One run. `folder` is its report folder, `state` the folder of vault, preflight memory and locks."""

    root: Path
    run_id: str
    folder: Path
    state: Path
    drill: Drill
    plan: Plan
    journal: Journal
    progress: Progress
    engine: Engine
    keep: bool = False
    fault: FaultNote | None = None  # of procedure, of the source or of the target; one of a restore point is its own
    interrupts: Interrupts = field(default_factory=Interrupts)

    @property
    def portal_kind(self) -> PortalKind:
        return registry.portal_of(self.drill.portal)

    def portal(self, stack: Stack) -> PortalAccess:
        return PortalAccess(self.drill.portal, stack, self.drill)

    def new_stack(self, role: Literal["source", "sandbox"]) -> ContainerStack:
        """After a disaster the portal is on another machine: a sandbox has other host names, unless the drill says why
        not (GEN-D23)."""
        services = self.plan.services
        if role == "sandbox" and self.drill.keep_host_names is None:
            services = tuple(service.on_another_machine() for service in services)
        return ContainerStack(
            self.engine,
            services,
            role=role,
            owner=new_owner(self.run_id, self.drill.name, role, self.state),
            copy_image_content=role == "source",
            watched=role == "sandbox",
            on_command=self.journal.command,
            redact=self.redacted,
            on_secret=self.learnt,
        )

    def spoil(self, stack: Stack) -> None:
        """Change the source as the fault of this run says, if it is one of the source."""
        if (found := self._fault_kind()) and isinstance(found[0], Spoils):
            found[0].spoil(found[1], self.portal(stack))

    def litter(self, stack: Stack) -> None:
        """Leave something in the target as the fault of this run says, if it is one of the target."""
        if (found := self._fault_kind()) and isinstance(found[0], Litters):
            found[0].litter(found[1], stack)

    def _fault_kind(self) -> tuple[FaultKind, FaultRow] | None:
        if self.fault is None:
            return None
        kind, name = registry.fault(self.fault.fault), self.fault.row
        return kind, next(row for row in kind.ROWS if row.name == name)

    def note_interrupts(self) -> None:
        """What the run is being left by, if that came between steps; and how often it was interrupted after that."""
        if isinstance(sys.exception(), KeyboardInterrupt) and not self.journal.so_far().mark("interrupted"):
            self.journal.mark("interrupted", reason=self.interrupts.reason)
        if self.interrupts.noted:
            self.journal.log(f"interrupted {self.interrupts.noted} times more while the run was torn down")

    def redacted(self, text: str) -> str:
        """Secrets never reach progress lines; the journal knows them all."""
        return self.journal.redacted(text)

    def learnt(self, secret: str) -> None:
        """What a reference stands for, told before it is used: it may be another one than when the run began."""
        self.journal.hide(worth_hiding([secret]))


@contextmanager
def reachable_engine() -> Iterator[Engine]:
    """Raises: HarnessBroken with one sentence that says what to do."""
    try:
        engine = connect()
    except HarnessBroken as error:
        raise HarnessBroken(f"{error}; start one, or run `make setup`") from error
    try:
        yield engine
    finally:
        engine.close()
