"""A drill, resolved: what exists, how it is backed up and restored, what must hold (DESIGN 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from harness.model.frozen import Frozen, JsonValue
from harness.model.inventory import ClassRule

MOST_OF_HOST_NAME = 63  # characters that the engine takes
RESTORED = "-restored"


def is_folder(source: str) -> bool:
    """A value of `Service.volumes` that is no named volume but a folder of the host, always read-only."""
    return source.startswith("/")


class Service(Frozen):
    """One container of a stack. `volumes` maps the mount path to the named volume, or to a folder of the host.
    `aliases`: names that it has at the source besides its own, production's names; a sandbox knows none of them."""

    name: str
    image: str
    build_context: str | None = None
    command: tuple[str, ...] | None = None
    environment: dict[str, str] = {}  # values are references, never secrets in plain text: see Secret
    volumes: dict[str, str] = {}
    depends_on: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    user: str | None = None
    working_dir: str | None = None
    hostname: str | None = None
    aliases: tuple[str, ...] = ()
    stop_signal: str | None = None
    stop_grace_s: float = 10.0

    @property
    def named_volumes(self) -> dict[str, str]:
        """Mount path to named volume."""
        return {path: source for path, source in self.volumes.items() if not is_folder(source)}

    @property
    def host_name(self) -> str:
        """What its container calls itself at the source; others reach it by `name` and `aliases`."""
        return self.hostname or self.name

    def on_another_machine(self) -> Service:
        """With another host name in the same domain (GEN-D23). Where that would be too long, the domain goes, then the
        beginning: of what is cut at its end, one that is called so already would keep its name."""
        first, dot, domain = self.host_name.partition(".")
        name = f"{first}{RESTORED}{dot}{domain}"
        if len(name) > MOST_OF_HOST_NAME:
            name = first[len(RESTORED) - MOST_OF_HOST_NAME :].lstrip("-_") + RESTORED
        return self.model_copy(update={"hostname": name})


class Stack(Frozen):
    """The containers that run one portal, from a Compose file; services in order of start."""

    file: str
    services: tuple[Service, ...]

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    def in_profile(self, profile: str | None) -> tuple[Service, ...]:
        """Services of one profile; None means those that always run."""
        return tuple(s for s in self.services if (profile in s.profiles if profile else not s.profiles))


class Source(Frozen):
    """What is backed up. Owned: started by the run, may be destroyed."""

    stack: Stack
    owned: bool = True


class Portal(Frozen):
    """The adapter, the service it speaks to, and its options (validated by the adapter's own model)."""

    kind: str
    service: str
    port: int
    options: dict[str, JsonValue] = {}


class Component(Frozen):
    """One thing that can be forgotten, bound to a place.

    `options` are validated by the component kind, `engine_options` by the engine.
    `primary`: exists nowhere else, so rebuilding is refused (LR-D1).
    `tier`: the canary tier whose writes it stores ("" if the portal writes no canary into it).
    """

    name: str
    kind: str
    service: str
    engine: str
    options: dict[str, JsonValue] = {}
    engine_options: dict[str, JsonValue] = {}
    classes: tuple[ClassRule, ...] = ()
    primary: bool = False
    may_be_empty: str | None = None
    requirements: tuple[str, ...] = ()


class Group(Frozen):
    """Components that must come from one instant: order of capture, largest skew in seconds."""

    name: str
    order: tuple[str, ...]
    max_skew_s: float | None = None


class CheckUse(Frozen):
    """A check of the drill with its options (validated by the check's own model)."""

    name: str
    options: dict[str, JsonValue] = {}
    default: bool = False


def _fits(name: str, glob: str) -> bool:
    """Whether the whole name fits; `*` stands for any characters, and nothing else for anything but itself."""
    return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), name, re.DOTALL) is not None


def fits_host(name: str, glob: str) -> bool:
    """Whether `glob` names this host; `*` stands for any characters, and case does not count."""
    return _fits(name.lower(), glob.lower())


class Waiver(Frozen):
    """What is knowingly left out, why, and until when (ISO date)."""

    what: str
    reason: str
    until: str

    def excuses(self, finding: str) -> bool:
        """Whether it names what the survey found: `undeclared volume uploads`, or `undeclared volume up*`."""
        return self.what.startswith("undeclared ") and _fits(finding, self.what)


class External(Frozen):
    """A system outside the stack that the portal uses and that this drill knowingly does not back up (HCL-20).

    `covered_by`: the drill that does, or "" where `reason` says why nobody need. `reachable`: the restored copy may
    name it and ask for it (what it asks for goes to the sandbox's sink all the same).
    """

    host: str
    reason: str
    covered_by: str = ""
    reachable: bool = False

    def is_host(self, name: str) -> bool:
        return fits_host(name, self.host)


class Rewire(Frozen):
    """A value that must differ in a sandbox: replaced in a restored file before the portal starts."""

    component: str
    file: str
    old: str
    new: str


class Objectives(Frozen):
    """Limits in seconds; None is measured and not judged."""

    rto_s: float | None = None
    rpo_s: float | None = None
    downtime_s: float | None = None
    rto_marks: tuple[str, ...] = ()


class Drill(Frozen):
    """One drill file, read and resolved against product and portal; saved as `drill.json`."""

    name: str
    file: str
    sha256: str
    product: str
    portal: Portal
    stand_in: str | None
    why: Literal["nightly", "pre-upgrade", "post-change", "rehearsal"]
    source: Source
    schedule_s: float | None
    objectives: Objectives
    components: tuple[Component, ...]
    groups: tuple[Group, ...] = ()
    mode: Literal["online", "offline"] = "online"
    restore_strategy: dict[str, Literal["as-backed-up", "rebuild"]] = {}
    restore_order: tuple[str, ...] = ()
    rewire: tuple[Rewire, ...] = ()
    keep_host_names: str | None = None  # why the target has the source's host names; None: it has others
    checks: tuple[CheckUse, ...]
    waivers: tuple[Waiver, ...] = ()
    external: tuple[External, ...] = ()
    canary_every_s: float = 0.5
    keep: int = 7
    deadline_s: dict[str, float] = {}
    tests: dict[str, str] = {}  # the tests beside the drill file and their conftest.py: name to SHA-256

    def component(self, name: str) -> Component:
        return next(component for component in self.components if component.name == name)

    def why_asked(self, host: str, port: int | None, allowed: Iterable[tuple[str, int | None, str]]) -> str | None:
        """The reason for which the restored copy may ask for it, by `external` or by a rule of (host, port, reason);
        None: nobody declared it."""
        reasons = [system.reason for system in self.external if system.reachable and system.is_host(host)]
        reasons += [why for name, at, why in allowed if fits_host(host, name) and (port in (None, at) or not at)]
        return reasons[0] if reasons else None

    def rebuilt(self) -> tuple[str, ...]:
        """Components that are rebuilt after the restore instead of restored."""
        return tuple(name for name, strategy in self.restore_strategy.items() if strategy == "rebuild")
