"""Removes what carries an owner's labels, and says what could not be removed."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import at_once
from harness.containers import firewall
from harness.containers.create import remove_container
from harness.containers.engine import Engine, if_there, translated
from harness.containers.labels import ROLE, RUN, Owner
from harness.containers.network import bridge_of
from harness.containers.tool import ROLE as TOOL
from harness.errors import HarnessBroken, PortalDrillError

IN_USE_S = 5.0
AT_ONCE = 8  # removals in parallel; the engine does one disk's work anyway

Found = dict[str, Any]


def remove_stack(engine: Engine, owner: Owner) -> tuple[str, ...]:
    """Everything of this run and role, whoever made it; containers first, since they hold the rest.

    The run's tool containers go too: an interrupt may come between the making of one and its use.
    Returns: what is left, each with the reason.
    """
    left: list[str] = []
    try:
        left += _remove_once(engine, owner)
        # What was asked for when the interrupt came may have been made only now.
        left += (again for again in _remove_once(engine, owner) if again not in left)
    except PortalDrillError as error:
        left.append(f"what is left of {owner.run} {owner.role} is not known: {error}")
    return tuple(left)


def _remove_once(engine: Engine, owner: Owner) -> list[str]:
    wanted = [f"{RUN}={owner.run}", f"{ROLE}={owner.role}"]
    tools = [f"{RUN}={owner.run}", f"{ROLE}={TOOL}"]
    left = remove_containers(engine, list_containers(engine, wanted) + list_containers(engine, tools))[1]
    networks = at_once.begin(lambda: remove_networks(engine, list_networks(engine, wanted))[1])
    left += remove_volumes(engine, list_volumes(engine, wanted))[1]
    return left + networks()


def list_containers(engine: Engine, labels: list[str]) -> list[Found]:
    with translated("containers cannot be listed"):
        return list(engine.api.containers(all=True, filters={"label": labels}))


def list_volumes(engine: Engine, labels: list[str]) -> list[Found]:
    with translated("volumes cannot be listed"):
        return list(engine.api.volumes(filters={"label": labels})["Volumes"] or ())


def list_networks(engine: Engine, labels: list[str]) -> list[Found]:
    with translated("networks cannot be listed"):
        return list(engine.api.networks(filters={"label": labels}))


def remove_containers(engine: Engine, found: Sequence[Found]) -> tuple[list[str], list[str]]:
    """(removed, left). Anonymous volumes go with their container."""
    things = {f"container {name_of(item)}": str(item["Id"]) for item in found}
    return _remove_all(things, lambda identity: remove_container(engine, identity))


def remove_volumes(engine: Engine, found: Sequence[Found]) -> tuple[list[str], list[str]]:
    def remove(name: str) -> None:
        """A container that was killed in mid-removal may hold its volume for a moment longer."""
        deadline = time.monotonic() + IN_USE_S
        while True:
            try:
                with translated(f"the volume {name} could not be removed"), if_there():
                    engine.api.remove_volume(name)
                return
            except HarnessBroken as error:
                if "in use" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    return _remove_all({f"volume {item['Name']}": str(item["Name"]) for item in found}, remove)


def remove_networks(engine: Engine, found: Sequence[Found]) -> tuple[list[str], list[str]]:
    """The rules of a network's bridge are removed only when the network is gone."""
    bridges = {str(item["Id"]): bridge_of(item) for item in found}
    names = {f"network {item['Name']}": str(item["Id"]) for item in found}

    def remove(identity: str) -> None:
        with translated(f"the network {identity[:12]} could not be removed"), if_there():
            engine.api.remove_network(identity)
        firewall.remove_rules(bridge=bridges[identity])

    return _remove_all(names, remove)


def _remove_all(things: dict[str, str], remove: Callable[[str], None]) -> tuple[list[str], list[str]]:
    """Given: what to call each thing, and its identity. Returns: (removed, left with the reason)."""

    def tried(item: tuple[str, str]) -> str | None:
        try:
            remove(item[1])
        except PortalDrillError as error:
            return f"{item[0]}: {error}"
        return None

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        contexts = [contextvars.copy_context() for _ in things]  # the deadline holds in every thread
        reasons = list(pool.map(lambda context, item: context.run(tried, item), contexts, things.items()))
    removed = [name for name, reason in zip(things, reasons, strict=True) if reason is None]
    return removed, [reason for reason in reasons if reason is not None]


def name_of(container: Found) -> str:
    return str((container.get("Names") or [container["Id"][:12]])[0]).lstrip("/")
