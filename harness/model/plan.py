"""A plan: every step of a drill with its deadline and its reason, before anything is touched."""

from __future__ import annotations

from enum import StrEnum

from harness.model.drill import Component, Rewire, Service
from harness.model.frozen import Frozen


class Action(StrEnum):
    """What a step does; `run/` has one function for each."""

    # capture
    PREPARE_IMAGES = "prepare_images"
    START_SOURCE = "start_source"
    SURVEY = "survey"
    GUARD = "guard"
    START_WATCHES = "start_watches"
    INVENTORY_BEFORE = "inventory_before"
    BACK_UP = "back_up"
    INVENTORY_AFTER = "inventory_after"
    AWAIT_CANARIES = "await_canaries"
    SEAL = "seal"
    STOP_SOURCE_PORTAL = "stop_source_portal"
    CONFIRM_REST = "confirm_rest"
    START_SOURCE_PORTAL = "start_source_portal"
    # recover
    PREFLIGHT = "preflight"
    DISASTER = "disaster"
    CREATE_TARGET = "create_target"
    VERIFY_ARTEFACTS = "verify_artefacts"
    LAUNCH_SERVICE = "launch_service"
    START_SERVICE = "start_service"
    RESTORE = "restore"
    INVENTORY_RESTORED = "inventory_restored"
    PURGE = "purge"
    REWIRE = "rewire"
    START_PORTAL = "start_portal"
    FIRST_SEARCH = "first_search"
    REBUILD = "rebuild"
    OBSERVE = "observe"
    TEAR_DOWN = "tear_down"


class Step(Frozen):
    """One step. `needs`: steps that must have ended well, else it is skipped. Units: seconds."""

    id: str
    action: Action
    subject: str = ""  # component, service or moment
    deadline_s: float
    needs: tuple[str, ...] = ()
    why: str = ""
    requirements: tuple[str, ...] = ()


class PlannedCheck(Frozen):
    """A check of the plan: the moment at which it looks ("" if it is made of every run), what it says in a
    sentence, and what demands it."""

    name: str
    when: str
    says: str
    proves_data: bool
    requirements: tuple[str, ...] = ()


# How a rule has things judged that is no class of items.
NOT_COMPARED = "not compared"
NOT_BACKED_UP = "not backed up"


class PlannedRule(Frozen):
    """What an option of a component or its engine keeps from being judged as plain state, in words and why; `judged`
    is a class of items, `NOT_COMPARED` or `NOT_BACKED_UP`. The rules of `classes` stand with the components."""

    component: str
    what: str
    judged: str
    reason: str


class Plan(Frozen):
    """Saved as `plan.json`. Components, services and rewired values stand here as they will be used, so that a fault of
    procedure is a changed plan (DESIGN 10)."""

    drill: str
    components: tuple[Component, ...]
    services: tuple[Service, ...]
    capture: tuple[Step, ...]
    recover: tuple[Step, ...]
    rewire: tuple[Rewire, ...] = ()
    reasons: dict[str, str] = {}  # by component: why the product wants it backed up
    checks: tuple[PlannedCheck, ...] = ()
    rules: tuple[PlannedRule, ...] = ()
    not_covered: tuple[str, ...] = ()  # of checks: not chosen, or loosened by an option
    uncovered: tuple[str, ...] = ()  # volumes that no component looks into, and no waiver names
    supplied_from_outside: tuple[str, ...] = ()
    only_checks: tuple[str, ...] = ()  # not empty: a partial run (`-k`)
    only_components: tuple[str, ...] = ()  # not empty: a partial run that restores these alone, and starts no portal

    def component(self, name: str) -> Component:
        return next(component for component in self.components if component.name == name)

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)
