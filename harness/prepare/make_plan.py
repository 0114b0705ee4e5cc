"""A drill becomes a plan: every step of both halves with its deadline, what it needs and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.errors import PortalDrillError
from harness.kinds import registry
from harness.kinds.contracts import ChoosesMoment, HasRules, Loosens, NeedsKeys, When
from harness.model.drill import Component, Drill
from harness.model.layout import Layout, below
from harness.model.plan import Action, Plan, PlannedCheck, PlannedRule, Step
from harness.prepare.mistakes import nearest
from harness.prepare.plan_recover import plan_recover
from harness.prepare.plan_words import DEADLINES_S, OBSERVED_WHEN, WHY

OF_SERVICES = (Action.LAUNCH_SERVICE, Action.START_SERVICE)  # which may be called like a component


class Steps:
    """Steps of one half in order; knows deadlines, words and requirement ids."""

    def __init__(self, drill: Drill) -> None:
        self.drill = drill
        self.steps: list[Step] = []

    def add(self, action: Action, subject: str = "", needs: Iterable[str] = (), note: str = "") -> str:
        """Append a step; returns its id."""
        step = f"{action}:{subject}" if subject else str(action)
        component = next((c for c in self.drill.components if c.name == subject), None)
        deadlines = self.drill.deadline_s
        why = WHY[action].format(subject=OBSERVED_WHEN[subject] if action is Action.OBSERVE else subject)
        self.steps.append(
            Step(
                id=step,
                action=action,
                subject=subject,
                deadline_s=deadlines.get(step, deadlines.get(str(action), DEADLINES_S[action])),
                needs=tuple(needs),
                why=f"{why} ({note})" if note else why,
                requirements=component.requirements if component and action not in OF_SERVICES else (),
            )
        )
        return step


def make_plan(drill: Drill, *, only_checks: tuple[str, ...] = ()) -> Plan:
    """Every step of the drill. `only_checks` leaves out moments at which none of them observes.

    Raises: PortalDrillError if `only_checks` names a check that the drill does not have.
    """
    used = [use.name for use in drill.checks]
    for name in only_checks:
        if name not in used:
            raise PortalDrillError(f"the drill {drill.name} has no check {name}. {nearest(name, used)}".strip())
    return Plan(
        drill=drill.name,
        components=drill.components,
        services=drill.source.stack.services,
        capture=_capture(drill),
        recover=plan_recover(drill, Steps(drill), _moments(drill, only_checks)),
        rewire=drill.rewire,
        reasons={name: row.why for name, row in registry.product(drill.product).COMPONENTS.items()},
        checks=tuple(_planned(drill, use.name) for use in drill.checks),
        rules=tuple(_rules(drill)),
        not_covered=tuple(_not_covered(drill, only_checks)),
        uncovered=tuple(_uncovered(drill)),
        supplied_from_outside=_supplied_from_outside(drill),
        only_checks=only_checks,
    )


def restoring_only(plan: Plan, drill: Drill, names: tuple[str, ...]) -> Plan:
    """The plan, of whose recovery these components are left, each alone with the server that it needs: no portal is
    started, and data parity is what can be shown (XLR-19).

    Raises: PortalDrillError if the drill has no such component, or does not restore it.
    """
    restored = [step.subject for step in plan.recover if step.action is Action.RESTORE]
    for name in names:
        if name not in restored:
            raise PortalDrillError(f"the drill {drill.name} restores no {name}. {nearest(name, restored)}".strip())
        if (carrier := _carrier(drill, name)) and carrier not in names:
            raise PortalDrillError(f"{name} comes back inside {carrier}: restore that too, or that alone")
    wanted = {f"{action}:{name}" for name in names for action in (Action.RESTORE, Action.INVENTORY_RESTORED)}
    wanted |= {Action.PREFLIGHT, Action.VERIFY_ARTEFACTS, f"{Action.OBSERVE}:{When.AT_REST}", Action.TEAR_DOWN}
    for step in reversed(plan.recover):
        wanted |= {*step.needs} if step.id in wanted else set()
    recover = tuple(step for step in plan.recover if step.id in wanted)
    return plan.model_copy(update={"recover": recover, "only_checks": ("data_parity",), "only_components": names})


def _carrier(drill: Drill, name: str) -> str | None:
    """The component whose tree brings this one back."""
    component = drill.component(name)
    if not registry.purges(component.kind):
        return None
    others = (c for c in drill.components if c.service == component.service and c.name != name and "path" in c.options)
    paths = {str(other.options["path"]): other.name for other in others}
    holding = [path for path in paths if below(str(component.options["path"]), path)]
    return paths[max(holding, key=len)] if holding else None


def capture_order(drill: Drill) -> tuple[Component, ...]:
    """Groups first, each in its order, then the others in the product's order."""
    grouped = [name for group in drill.groups for name in group.order]
    return tuple(drill.component(n) for n in dict.fromkeys((*grouped, *(c.name for c in drill.components))))


