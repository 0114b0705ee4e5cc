"""The source's inventories before and after its backup, and what went on between them (DESIGN 3, 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds import registry
from harness.kinds.contracts import ComparesPrefixes, ComponentAccess, CountsDeletions, Stack
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.inventory import FORM, VOLATILE, InventoryRef, Item, Lines
from harness.model.plan import Step
from harness.run.inventory import began_anew
from harness.run.inventory_lines import classified, marked, write_inventory
from harness.run.session import Session


@dataclass
class Volatile:
    """How many items come and go without meaning anything, and how large they are."""

    items: int = 0
    bytes: int = 0

    def counting(self, items: Iterable[Item | Lines]) -> Iterator[Item | Lines]:
        for item in items:
            for one in marked(item):
                if one.item_class in VOLATILE:
                    self.items += 1
                    self.bytes += int(one.attributes.get("size", 0))
            yield item


class SourceInventories:
    """Inventories into a restore point's folder. Several may be taken at once."""

    def __init__(self, session: Session, stack: Stack, folder: Path) -> None:
        self._session, self._journal, self._stack, self._folder = session, session.journal, stack, folder
        self._deletions: dict[str, Mapping[str, int] | None] = {}
        self._taken: dict[tuple[str, str], InventoryRef] = {}

    @property
    def taken(self) -> list[InventoryRef]:
        """In the order of the plan, those from before the backup first."""
        wanted = [(moment, c.name) for moment in ("before", "after") for c in self._session.plan.components]
        return [self._taken[one] for one in wanted if one in self._taken]

    def take(self, step: Step, moment: str) -> None:
        component = self._session.plan.component(step.subject)
        relative = f"inventories/{component.name}.{moment}.jsonl.gz"
        if moment == "before":
            self._deletions[component.name] = self._count_deletions(component)
        items = registry.component(component.kind).inventory(ComponentAccess(component, self._stack))
        volatile = Volatile()
        try:
            counted = volatile.counting(classified(items, component.classes))
            count, digest = write_inventory(counted, (), self._folder / relative)
        except CommandFailed as error:  # the harness looks here; that the backup is wrong is not shown by it
            raise CouldNotAsk(f"{component.name} could not be inventoried: {error}") from error
        ref = InventoryRef(
            component=component.name,
            moment=moment,
            path=relative,
            count=count,
            sha256=digest,
            volatile=volatile.items,
            volatile_bytes=volatile.bytes,
            form=FORM,
        )
        self._taken[moment, component.name] = ref
        self._journal.observe("inventory", ref.model_dump(mode="json"), subject=f"{component.name} {moment}")
        if moment == "after":
            self._see_rotated(component, self._folder / relative)

    def see_deletions(self) -> None:
        """What was deleted since the first inventories. Asked when all else was seen: a session that rests tells the
        server of its last deletions seconds later (PostgreSQL 15 documentation, 28.2)."""
        for name, earlier in self._deletions.items():
            counted = self._count_deletions(self._session.plan.component(name))
            if earlier is None or counted is None:
                continue
            deleted: dict[str, JsonValue] = {
                k: n - earlier.get(k, 0) for k, n in counted.items() if n > earlier.get(k, 0)
            }
            if deleted:
                self._journal.observe("deleted", deleted, subject=name)

    def _count_deletions(self, component: Component) -> Mapping[str, int] | None:
        """What a server does not say (None) excuses nothing."""
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
        before = self._taken.get(("before", component.name))
        if before is None or not isinstance(kind, ComparesPrefixes):
            return
        access = ComponentAccess(component, self._stack)
        try:
            rotated = began_anew(self._folder / before.path, after, partial(kind.prefix_digests, access))
        except CommandFailed as error:
            raise CouldNotAsk(f"the logs of {component.name} could not be looked at: {error}") from error
        if rotated:
            self._journal.observe("rotated", [*rotated], subject=component.name)
