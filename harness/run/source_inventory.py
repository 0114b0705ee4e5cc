"""The source's inventories before and after its backup, and what went on between them (DESIGN 3, 4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds import registry
from harness.kinds.contracts import ComparesPrefixes, ComponentAccess, CountsDeletions, Stack
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.inventory import InventoryRef
from harness.model.plan import Step
from harness.run.inventory import began_anew
from harness.run.inventory_lines import write_inventory
from harness.run.session import Session


class SourceInventories:
    """Inventories into a restore point's folder; `taken` in order."""

    def __init__(self, session: Session, stack: Stack, folder: Path) -> None:
        self._session, self._journal, self._stack, self._folder = session, session.journal, stack, folder
        self._deletions: dict[str, Mapping[str, int] | None] = {}
        self.taken: list[InventoryRef] = []

    def take(self, step: Step, moment: str) -> None:
        component = self._session.plan.component(step.subject)
        relative = f"inventories/{component.name}.{moment}.jsonl.gz"
        if moment == "before":
            self._deletions[component.name] = self._count_deletions(component)
        items = registry.component(component.kind).inventory(ComponentAccess(component, self._stack))
        try:
            count, digest = write_inventory(items, component.classes, self._folder / relative)
        except CommandFailed as error:  # the harness looks here; that the backup is wrong is not shown by it
            raise CouldNotAsk(f"{component.name} could not be inventoried: {error}") from error
        ref = InventoryRef(component=component.name, moment=moment, path=relative, count=count, sha256=digest)
        self.taken.append(ref)
        self._journal.observe("inventory", ref.model_dump(mode="json"), subject=f"{component.name} {moment}")
        if moment == "after":
            self._see_rotated(component, self._folder / relative)
            self._see_deleted(component)

    def _see_deleted(self, component: Component) -> None:
        earlier, counted = self._deletions.get(component.name), self._count_deletions(component)
        if earlier is None or counted is None:
            return
        deleted: dict[str, JsonValue] = {k: n - earlier.get(k, 0) for k, n in counted.items() if n > earlier.get(k, 0)}
        if deleted:
            self._journal.observe("deleted", deleted, subject=component.name)

    def _count_deletions(self, component: Component) -> Mapping[str, int] | None:
        """Asked before the first inventory and after the last; what a server does not say (None) excuses nothing."""
        kind = registry.component(component.kind)
        try:
            return (
                kind.deletions(ComponentAccess(component, self._stack)) if isinstance(kind, CountsDeletions) else None
            )
        except (CommandFailed, CouldNotAsk) as error:
            self._session.progress.note(f"deletions in {component.name} are not known: {error}")
            return None

    def _see_rotated(self, component: Component, after: Path) -> None:
        """Logs that the source itself began anew between its inventories: only here can their beginnings be asked."""
        kind = registry.component(component.kind)
        before = next((r for r in self.taken if (r.component, r.moment) == (component.name, "before")), None)
        if before is None or not isinstance(kind, ComparesPrefixes):
            return
        access = ComponentAccess(component, self._stack)
        try:
            rotated = began_anew(self._folder / before.path, after, partial(kind.prefix_digests, access))
        except CommandFailed as error:
            raise CouldNotAsk(f"the logs of {component.name} could not be looked at: {error}") from error
        if rotated:
            self._journal.observe("rotated", [*rotated], subject=component.name)
