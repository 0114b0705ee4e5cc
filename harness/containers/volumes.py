"""The named volumes of a stack: made, given the owners of their mount points, looked into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath

from harness import at_once
from harness.containers.create import volume_mount
from harness.containers.engine import Engine, translated
from harness.containers.labels import Owner
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.errors import HarnessBroken
from harness.kinds.contracts import Shell
from harness.model.drill import Service
from harness.model.frozen import JsonValue

FLAT = PurePosixPath("/volumes")  # each volume beside the others, none inside another
TIMEOUT_S = 120
NAMES = 20

# Owner and mode of a directory of the image for one of a volume; nothing of its content.
PREPARE = """
while [ $# -gt 0 ]; do
  mkdir -p "$2"
  if [ -d "$1" ]; then chown --reference="$1" "$2"; chmod --reference="$1" "$2"; fi
  shift 2
done
"""
# Arguments after the number of volumes: the volumes, then the conditions of `find`.
LOOK = f"""
count=$1; shift; i=0; volumes=
while [ $i -lt $count ]; do volumes="$volumes $1"; shift; i=$((i+1)); done
for volume in $volumes; do
  echo "= $volume"
  find "{FLAT}/$volume" -mindepth 1 "$@" -printf '. %P\\n' | head -n {NAMES}
done
"""


def volume_names(services: Iterable[Service]) -> tuple[str, ...]:
    """Each once, in order of first use."""
    return tuple(dict.fromkeys(volume for service in services for volume in service.named_volumes.values()))


def create_volumes(engine: Engine, owner: Owner, volumes: Iterable[str]) -> None:
    """Raises: HarnessBroken."""

    def create(volume: str) -> None:
        with translated(f"the volume {volume} could not be made"):
            engine.api.create_volume(owner.name_of(volume), labels=owner.labels())

    at_once.each(create, [*volumes])


def prepare_mount_points(engine: Engine, owner: Owner, services: Iterable[Service]) -> None:
    """Gives empty volumes that are not filled from their image what a mount needs and no more.

    The root of a volume gets owner and mode of the image's directory, or a server without root could not
    write there; a volume mounted inside another gets its mount point there, or the outer one could not be
    mounted read-only.
    Raises: HarnessBroken, CouldNotAsk, CommandFailed.
    """
    by_image: dict[str, dict[str, str]] = {}
    for service in services:
        by_image.setdefault(service.image, {}).update(_mount_points(service))
    done: set[str] = set()
    wanted: list[tuple[str, tuple[str, ...], list[str]]] = []
    for image, points in by_image.items():
        arguments = [part for target, at in points.items() if target not in done for part in (at, target)]
        done.update(points)
        wanted += [(image, _volumes_of(points), arguments)] if arguments else []

    def prepare(one: tuple[str, tuple[str, ...], list[str]]) -> None:
        with flat(engine, owner, one[1], image=one[0], writable=True) as shell:
            shell.run(["sh", "-euc", PREPARE, "sh", *one[2]], timeout_s=TIMEOUT_S).ok()

    at_once.each(prepare, wanted, len(wanted))


def look_into(shell: Shell, services: Sequence[Service]) -> dict[str, list[str]]:
    """The first 20 names in each volume, mount points of other volumes left out; `shell` of `flat`.

    Raises: HarnessBroken, CouldNotAsk.
    """
    volumes = volume_names(services)
    points = {target for service in services for target in _mount_points(service) if target.count("/") > 2}
    conditions = [part for point in sorted(points) for part in ("!", "-path", point)]
    command = ["sh", "-euc", LOOK, "sh", str(len(volumes)), *volumes, *conditions]
    text = shell.run(command, timeout_s=TIMEOUT_S).ok().text
    found: dict[str, list[str]] = {}
    for kind, _, name in (line.partition(" ") for line in text.splitlines()):
        if kind == "=":
            found[name] = listed = []
        elif kind == ".":
            listed.append(name)
    if set(found) != set(volumes):
        raise HarnessBroken(f"looked into {sorted(found)}, not into {sorted(volumes)}")
    return found


def free_bytes(shell: Shell, volumes: Sequence[str]) -> dict[str, int]:
    """Bytes that are free for each volume; `shell` of `flat`. Raises: CouldNotAsk, CommandFailed."""
    command = ["stat", "--file-system", "--format=%S %a", *(f"{FLAT}/{volume}" for volume in volumes)]
    lines = shell.run(command, timeout_s=TIMEOUT_S).ok().text.split()
    return {v: int(size) * int(free) for v, size, free in zip(volumes, lines[::2], lines[1::2], strict=True)}


def filesystem_facts(shell: Shell, volume: str) -> dict[str, JsonValue]:
    """Type, size and free bytes of the file system that a volume lies on; `shell` of `flat`. Raises: CouldNotAsk."""
    command = ["stat", "--file-system", "--format=%S %b %a %T", f"{FLAT}/{volume}"]
    block, blocks, free, kind = shell.run(command, timeout_s=TIMEOUT_S).ok().text.split(maxsplit=3)
    return {"type": kind.strip(), "size_bytes": int(block) * int(blocks), "free_bytes": int(block) * int(free)}


@contextmanager
def flat(
    engine: Engine, owner: Owner, volumes: Iterable[str], *, image: str = TOOLS_IMAGE, writable: bool = False
) -> Iterator[Shell]:
    """A shell that sees each volume beside the others, as a folder of `FLAT`."""
    mounts = [volume_mount(owner, v, f"{FLAT}/{v}", copy=False, read_only=not writable) for v in volumes]
    with tool_container(engine, image, owner, mounts, resident=image == TOOLS_IMAGE) as shell:
        yield shell


def _mount_points(service: Service) -> Mapping[str, str]:
    """Directory in the flat view to directory in the image: roots, and ways to mounts inside them."""
    points: dict[str, str] = {}
    volumes = {PurePosixPath(path): volume for path, volume in service.named_volumes.items()}
    for outer, volume in sorted(volumes.items()):
        points[f"{FLAT}/{volume}"] = str(outer)
        for inner in (PurePosixPath(path) for path in service.volumes):
            if outer in inner.parents and not any(outer in m.parents and m in inner.parents for m in volumes):
                for way in reversed([inner, *(p for p in inner.parents if outer in p.parents)]):
                    points[f"{FLAT}/{volume}/{way.relative_to(outer)}"] = str(way)
    return points


def _volumes_of(points: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(PurePosixPath(point).parts[2] for point in points))
