"""Whether memory ran out in a container.

The engine tells it by `OOMKilled` (a limit of the container's own), the kernel's counters also when the whole
machine ran out. Source: Docker Engine API 1.41, "Inspect a container"; the kernel's documentation of
`memory.oom_control` (control groups 1) and `memory.events` (2).
"""

from __future__ import annotations

import re
from typing import Any

from harness.containers.engine import Engine, if_there, translated
from harness.containers.shell import ContainerShell
from harness.errors import CouldNotAsk

TIMEOUT_S = 10.0
COUNTERS = ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events")
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def memory_ran_out(engine: Engine, container: str) -> bool:
    """Whether the kernel killed a process of this container for want of memory. Raises: CouldNotAsk."""
    state = container_state(engine, container)
    if state.get("OOMKilled"):
        return True
    if not state.get("Running") or state.get("Paused"):
        return False
    shell = ContainerShell(engine, lambda: container, "memory")
    try:
        said = shell.run(["cat", *COUNTERS], timeout_s=TIMEOUT_S)  # of two versions, one exists
    except CouldNotAsk:
        return bool(container_state(engine, container).get("OOMKilled"))
    return any(int(count) for count in _KILLS.findall(said.text))


def container_state(engine: Engine, container: str) -> dict[str, Any]:
    """As the engine inspects it; empty if it is gone. Raises: CouldNotAsk."""
    with translated("the state of a container cannot be read", CouldNotAsk), if_there():
        state: dict[str, Any] = engine.api.inspect_container(container)["State"]
        return state
    return {}
