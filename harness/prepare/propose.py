"""What a new drill file can say of a stack: which component lies in which service, as far as its Compose file shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from pydantic import ValidationError

from harness.kinds import registry
from harness.kinds.contracts import PortalKind, ProductComponent, ProductKind, Proposes
from harness.model.drill import Service, Stack
from harness.model.frozen import JsonValue
from harness.prepare.places import place_of, volume_at
from harness.prepare.proposal_words import CALLED, NOWHERE, unsaid

_ALIKE = 0.6  # least likeness of a component's name to that of a volume, a folder or a service
Options = dict[str, JsonValue]


@dataclass(frozen=True)
class Proposal:
    """One component. `why` and `requirements` are the product's; `bound`: the portal says where it is; `guess`: what
    is to be looked at, where the Compose file hardly says it."""

    name: str
    kind: str
    engine: str
    service: str
    options: Options
    engine_options: Options
    why: str = ""
    requirements: tuple[str, ...] = ()
    bound: bool = False
    guess: str = ""


@dataclass
class Proposer:
    """Gives each place of the stack away once: first to what the product demands, then to the rest."""

    stack: Stack
    product: ProductKind
    portal: PortalKind
    portal_service: str
    taken: set[tuple[str, str]] = field(default_factory=set)
    places: set[object] = field(default_factory=set)  # as the drill's reader sees them: a server has several databases

    def proposals(self) -> tuple[list[Proposal], list[str]]:
        """Components, and the names of those that the product demands and no service seems to hold."""
        rows = self.product.COMPONENTS
        if not rows:
            found = [*self._of_portal()]
            return [*found, *self._rest({one.name for one in found})], []
        placed = {name: self._bound(name, row) or self._guessed(name, row) for name, row in rows.items()}
        servers = {one.service for one in placed.values() if one and registry.component(one.kind).NEEDS_SERVICE}
        for name, row in rows.items():
            if placed[name] is None and not row.waivable:
                placed[name] = self._anywhere(name, row, servers)
        return [one for one in placed.values() if one], [name for name, one in placed.items() if one is None]

    def _services(self) -> tuple[Service, ...]:
        return self.stack.in_profile(None)

    def _bound(self, name: str, row: ProductComponent | None) -> Proposal | None:
        """Where the portal's own table says, if the stack has that service."""
        bound = self.portal.COMPONENTS.get(name, {})
        own = bound.get("service") == self.portal.SERVICE
        named = self.portal_service if own else bound.get("service")
        service = next((one for one in self._services() if one.name == named), None)
        if service is None:
            return None
        kinds = [str(bound.get("kind") or (row.kind if row else ""))]
        given = dict(bound.get("options", {}))
        for kind in kinds if kinds[0] else registry.names("components"):
            needed = _needed(registry.component(kind), service, name, given)
            engine = self._engine(kind, service, name, str(bound.get("engine") or (row.engine if row else "")))
            if needed is None or engine is None or not _valid(registry.component(kind), given | needed):
                continue
            self._take(kind, service, given | needed)
            whole = row is not None or "kind" in bound
            options = needed if whole else {word: given[word] for word in given if word in _required(kind)} | needed
            binds = bool(bound.get("engine_options")) and row is not None
            reasons = (row.why, row.requirements) if row else ("", ())
            return Proposal(
                name,
                kind,
                engine[0],
                service.name,
                options,
                {} if binds else engine[1],
                *reasons,
                whole,
                unsaid(service, needed),
            )
        return None

    def _guessed(self, name: str, row: ProductComponent) -> Proposal | None:
        kind = registry.component(row.kind)
        places = [
            (self._likeness(name, service, options), service, options)
            for service in self._services()
            for options in self._proposed(row.kind, service, name)
            if kind.NEEDS_SERVICE or self._free(service, options)
        ]
        # A server that holds nothing yet comes before another database of one that does.
        for likeness, service, options in sorted(places, key=lambda place: (not self._free(*place[1:]), -place[0])):
            if kind.NEEDS_SERVICE or likeness >= _ALIKE:
                guess = "" if self._free(service, options) else CALLED
                proposal = self._proposal(name, row, service, options, guess)
                if proposal is not None:
                    return proposal
        return None

    def _anywhere(self, name: str, row: ProductComponent, servers: set[str]) -> Proposal | None:
        """What cannot be left out: on a free volume that is no server's, the portal's and the outermost first."""
        places = [
            (service.name != self.portal_service, str(options.get("path", "")).count("/"), service, options)
            for service in self._services()
            if service.name not in servers
            for options in self._proposed(row.kind, service, name)
            if self._free(service, options)
        ]
        found = (self._proposal(name, row, *place[2:], NOWHERE) for place in sorted(places, key=lambda one: one[:2]))
        return next((one for one in found if one), None)

    def _proposed(self, kind: str, service: Service, name: str) -> Iterator[Options]:
        """Places of the service that no component has."""
        module = registry.component(kind)
        for options in module.propose(service, name) if isinstance(module, Proposes) else ():
            if place_of(kind, service, options) not in self.places:
                yield options

    def _proposal(
        self, name: str, row: ProductComponent, service: Service, options: Options, guess: str
    ) -> Proposal | None:
        engine = self._engine(row.kind, service, name, row.engine)
        if engine is None:
            return None
        self._take(row.kind, service, options)
        reasons = (row.why, row.requirements)
        return Proposal(
            name,
            row.kind,
            engine[0],
            service.name,
            options,
            engine[1],
            *reasons,
            guess=guess or unsaid(service, options),
        )

    def _of_portal(self) -> Iterator[Proposal]:
        for name in self.portal.COMPONENTS:
            proposal = self._bound(name, None)
            if proposal is not None:
                yield proposal

    def _rest(self, names: set[str]) -> Iterator[Proposal]:
        """Whatever else the stack holds: servers first, then volumes that are no server's."""
        servers = set[str]()
        by_need = sorted(registry.names("components"), key=lambda name: not registry.component(name).NEEDS_SERVICE)
        for kind_name in by_need:
            kind = registry.component(kind_name)
            for service in self._services():
                if not isinstance(kind, Proposes) or service.name in servers:
                    continue
                for options in kind.propose(service, service.name):
                    name = self._name(service, options, names, content=kind.NEEDS_SERVICE and not kind.IS_INDEX)
                    engine = self._engine(kind_name, service, name, "")
                    servers |= {service.name} if kind.NEEDS_SERVICE else set()
                    if engine and self._free(service, options):
                        self._take(kind_name, service, options)
                        names.add(name)
                        guess = unsaid(service, options)
                        yield Proposal(name, kind_name, engine[0], service.name, options, engine[1], guess=guess)

    def _name(self, service: Service, options: Options, names: set[str], *, content: bool) -> str:
        """The portal's word for its content, or that of the volume, or of the service."""
        if content and self.portal.CONTENT_TIER not in names:
            return self.portal.CONTENT_TIER
        wanted = service.volumes.get(str(options.get("path")), service.name)
        word = re.sub(r"[^a-z0-9]+", "_", wanted.lower()).strip("_") or "files"
        word = word if word[0].isalpha() and word != "order" else f"c_{word}"
        return next(n for n in (word, *(f"{word}_{number}" for number in range(2, 99))) if n not in names)

    def _engine(self, kind: str, service: Service, name: str, wanted: str) -> tuple[str, Options] | None:
        """The wanted engine, or the first that backs the kind up while the portal runs, with what it must be told."""
        for engine in (wanted,) if wanted else registry.names("engines"):
            module = registry.engine(engine)
            needed = _needed(module, service, name, {})
            if kind in module.COMPONENTS and needed is not None and (wanted or module.TOLERATES_OPEN_FILES):
                return engine, needed
        return None

    def _likeness(self, name: str, service: Service, options: Options) -> float:
        path = str(options.get("path", ""))
        words = (service.volumes.get(path, ""), path.rpartition("/")[2], service.name)
        return max(1.0 if word in name.split("_") else SequenceMatcher(None, name, word).ratio() for word in words)

    def _free(self, service: Service, options: Options) -> bool:
        return self._place(service, options) not in self.taken

    def _take(self, kind: str, service: Service, options: Options) -> None:
        self.places.add(place_of(kind, service, options))
        self.places.discard(None)  # shares its server, or a tree that carries it
        self.taken.add(self._place(service, options))

    def _place(self, service: Service, options: Options) -> tuple[str, str]:
        volume = volume_at(service, str(options.get("path", "")))
        return ("volume", volume) if volume else ("service", service.name)


def _required(kind: str) -> set[str]:
    return {name for name, one in registry.component(kind).Options.model_fields.items() if one.is_required()}


def _needed(module: object, service: Service, name: str, given: Options) -> Options | None:
    """Required options beyond those given, as the module proposes them; None if it cannot."""
    fields = module.Options.model_fields  # type: ignore[attr-defined]  # kinds and engines alike
    open_ = {word for word, one in fields.items() if one.is_required() and word not in given}
    if not open_:
        return {}
    for options in module.propose(service, name) if isinstance(module, Proposes) else ():
        if open_ <= set(options):
            return {word: options[word] for word in options if word not in given}
    return None


def _valid(module: object, options: Options) -> bool:
    try:
        module.Options.model_validate(options)  # type: ignore[attr-defined]  # as above
    except ValidationError:
        return False
    return True
