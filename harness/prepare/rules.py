"""Rules that hold between the parts of a drill: order, strategy, mode, volumes, proof, references."""

from __future__ import annotations

from pathlib import PurePosixPath

from harness.kinds import registry
from harness.kinds.contracts import Reindexes, When
from harness.model.drill import CheckUse, Component, Group, Rewire, Service
from harness.model.frozen import JsonValue
from harness.model.plan import Action
from harness.prepare.mistakes import Mistakes, nearest, shown
from harness.prepare.resolve import UNREADABLE, Desk
from harness.prepare.schema import REFERENCE, SECRET_KEY
from harness.prepare.yaml_source import At

MARKS = ("product_started", "product_healthy", "first_correct_search", "index_consistent")


def check_secrets(mistakes: Mistakes, value: JsonValue, at: At = ()) -> None:
    """Secrets are references, and every `${…}` is a reference of the right form."""
    if value is not None and at and SECRET_KEY.search(str(at[-1])) and not REFERENCE.fullmatch(str(value)):
        mistakes.at_value(at, "a secret in plain text", "a reference: ${env:NAME} or ${file:/path}")
    elif isinstance(value, dict):
        for key, below in value.items():
            check_secrets(mistakes, below, (*at, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            check_secrets(mistakes, below, (*at, number))
    elif isinstance(value, str) and "${" in REFERENCE.sub("", value):
        mistakes.at_value(at, shown(value), "a reference: ${env:NAME} or ${file:/path}")


def check_names(desk: Desk, components: tuple[Component, ...], names: list[str], at: At) -> list[str]:
    """Those of `names` that exist; the others are mistakes, and so is a name given twice."""
    known = _all_names(desk, components)
    found: list[str] = []
    for number, name in enumerate(names):
        place = (*at, number)
        if name not in known and not (desk.product is None or "components" in desk.tainted):
            desk.mistakes.unknown_word(place, "a component", name, known)
        elif name in found:
            desk.mistakes.at_value(place, f"{name} again", "each component once")
        else:
            found.append(name)
    return found


def _all_names(desk: Desk, components: tuple[Component, ...]) -> set[str]:
    """Components that exist, also those whose own mistakes kept them from being resolved."""
    demanded = set(desk.product.COMPONENTS) if desk.product else set()
    return (demanded | set(desk.text.components) | {c.name for c in components}) - desk.waived["component"]


def resolve_groups(desk: Desk, components: tuple[Component, ...]) -> tuple[Group, ...]:
    demanded = desk.product.GROUPS if desk.product else {}
    present = _all_names(desk, components)
    resolved = {component.name for component in components}
    groups, member_of = [], dict[str, str]()
    for name in dict.fromkeys((*demanded, *desk.text.groups)):
        text, at = desk.text.groups.get(name), ("groups", name)
        required = [one for one in demanded.get(name, ()) if one in present]
        order = required
        if text is not None and text.order is not None:
            order = check_names(desk, components, text.order, (*at, "order"))
            _check_order(desk, name, required, order)
        elif text is not None and name not in demanded:
            desk.mistakes.at_key(at, "no order", "the key order: components in the order of their backup")
        for one in order:
            if member_of.setdefault(one, name) != name:
                where = desk.place((*at, "order"), ("product",))
                desk.mistakes.at_value(where, f"{one}, which is in {member_of[one]}", "each component in one group")
        if resolved.issuperset(order) and order:
            groups.append(Group(name=name, order=tuple(order), max_skew_s=text.max_skew if text else None))
    return tuple(groups)


def _check_order(desk: Desk, group: str, required: list[str], order: list[str]) -> None:
    if group in desk.waived["order"] or "waivers" in desk.tainted:
        return
    at: At = ("groups", group, "order")
    missing = [one for one in required if one not in order]
    if missing:
        expected = f"all that must come from one instant: {', '.join(required)}"
        desk.mistakes.at_value(at, f"an order without {', '.join(missing)}", expected)
    wanted = [one for one in required if one in order]
    written = [one for one in order if one in required]
    if wanted != written:
        hint = "references first, then what they refer to; or waive it: `- order: " + group + "`"
        desk.mistakes.at_value(at, ", ".join(written), f"the product's order: {', '.join(wanted)}", hint)


def resolve_restore(desk: Desk, components: tuple[Component, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Strategy by component, and the whole order of restore."""
    strategies: dict[str, str] = dict(desk.text.restore.__pydantic_extra__ or {})
    by_name = {component.name: component for component in components}
    known = _all_names(desk, components)
    for name, strategy in strategies.items():
        at: At = ("restore", name)
        if name not in known and not (desk.product is None or "components" in desk.tainted):
            desk.mistakes.unknown_word(at, "a component, or order", name, (*known, "order"), key=True)
        elif strategy == "rebuild" and name in by_name:
            _check_rebuild(desk, by_name[name], at)
    written = check_names(desk, components, list(desk.text.restore.order), ("restore", "order"))
    usual = desk.product.RESTORE_ORDER if desk.product else ()
    order = dict.fromkeys((*written, *usual, *by_name))
    return {n: s for n, s in strategies.items() if n in by_name}, tuple(n for n in order if n in by_name)


def _check_rebuild(desk: Desk, component: Component, at: At) -> None:
    if not registry.component(component.kind).IS_INDEX:
        desk.mistakes.at_value(at, f"rebuild for a {component.kind}", "as-backed-up: only an index can be rebuilt")
    elif component.primary:
        hint = "what it holds exists nowhere else (LR-D1)"
        desk.mistakes.at_value(at, f"rebuild for {component.name}, a primary index", "as-backed-up", hint)
    elif desk.portal is not None and not isinstance(desk.portal, Reindexes):
        desk.mistakes.at_value(at, "rebuild", f"as-backed-up: the portal {desk.text.portal.kind} cannot rebuild")


def check_mode(desk: Desk, components: tuple[Component, ...]) -> None:
    for component in components:
        if desk.text.backup.mode == "online" and not registry.engine(component.engine).TOLERATES_OPEN_FILES:
            at = desk.place(("components", component.name, "engine"), desk.place(("backup", "mode"), ("product",)))
            found = f"the engine {component.engine} for {component.name} while the portal runs"
            desk.mistakes.at_value(at, found, "backup: {mode: offline}, or an engine that tolerates open files")


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
        place = _place(component, services)
        if place is not None and first.setdefault(place, component.name) != component.name:
            at = desk.place(("components", component.name), ("product",))
            found = f"{component.name}, in the same place as {first[place]}"
            desk.mistakes.at_key(at, found, "each place once", "one would be restored over the other")


def _place(component: Component, services: dict[str, Service]) -> object:
    """Where a component lies: its folder on a volume, or its database; None for what shares its server by patterns."""
    path, service = component.options.get("path"), services.get(component.service)
    if isinstance(path, str) and service is not None:
        volume = volume_at(service, path)
        mount = next((m for m, name in service.volumes.items() if name == volume), "/")
        return (volume, str(PurePosixPath(path).relative_to(mount))) if volume else None
    database = component.options.get("database")
    return (component.kind, component.service, database) if isinstance(database, str) else None


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
        mounts = sorted(mount for mount, volume in service.volumes.items() if not volume.startswith("/"))
        expected = f"a path on a named volume of {service.name}: {', '.join(mounts) or 'it has none'}"
        desk.mistakes.at_value(at, shown(path), expected, nearest(path, mounts))


def volume_at(service: Service, path: str) -> str | None:
    """The named volume that holds the path, or None if it lies in the image or outside."""
    where = PurePosixPath(path)
    if not where.is_absolute() or ".." in where.parts:
        return None
    for mount in (where, *where.parents):
        volume = service.volumes.get(str(mount))
        if volume is not None:
            return None if volume.startswith("/") else volume
    return None


def check_proof(desk: Desk, checks: tuple[CheckUse, ...]) -> None:
    if desk.product is None or {"checks", "waivers"} & desk.tainted:
        return
    if not any(registry.check(use.name).PROVES_DATA for use in checks):
        proving = sorted(name for name in registry.names("checks") if registry.check(name).PROVES_DATA)
        at = desk.place(("waivers",), desk.place(("checks",), ("product",)))
        desk.mistakes.at_value(at, "no check that proves data", f"at least one of {', '.join(proving)}")


def resolve_rewire(desk: Desk, components: tuple[Component, ...]) -> tuple[Rewire, ...]:
    found = []
    files = {c.name for c in components if not registry.component(c.kind).NEEDS_SERVICE}
    for number, text in enumerate(desk.text.rewire):
        at: At = ("rewire", number)
        if text.component not in (*files, UNREADABLE) and desk.product is not None and desk.portal is not None:
            desk.mistakes.unknown_word((*at, "component"), "a component that holds files", text.component, files)
        where = PurePosixPath(text.file)
        if where.is_absolute() or ".." in where.parts:
            desk.mistakes.at_value((*at, "file"), shown(text.file), "a path below the component's")
        found.append(Rewire(component=text.component, file=text.file, old=text.old, new=text.new))
    return tuple(found)


def check_words(desk: Desk, components: tuple[Component, ...]) -> None:
    """Marks of the recovery time and steps with deadlines are words that exist."""
    for number, mark in enumerate(desk.text.objectives.rto_marks):
        at: At = ("objectives", "rto_marks", number)
        if mark not in MARKS:
            desk.mistakes.unknown_word(at, "a mark that ends a recovery", mark, MARKS)
        elif mark == "index_consistent" and "rebuild" not in (desk.text.restore.__pydantic_extra__ or {}).values():
            desk.mistakes.at_value(at, mark, "a mark that is made", "it is made when an index is rebuilt")
    names = _all_names(desk, components)
    actions = [str(action) for action in Action]
    services = [service.name for service in desk.stack.services] if desk.stack else []
    subjects = {*names, *services, *(str(when) for when in When)}
    for step in desk.text.deadlines:
        action, colon, subject = step.partition(":")
        if action not in actions:
            desk.mistakes.unknown_word(("deadlines", step), "an action, or action:subject", action, actions, key=True)
        elif colon and subject not in subjects and desk.stack is not None and desk.product is not None:
            desk.mistakes.unknown_word(("deadlines", step), f"what to {action}", subject, subjects, key=True)
