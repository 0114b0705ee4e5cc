"""Shows that each image starts with empty data on this engine, so that a later failure is not the engine's."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from harness.clock import new_id, utc_now
from harness.containers import images
from harness.containers.engine import Engine
from harness.containers.hooks import OnOutput, OnSecret, nothing_said
from harness.containers.labels import new_owner
from harness.containers.locks import RunLock
from harness.containers.stack import ContainerStack
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken
from harness.model.drill import Service

ROLE = "preflight"
DEADLINE_S = 90.0
STEADY_S = 3.0
POLL_S = 0.05
REMEMBERED = timedelta(hours=24)  # the engine's disk, kernel and settings change without a new id


def preflight(
    engine: Engine,
    services: Sequence[Service],
    state_dir: Path,
    on_output: OnOutput = nothing_said,
    version: str = "",
    *,
    on_secret: OnSecret,
) -> tuple[str, ...]:
    """Starts the services that always run, on new volumes with their images' content, and removes them.

    What was shown is remembered for a day, for that image, command, environment, engine and `version` of the harness.
    Returns: the services that were started now; empty if all are remembered.
    Raises: HarnessBroken, naming image, exit code and last lines of the log, if one does not stay up.
    """
    regular = [service for service in services if not service.profiles]
    memory = {service.name: _memory(engine, service, state_dir, on_output, version) for service in regular}
    unknown = [service.name for service in regular if not is_remembered(memory[service.name])]
    if not unknown:
        return ()
    on_output(f"preflight: starting {', '.join(unknown)} with empty data")
    _start_all(engine, regular, state_dir, on_secret)
    for service in regular:
        path = memory[service.name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"image": service.image, "engine": engine.id, "shown_utc": f"{utc_now():%FT%TZ}"}))
    return tuple(unknown)


def _start_all(engine: Engine, services: Sequence[Service], state_dir: Path, on_secret: OnSecret) -> None:
    run = new_id()
    owner = new_owner(run, ROLE, ROLE, state_dir)
    with RunLock(state_dir, run):
        stack = ContainerStack(
            engine, services, role="sandbox", owner=owner, copy_image_content=True, on_secret=on_secret
        )
        try:
            stack.create()
            deadline = time.monotonic() + DEADLINE_S
            for level in levels(services):
                _start_level(stack, level, deadline)
            for service in services:
                _expect_running(stack, service)
        finally:
            left = stack.remove()
        if left:
            raise HarnessBroken(f"preflight left behind: {'; '.join(left)}")


def levels(services: Sequence[Service]) -> Iterator[tuple[Service, ...]]:
    """Services by what they depend on: each level needs only those before it."""
    names = {service.name for service in services}
    done: set[str] = set()
    while done < names:
        level = tuple(s for s in services if s.name not in done and names.intersection(s.depends_on) <= done)
        if not level:
            raise HarnessBroken(f"services depend on each other in a circle: {', '.join(sorted(names - done))}")
        done.update(service.name for service in level)
        yield level


def _start_level(stack: ContainerStack, level: Sequence[Service], deadline: float) -> None:
    """Started together, and seen running for three seconds."""
    for service in level:
        try:
            stack.start(service.name)
        except CommandFailed as error:
            raise HarnessBroken(f"preflight: {service.image} does not start with empty data: {error}") from error
    steady_since = time.monotonic()
    while time.monotonic() < steady_since + STEADY_S:
        if time.monotonic() > deadline:
            names = ", ".join(service.name for service in level)
            raise HarnessBroken(f"preflight: after {DEADLINE_S:g} s {names} had not run for {STEADY_S:g} s")
        for service in level:
            _expect_running(stack, service)
        time.sleep(POLL_S)


def _expect_running(stack: ContainerStack, service: Service) -> None:
    try:
        if stack.is_running(service.name):
            return
        log = "\n".join(stack.logs(service.name).splitlines()[-10:])
        state = stack.exit_state(service.name)
    except CouldNotAsk as error:
        raise HarnessBroken(f"preflight: {service.image} cannot be watched: {error}") from error
    raise HarnessBroken(f"preflight: {service.image} does not start with empty data ({service.name}: {state})\n{log}")


def is_remembered(path: Path) -> bool:
    """False if it was never shown, too long ago, or at a time that is still to come (the clock was set)."""
    try:
        shown = datetime.fromisoformat(json.loads(path.read_bytes())["shown_utc"])
        return timedelta() <= utc_now() - shown <= REMEMBERED
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _memory(engine: Engine, service: Service, state_dir: Path, on_output: OnOutput, version: str) -> Path:
    """The file that exists once it was shown; its name digests all that the showing depends on."""
    facts = images.ensure(engine, service, on_output)
    shown = {
        "image": facts.id,
        "command": service.command,
        "environment": service.environment,  # references, not what they stand for
        "user": service.user,
        "engine": engine.id,
        "harness": version,
    }
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    return state_dir / "preflight" / f"{digest[:32]}.json"
