"""Seeded volumes of an owned source, kept so that the next run need not install and seed again.

A golden set belongs to exactly these images, commands, environments and mounted folders; any change makes
another key, and the set of the old key is removed. It has no run, no expiry, and `gc` leaves it alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from docker.types import Mount

from harness.containers import teardown
from harness.containers.create import is_folder
from harness.containers.engine import Engine, translated
from harness.containers.labels import Owner
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.containers.volumes import volume_names
from harness.model.drill import Service

GOLDEN = "portal-drill.golden"
KEY = "portal-drill.golden_key"
COMPLETE = "complete"  # made last: a set without it was cut off and is not used
TIMEOUT_S = 900.0
_COPY = 'for volume in "$@"; do cp -a --reflink=auto "/from/$volume/." "/to/$volume" || exit 1; done'


def golden_key(engine: Engine, services: Sequence[Service]) -> str:
    """Digest over everything that the seeded content comes from."""
    digest = hashlib.sha256()
    for service in services:
        details = engine.image(service.image) or {}
        digest.update(f"{details.get('Id')}{service.model_dump_json(exclude={'build_context'})}".encode())
        for source in sorted(filter(is_folder, service.volumes.values())):
            folder = Path(source.removesuffix(":ro"))
            for path in sorted(
                path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
            ):
                digest.update(f"{path.relative_to(folder)} {path.stat().st_mode}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def fill_from_golden(engine: Engine, owner: Owner, services: Sequence[Service], key: str) -> bool:
    """Copy the golden set into the owner's volumes. False if there is none. Raises: HarnessBroken."""
    volumes = volume_names(services)
    kept = {str(item["Name"]) for item in teardown.list_volumes(engine, [f"{KEY}={key}"])}
    if not kept >= {_name(key, volume) for volume in (*volumes, COMPLETE)}:
        return False
    _copy(engine, owner, volumes, {v: _name(key, v) for v in volumes}, {v: owner.name_of(v) for v in volumes})
    return True


def keep_golden(engine: Engine, owner: Owner, services: Sequence[Service], key: str) -> None:
    """Copy the owner's volumes, whose servers are stopped, into a new golden set. Raises: HarnessBroken."""
    volumes, labels = volume_names(services), {GOLDEN: owner.drill, KEY: key}
    teardown.remove_volumes(engine, teardown.list_volumes(engine, [f"{GOLDEN}={owner.drill}"]))
    for volume in volumes:
        with translated(f"the golden volume {volume} could not be made"):
            engine.api.create_volume(_name(key, volume), labels=labels)
    _copy(engine, owner, volumes, {v: owner.name_of(v) for v in volumes}, {v: _name(key, v) for v in volumes})
    with translated("the golden set could not be completed"):
        engine.api.create_volume(_name(key, COMPLETE), labels=labels)


def _name(key: str, volume: str) -> str:
    return f"portal-drill-golden-{key}-{volume}"


def _copy(
    engine: Engine, owner: Owner, volumes: Sequence[str], origins: dict[str, str], targets: dict[str, str]
) -> None:
    mounts = [Mount(f"/from/{v}", origins[v], type="volume", read_only=True, no_copy=True) for v in volumes]
    mounts += [Mount(f"/to/{v}", targets[v], type="volume", no_copy=True) for v in volumes]
    with tool_container(engine, TOOLS_IMAGE, owner, mounts, where="golden") as shell:
        shell.run(["sh", "-c", _COPY, "copy", *volumes], timeout_s=TIMEOUT_S).ok()
