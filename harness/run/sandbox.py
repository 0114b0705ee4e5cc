"""The sandbox: the recovered portal, what starts it, and what is seen of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import floor
from pathlib import Path

from harness.containers.stack import ContainerStack
from harness.containers.troubles import troubles_of
from harness.errors import HarnessBroken
from harness.kinds import registry
from harness.kinds.contracts import ComponentAccess, KnowsAge, PortalAccess, PortalKind, Probe, Query, Trace
from harness.model.drill import Component
from harness.model.evidence import Observation
from harness.model.frozen import JsonValue
from harness.model.inventory import Difference, Item
from harness.model.plan import Action
from harness.model.restore_point import Canary, RestorePoint
from harness.run.inventory import traced
from harness.run.inventory_lines import kept_items
from harness.run.session import Session
from harness.run.steps import OURS
from harness.run.tally import Meanwhile
from harness.run.waiting import wait_for

EVERY_S = 0.1


def troubles_in(stack: ContainerStack) -> tuple[str, ...]:
    what = "the sandbox is too small" if stack.role == "sandbox" else "the source's machine is too small"
    return tuple(trouble if "paused" in trouble else f"{what}: {trouble}" for trouble in troubles_of(stack))


def _counts(seen: Observation | None) -> dict[str, int]:
    return {key: int(str(n)) for key, n in seen.data.items()} if seen and isinstance(seen.data, dict) else {}


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
    _queries: tuple[Query, ...] | None = None

    def queries(self) -> tuple[Query, ...]:
        """What to search for, chosen once: reading all texts takes seconds. Raises: CouldNotAsk, CommandFailed."""
        if self._queries is None:
            self._queries = tuple(self.kind.queries(self.access))
        return self._queries

    @property
    def kind(self) -> PortalKind:
        return self.session.portal_kind

    def stopped(self, service: str) -> Probe:
        """What to say of a service that does not run. Raises: HarnessBroken if memory ran out: ours (DESIGN 3)."""
        state = self.stack.exit_state(service)
        if "out of memory" in state:
            raise HarnessBroken(f"{service} was {state}: the sandbox is too small")
        # A server may tidy up before it ends, so that its volume looks as if there was room.
        said = next((words for words in OURS if words in self.stack.logs(service)), None)
        if said is not None:
            raise HarnessBroken(f"there is no room for {service} in the sandbox: {said}; {state}")
        return Probe(service, False, "running", state, final=True)

    def meanwhile(self, component: Component) -> Meanwhile:
        """What the capture saw of the source between the two inventories of a component."""
        kind, seen = registry.component(component.kind), self.point.evidence.observation
        rotated, artefact = seen("rotated", component.name), self.point.artefact(component.name)
        looked = self.point.evidence.step(f"{Action.INVENTORY_BEFORE}:{component.name}")
        written = (
            partial(kind.written_unix_s, ComponentAccess(component, self.stack)) if isinstance(kind, KnowsAge) else None
        )
        return Meanwhile(
            rotated=frozenset(map(str, rotated.data)) if rotated and isinstance(rotated.data, list) else frozenset(),
            deletions=_counts(seen("deleted", component.name)),
            later_deletions=_counts(seen("deleted_later", component.name)),
            written=written if looked and artefact else None,
            # From when the first inventory began. Whole seconds are what an archive keeps.
            window_unix_s=(
                floor(looked.at.utc.timestamp() - looked.duration_s),
                artefact.finished.at.utc.timestamp(),
            )
            if looked and artefact
            else (0.0, 0.0),
        )

    def trace(self, component: str, keys: frozenset[str]) -> dict[str, Trace]:
        """Digests of some items in the three inventories of a component, if these were compared."""
        refs = [self.point.inventory(component, moment) for moment in ("before", "after")]
        if component not in self.differences or not keys:
            return {}
        paths = [self.folder / ref.path for ref in refs if ref]
        restored = self.session.folder / "inventories" / f"{component}.restored.jsonl.gz"
        return {key: Trace(*digests) for key, digests in traced(keys, *paths, restored)}

    def kept(self, kept: JsonValue) -> Iterator[Item]:
        """What a check's look at the source has kept. Raises: CouldNotAsk if it is not that."""
        return kept_items(self.folder, kept)

    def wait_for(self, ask: Callable[[], Probe], within_s: float) -> Probe:
        """The last probe: good, final, or the one at the end. Raises: EngineGone."""
        progress = self.session.progress
        return wait_for(ask, within_s=within_s, every_s=EVERY_S, progress=progress, troubles=self.troubles)

    def troubles(self) -> tuple[str, ...]:
        """What the sandbox lacks, so that what fails in it is ours. Raises: CouldNotAsk, HarnessBroken."""
        return troubles_in(self.stack)

    @property
    def access(self) -> PortalAccess:
        return self.session.portal(self.stack)
