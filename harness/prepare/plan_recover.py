"""The recovering half of a plan: what is restored when, and which service runs by then.

File trees of a service are restored before it starts; a server that a restore asks must have started right before
the first component that needs it, and begins to start as early as it can: the largest part of a recovery may be
waiting for it. An index that fails to come back never keeps the portal from starting.
"""

from __future__ import annotations

from typing import Protocol

from harness.kinds import registry
from harness.kinds.contracts import When
from harness.model.drill import Component, Drill, Service
from harness.model.plan import Action, Step
from harness.prepare.places import volume_at


class AddsSteps(Protocol):
    steps: list[Step]

    def add(self, action: Action, subject: str = "", needs: tuple[str, ...] = (), note: str = "") -> str: ...


def plan_recover(drill: Drill, steps: AddsSteps, moments: frozenset[When]) -> tuple[Step, ...]:
    """All steps from the check of the artefacts to what is left after teardown."""
    preflight = steps.add(Action.PREFLIGHT)
    disaster = steps.add(Action.DISASTER, needs=(preflight,))
    target = steps.add(Action.CREATE_TARGET, needs=(disaster,))
    verified = steps.add(Action.VERIFY_ARTEFACTS, needs=(target,))
    needed = _restores(drill, steps, verified)
    for component in restore_order(drill)[0]:
        if component.name not in drill.rebuilt():
            steps.add(Action.INVENTORY_RESTORED, component.name, needs=(f"{Action.RESTORE}:{component.name}",))
    if When.AT_REST in moments:
        steps.add(Action.OBSERVE, When.AT_REST, needs=(target,))
    for component in restore_order(drill)[0]:
        if component.name in drill.rebuilt() and registry.purges(component.kind):
            needed = (*needed, steps.add(Action.PURGE, component.name, needs=needed))
    if drill.rewire:
        rewired = dict.fromkeys(f"{Action.RESTORE}:{rewire.component}" for rewire in drill.rewire)
        needed = (*needed, steps.add(Action.REWIRE, needs=tuple(rewired)))
    _portal_up(drill, steps, moments, (target, *needed))
    steps.add(Action.TEAR_DOWN)
    if When.TORN_DOWN in moments:
        steps.add(Action.OBSERVE, When.TORN_DOWN)
    return tuple(steps.steps)


def _portal_up(drill: Drill, steps: AddsSteps, moments: frozenset[When], needed: tuple[str, ...]) -> None:
    """A search is right only with an index: where it is built anew, the first one comes after that."""
    portal = steps.add(Action.START_PORTAL, needs=needed)
    if not drill.rebuilt():
        steps.add(Action.FIRST_SEARCH, needs=(portal,))
    if When.AS_RESTORED in moments:
        steps.add(Action.OBSERVE, When.AS_RESTORED, needs=(portal,))
    rebuilt = tuple(steps.add(Action.REBUILD, name, needs=(portal,)) for name in drill.rebuilt())
    if rebuilt:
        steps.add(Action.FIRST_SEARCH, needs=rebuilt)
    if rebuilt and When.AFTER_REBUILD in moments:
        steps.add(Action.OBSERVE, When.AFTER_REBUILD, needs=rebuilt)
    if When.SETTLED in moments:
        steps.add(Action.OBSERVE, When.SETTLED, needs=(portal,))
    if drill.tests and When.TESTED in moments:
        steps.add(Action.OBSERVE, When.TESTED, needs=(portal,))


def _restores(drill: Drill, steps: AddsSteps, target: str) -> tuple[str, ...]:
    """Restores, each with the services it needs; returns what the start of the portal depends on."""
    ordered, moved = restore_order(drill)
    ordered = tuple(component for component in ordered if component.name not in drill.rebuilt())
    launched = {
        component.service: steps.add(Action.LAUNCH_SERVICE, component.service, needs=(target,))
        for component in {c.service: c for c in ordered if registry.component(c.kind).NEEDS_SERVICE}.values()
        if _needs_nothing(drill, drill.source.stack.service(component.service))
    }
    started: dict[str, str] = {}
    needed: list[str] = []
    for component in ordered:
        kind = registry.component(component.kind)
        needs: tuple[str, ...] = (target,)
        if kind.NEEDS_SERVICE:
            needs = (target, _start(drill, steps, component.service, target, launched, started))
        restore = steps.add(Action.RESTORE, component.name, needs=needs, note=moved.get(component.name, ""))
        if not kind.IS_INDEX:
            needed.append(restore)
    return tuple(needed)


def _needs_nothing(drill: Drill, service: Service) -> bool:
    """Whether it can start before anything is restored: no other service before it, no file of a backup in it."""
    return not service.depends_on and not any(_lies_in(c, service, drill) for c in drill.components)


def _start(
    drill: Drill, steps: AddsSteps, service: str, target: str, launched: dict[str, str], started: dict[str, str]
) -> str:
    """The step after which the service runs, after those it depends on; added once."""
    if service not in started:
        stack = drill.source.stack
        before = [_start(drill, steps, one, target, launched, started) for one in stack.service(service).depends_on]
        before += [launched[service]] if service in launched else []
        files = [f"{Action.RESTORE}:{c.name}" for c in drill.components if _lies_in(c, stack.service(service), drill)]
        started[service] = steps.add(Action.START_SERVICE, service, needs=(target, *before, *files))
    return started[service]


def restore_order(drill: Drill) -> tuple[tuple[Component, ...], dict[str, str]]:
    """Components in order of restore, and a note for each one that had to be moved forward."""
    wanted = [drill.component(name) for name in drill.restore_order] or list(drill.components)
    wanted += [component for component in drill.components if component not in wanted]
    ordered: list[Component] = []
    moved: dict[str, str] = {}
    for component in wanted:
        if component in ordered:
            continue
        if registry.component(component.kind).NEEDS_SERVICE:
            for service in _with_dependencies(drill, component.service):
                for files in wanted:
                    if files not in ordered and _lies_in(files, service, drill):
                        moved[files.name] = f"moved before the start of {service.name}, whose volume holds it"
                        ordered.append(files)
        ordered.append(component)
    return tuple(ordered), moved


def _with_dependencies(drill: Drill, name: str) -> list[Service]:
    """The service, and all that are started before it."""
    service = drill.source.stack.service(name)
    return [one for below in service.depends_on for one in _with_dependencies(drill, below)] + [service]


def _lies_in(component: Component, service: Service, drill: Drill) -> bool:
    """Whether the component's files lie on a volume that the service mounts."""
    path = component.options.get("path")
    if registry.component(component.kind).NEEDS_SERVICE or not isinstance(path, str):
        return False
    volume = volume_at(drill.source.stack.service(component.service), path)
    return volume is not None and volume in service.volumes.values()
