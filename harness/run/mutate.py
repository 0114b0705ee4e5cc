"""A mutation: one row of a fault, applied to a copy of a restore point or to a plan (DESIGN 2 and 10)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import clock
from harness.containers.create import folder_mount
from harness.containers.engine import Engine
from harness.containers.labels import Owner, new_owner
from harness.containers.locks import RunLock
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.errors import CommandFailed, HarnessBroken
from harness.kinds import registry
from harness.kinds.contracts import Alters, FaultRow, Injects, Shell, ToolImage, note_of
from harness.model.drill import Drill
from harness.model.plan import Plan
from harness.model.restore_point import FaultNote, RestorePoint
from harness.run import vault
from harness.run.session import STATE, reachable_engine

MUTATIONS = "mutations"
ROLE = "mutation"


@dataclass
class Bench:
    """The `FaultBench` of one copy. `other_folder`: an earlier restore point of the same drill."""

    folder: Path
    restore_point: RestorePoint
    drill: Drill
    plan: Plan
    engine: Engine
    owner: Owner
    other_folder: Path | None = None

    def artefact(self, component: str) -> Path:
        return vault.artefact_folder(self.folder, component)

    @contextmanager
    def shell(self, component: str, *, image: ToolImage) -> Iterator[Shell]:
        """A tool container without a network; the artefact is writable at `/artefact`."""
        service = self.plan.service(self.drill.component(component).service)
        tag = TOOLS_IMAGE if image is ToolImage.TOOLS else service.image
        mounts = [folder_mount(self.artefact(component).resolve(), writable=True)]
        with tool_container(self.engine, tag, self.owner, mounts, where=f"{ROLE}/{component}") as shell:
            yield shell

    def other(self) -> RestorePoint:
        return vault.load_record(self._other_folder())

    def other_artefact(self, component: str) -> Path:
        return vault.artefact_folder(self._other_folder(), component)

    def amend(self, **fields: Any) -> None:
        self.restore_point = self.restore_point.model_copy(update=fields)

    def _other_folder(self) -> Path:
        if self.other_folder is None:
            raise HarnessBroken("this fault needs an earlier restore point of the same drill")
        return self.other_folder


def row_of(fault: str, row: str) -> FaultRow:
    """Raises: KeyError if there is no such fault or row."""
    for one in registry.fault(fault).ROWS:
        if one.name == row:
            return one
    raise KeyError(f"the fault {fault} has no row {row}")


def mutate(
    folder: Path, target: Path, fault: str, row: str, drill: Drill, plan: Plan, engine: Engine, other: Path | None
) -> RestorePoint:
    """Copy the restore point `folder` to `target`, damage the copy, and seal it as if it had been backed up so.

    Given: a folder of `.portal-drill` two levels above `target`, where locks lie. Shape: the record of the
    copy names the fault. Rows marked `after_sealing` keep the manifest of the undamaged artefacts.
    Raises: HarnessBroken if the fault alters plans instead, or could not be injected.
    """
    kind, wanted = registry.fault(fault), row_of(fault, row)
    if not isinstance(kind, Injects):
        raise HarnessBroken(f"the fault {fault} is one of procedure: it alters a plan, not a restore point")
    run, state = clock.new_id(), target.parent.parent
    owner = new_owner(run, drill.name, ROLE, state)
    with RunLock(state, run):
        vault.copy_point(folder, target)
        for marker in (vault.RECOVERED, vault.MEASURE):
            (target / marker).unlink(missing_ok=True)  # that was another restore point
        point = vault.load_record(target).model_copy(update={"fault": note_of(fault, wanted)})
        bench = Bench(target, point, drill, plan, engine, owner, other)
        try:
            kind.inject(wanted, bench)
        except CommandFailed as error:
            raise HarnessBroken(f"the fault {fault} ({row}) could not be injected: {error}") from error
    if wanted.after_sealing:
        vault.save_record(target, bench.restore_point)
        return bench.restore_point
    return vault.reseal(target, bench.restore_point)


def damaged(
    folder: Path, fault: str, row: str, drill: Drill, plan: Plan, *, root: Path, other: Path | None = None
) -> Path:
    """A damaged copy of the restore point `folder`, below `.portal-drill/mutations/`; the caller removes it.

    Raises: HarnessBroken as `mutate`, or if no container engine answers.
    """
    target = root.resolve() / STATE / MUTATIONS / f"{folder.name}-{fault}-{row}"
    shutil.rmtree(target, ignore_errors=True)
    with reachable_engine() as engine:
        mutate(folder, target, fault, row, drill, plan, engine, other)
    return target


def altered(plan: Plan, fault: str, row: str) -> tuple[Plan, FaultNote]:
    """The plan with a fault of procedure in it (as it is for one of source or target), and the note that `drill_run`
    must be given with it.

    Raises: HarnessBroken if the fault damages restore points instead.
    """
    kind, wanted = registry.fault(fault), row_of(fault, row)
    if isinstance(kind, Injects):
        raise HarnessBroken(f"the fault {fault} damages a restore point: it does not alter a plan")
    return (kind.alter(wanted, plan) if isinstance(kind, Alters) else plan), note_of(fault, wanted)
