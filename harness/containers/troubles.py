"""What the sandbox lacks, so that a failure is not the backup's: memory, room on the disk, or it is held still."""

from __future__ import annotations

from collections.abc import Iterator

from harness import at_once
from harness.containers import teardown, volumes
from harness.containers.engine import Engine
from harness.containers.labels import ROLE, RUN, Owner
from harness.containers.memory import TIMEOUT_S, container_state, memory_ran_out
from harness.containers.stack import ContainerStack
from harness.containers.tool import TOOLS_IMAGE, tool_container

AT_ONCE = 4  # containers asked
LEAST_BYTES = 20_000_000  # a server that needs a new log segment of 16 MiB stops before the last byte is used


def troubles_of(stack: ContainerStack) -> tuple[str, ...]:
    """One sentence for each; empty if its containers and volumes lack nothing.

    Raises: CouldNotAsk, HarnessBroken.
    """
    found, engine, owner = list[str](), stack.engine, stack.owner

    def of_one(item: teardown.Found) -> list[str]:
        name = teardown.name_of(item).removeprefix(owner.name_of(""))
        return [*_of_container(engine, str(item["Id"]), name)]

    containers = teardown.list_containers(engine, [f"{RUN}={owner.run}", f"{ROLE}={owner.role}"])
    found += (trouble for troubles in at_once.each(of_one, containers, AT_ONCE) for trouble in troubles)
    names = {
        str(item["Name"]) for item in teardown.list_volumes(engine, [f"{RUN}={owner.run}", f"{ROLE}={owner.role}"])
    }
    there = [volume for volume in volumes.volume_names(stack.services) if owner.name_of(volume) in names]
    for volume, free in stack.free_bytes(there).items():
        if free < LEAST_BYTES:
            found.append(f"the volume {volume} is full: {free:,} bytes are free")
    return tuple(found)


def free_bytes_of(engine: Engine, owner: Owner) -> int:
    """Free bytes of the disk on which the engine keeps containers and, unless told otherwise, volumes.

    Raises: CouldNotAsk, HarnessBroken.
    """
    with tool_container(engine, TOOLS_IMAGE, owner, []) as shell:
        said = shell.run(["stat", "--file-system", "--format=%S %a", "/"], timeout_s=TIMEOUT_S).ok()
    size, free = said.text.split()
    return int(size) * int(free)


def _of_container(engine: Engine, container: str, name: str) -> Iterator[str]:
    if memory_ran_out(engine, container):
        yield f"memory ran out in {name}"
    if container_state(engine, container).get("Paused"):
        yield f"{name} is paused"