def _capture(drill: Drill) -> tuple[Step, ...]:
    steps, components = Steps(drill), capture_order(drill)
    images = steps.add(Action.PREPARE_IMAGES)
    preflight = steps.add(Action.PREFLIGHT, "source", needs=(images,))
    source = steps.add(Action.START_SOURCE, needs=(images, preflight))
    steps.add(Action.SURVEY, needs=(source,))
    guard = steps.add(Action.GUARD, needs=(source,))
    watches = steps.add(Action.START_WATCHES, needs=(source, guard))
    ready: tuple[str, ...] = (source, guard, watches)
    if drill.mode == "offline":
        ready = (*ready, steps.add(Action.STOP_SOURCE_PORTAL, needs=(source, watches)))
    for component in components:
        steps.add(Action.INVENTORY_BEFORE, component.name, needs=ready)
    backups = tuple(steps.add(Action.BACK_UP, component.name, needs=ready) for component in components)
    if drill.mode == "offline":
        _inventories_after(steps, components, ready)
        backups = (*backups, steps.add(Action.CONFIRM_REST, needs=backups))
        again = steps.add(Action.START_SOURCE_PORTAL, needs=(source,))
        steps.add(Action.AWAIT_CANARIES, needs=(*backups, again))
    else:
        # First: what was written just before a capture is in its index then, and deletions are counted soon after.
        steps.add(Action.AWAIT_CANARIES, needs=(watches, *backups))
        _inventories_after(steps, components, ready)
    steps.add(Action.SEAL, needs=backups)
    return tuple(steps.steps)


def _inventories_after(steps: Steps, components: Iterable[Component], ready: tuple[str, ...]) -> None:
    for component in components:
        steps.add(Action.INVENTORY_AFTER, component.name, needs=(*ready, f"{Action.BACK_UP}:{component.name}"))


def _moments(drill: Drill, only_checks: tuple[str, ...]) -> frozenset[When]:
    """The moments to observe at: all, or those of the chosen checks and of the checks always made."""
    if not only_checks:
        return frozenset(When)
    names = [use.name for use in drill.checks]
    return frozenset(_moment(drill, name) for name in names if name in only_checks or registry.check(name).ALWAYS)


def _moment(drill: Drill, name: str) -> When:
    kind = registry.check(name)
    return kind.moment(drill) if isinstance(kind, ChoosesMoment) else When(kind.WHEN)


def _planned(drill: Drill, name: str) -> PlannedCheck:
    kind = registry.check(name)
    return PlannedCheck(
        name=name,
        when="" if kind.ALWAYS else _moment(drill, name),
        says=registry.says(kind),
        proves_data=kind.PROVES_DATA,
        requirements=kind.REQUIREMENTS,
    )


def _rules(drill: Drill) -> Iterator[PlannedRule]:
    for component in drill.components:
        for kind, options in (
            (registry.component(component.kind), component.options),
            (registry.engine(component.engine), component.engine_options),
        ):
            if isinstance(kind, HasRules):
                for what, judged, reason in kind.rules(registry.options(kind, options)):
                    yield PlannedRule(component=component.name, what=what, judged=judged, reason=reason)


def _not_covered(drill: Drill, only_checks: tuple[str, ...]) -> Iterator[str]:
    for use in drill.checks:
        kind = registry.check(use.name)
        if only_checks and use.name not in only_checks and not kind.ALWAYS:
            yield f"check {use.name}: not chosen for this run"
        elif isinstance(kind, Loosens):
            yield from (f"{use.name}: {what}" for what in kind.loosened(registry.options(kind, use.options)))


def _uncovered(drill: Drill) -> Iterator[str]:
    """Volumes of the portal's services that no component looks into (LR-18): what lies there is in no backup.

    Before anything runs, a server that is asked (a database, a search engine) is taken to keep something on each
    of its volumes; the survey asks it (check `coverage`).
    """
    for service in drill.source.stack.in_profile(None):
        mine = [c for c in drill.components if c.service == service.name]
        asked = any(registry.component(c.kind).NEEDS_SERVICE for c in mine)
        trees = tuple(str(c.options["path"]) for c in mine if "path" in c.options)
        layout = Layout(mounts=service.volumes, trees=trees, servers=tuple(service.volumes) if asked else ())
        for path, volume in service.volumes.items():
            waived = any(waiver.excuses(f"undeclared volume {volume}") for waiver in drill.waivers)
            if not layout.looks_into(path) and not waived:
                yield f"the volume {volume} at {path} of {service.name}: no component looks into it"


def _supplied_from_outside(drill: Drill) -> tuple[str, ...]:
    """Images, the names of what the environment gives (GEN-D20), and keys with their places (GEN-D24): a restore that
    works only because of them is seen in the report."""
    found = []
    for service in drill.source.stack.in_profile(None):
        found.append(f"{service.name}: image {service.image}")
        found += [f"{service.name}: environment {name}" for name in sorted(service.environment)]
        found += [f"{service.name}: {key}" for c in drill.components if c.service == service.name for key in _keys(c)]
    return tuple(found)


def _keys(component: Component) -> Iterator[str]:
    engine = registry.engine(component.engine)
    if isinstance(engine, NeedsKeys):
        keys = engine.needed_keys(registry.options(engine, component.engine_options))
        yield from (f"key {name} of {component.name} from {place}" for name, place in keys.items())
