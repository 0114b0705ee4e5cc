"""Where components lie: on named volumes, each in a place of its own, behind a server that the portal does not need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from harness.kinds import registry
from harness.model.drill import Component, Service, is_folder
from harness.model.frozen import JsonValue
from harness.prepare.mistakes import nearest, shown
from harness.prepare.resolve import Desk
from harness.prepare.yaml_source import At


def check_places(desk: Desk, components: tuple[Component, ...], portal_service: str | None) -> None:
    """Files lie on named volumes; a server that a restore asks is not the portal itself."""
    services = {service.name: service for service in desk.stack.services} if desk.stack else {}
    for component in components:
        at = desk.place(("components", component.name, "path"),
                        desk.place(("components", component.name), ("portal",)))  # fmt: skip
        service = services.get(component.service)
        if registry.component(component.kind).NEEDS_SERVICE:
            always_runs = service is not None and not service.profiles
            below = always_runs and portal_service in _starts(services, component.service)
            if below and not _is_the_portal(desk, component):
                found = f"{component.name} in {component.service}, which is or needs the portal's own service"
                desk.mistakes.at_value(at, found, "a server that can run before the portal starts")
        elif service is not None:
            _check_path(desk, service, component.options.get("path"), at)


def check_twice(desk: Desk, components: tuple[Component, ...]) -> None:
    """Two components in one place would be restored over each other."""
    services = {service.name: service for service in desk.stack.services} if desk.stack else {}
    first: dict[object, str] = {}
    for component in components:
        place = place_of(component.kind, services.get(component.service), component.options)
        if place is not None and first.setdefault(place, component.name) != component.name:
            at = desk.place(("components", component.name), ("product",))
            found = f"{component.name}, in the same place as {first[place]}"
            desk.mistakes.at_key(at, found, "each place once", "one would be restored over the other")


def place_of(kind: str, service: Service | None, options: Mapping[str, JsonValue]) -> object:
    """Where a component lies: its folder on a volume, or its database; None for what shares its server by patterns,
    and for an index that lies in the tree of another component, which carries it."""
    if registry.purges(kind) or service is None:
        return None
    path, database = options.get("path"), options.get("database")
    if isinstance(path, str):
        volume = volume_at(service, path)
        mount = next((m for m, name in service.volumes.items() if name == volume), "/")
        return (volume, _below(path, mount)) if volume else None
    return (kind, service.name, database) if isinstance(database, str) else None


def _is_the_portal(desk: Desk, component: Component) -> bool:
    """Whether the adapter itself says that the component is its server: nothing stands in front of it."""
    bound = desk.portal.COMPONENTS.get(component.name, {}) if desk.portal else {}
    return desk.portal is not None and bound.get("service") == desk.portal.SERVICE


def _starts(services: dict[str, Service], name: str) -> set[str]:
    """The service and all that are started before it."""
    below = services[name].depends_on if name in services else ()
    return {name}.union(*(_starts(services, one) for one in below))


def _check_path(desk: Desk, service: Service, path: JsonValue, at: At) -> None:
    if isinstance(path, str) and volume_at(service, path) is None:
        mounts = sorted(service.named_volumes)
        expected = f"a path on a named volume of {service.name}: {', '.join(mounts) or 'it has none'}"
        desk.mistakes.at_value(at, shown(path), expected, nearest(path, mounts))


def volume_at(service: Service, path: str) -> str | None:
    """The named volume that holds the path, or None if it lies in the image or outside."""
    for mount in _upwards(path):
        volume = service.volumes.get(mount)
        if volume is not None:
            return None if is_folder(volume) else volume
    return None


@lru_cache(maxsize=1024)
def _below(path: str, mount: str) -> str:
    return str(PurePosixPath(path).relative_to(mount))


@lru_cache(maxsize=1024)
def _upwards(path: str) -> tuple[str, ...]:
    """The path and the folders above it; nothing if it is not one inside a container."""
    where = PurePosixPath(path)
    if not where.is_absolute() or ".." in where.parts:
        return ()
    return tuple(map(str, (where, *where.parents)))
