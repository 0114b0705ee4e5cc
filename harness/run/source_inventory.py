"""The source's inventories before and after its backup, and what went on between them (DESIGN 3, 4)."""

from __future__ import annotations

import time
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

# A session that rests tells the server of its last deletions so late. Source: PostgreSQL 15, PGSTAT_IDLE_INTERVAL.
TOLD_WITHIN_S = 10.0


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
        # When the inventory after the backup began, and what was counted when it had ended.
        self._counted_after: dict[str, tuple[float, Mapping[str, int] | None]] = {}
        self._taken: dict[tuple[str, str], InventoryRef] = {}

    @property
    def taken(self) -> list[InventoryRef]:
        """In the order of the plan, those from before the backup first."""
        wanted = [(moment, c.name) for moment in ("before", "after") for c in self._session.plan.components]
        return [self._taken[one] for one in wanted if one in self._taken]

    def take(self, step: Step, moment: str) -> None:
        component = self._session.plan.component(step.subject)
        relative = f"inventories/{component.name}.{moment}.jsonl.gz"
        began_s = time.monotonic()
        if moment == "before":
            self._deletions[component.name] = self._count_deletions(component)
        items = registry.component(component.kind).inventory(ComponentAccess(component, self._stack))
        volatile = Volatile()
        try:
            counted = volatile.counting(classified(items, component.classes))
            count, digest = write_inventory(counted, (), self._folder / relative)
        except CommandFailed as error:  # the harness looks here; that the backup is wrong is not shown by it
            raise CouldNotAsk(f"{component.name} could not be inventoried: {error}") from error
        if moment == "after":
            self._counted_after[component.name] = began_s, self._count_deletions(component)
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
        """What was deleted between the two inventories, and what later, as far as it can be told apart.

        A server may learn of a deletion seconds after it, and a row that the backup saw live would be one too many
        without it: what the server tells within these seconds counts as deleted before the inventory began. What it
        tells later may be of after the inventory, and says nothing certain of what the backup saw.
        """
        for name, earlier in self._deletions.items():
            began_s, soon = self._counted_after.get(name, (0.0, None))
            later = self._count_deletions(self._session.plan.component(name))
            if later is not None and time.monotonic() - began_s <= TOLD_WITHIN_S:
                soon = later
            later = soon if later is None else later
            if earlier is None or later is None:
                continue
            for what, deleted in (
                ("deleted", _more(soon or earlier, earlier)),
                ("deleted_later", _more(later, soon or earlier)),
            ):
                if deleted:
                    self._journal.observe(what, deleted, subject=name)

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


def _more(counted: Mapping[str, int], earlier: Mapping[str, int]) -> dict[str, JsonValue]:
    return {key: n - earlier.get(key, 0) for key, n in counted.items() if n > earlier.get(key, 0)}
