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
from harness.containers.engine import Engine, translated
from harness.containers.labels import Owner
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.containers.volumes import volume_names
from harness.errors import HarnessBroken
from harness.model.drill import Service, is_folder

GOLDEN = "portal-drill.golden"
KEY = "portal-drill.golden_key"
GENERATION = "portal-drill.golden_generation"  # the run that made the set: two runs never write into one
KEPT = 2  # sets of other trees or other images that stay beside a new one
COUNTS = "counts"  # a volume with the number of names in each other one, written last
TIMEOUT_S = 900.0
_KEEP = """set -e; for v; do cp -a --reflink=auto "/from/$v/." "/to/$v"; done
for v; do find "/to/$v" -printf x | wc -c >"/to/counts/$v"; done; touch /to/counts/whole"""
# A volume that was removed meanwhile is made anew by the engine, empty: a set must be whole to be used.
_FILL = """set -e; test -e /from/counts/whole
for v; do test "$(find "/from/$v" -printf x | wc -c)" = "$(cat "/from/counts/$v")"; done
for v; do cp -a --reflink=auto "/from/$v/." "/to/$v"; done"""


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
    """Copy the newest whole golden set into the owner's volumes. False if there is none. Raises: HarnessBroken."""
    volumes = volume_names(services)
    listed = teardown.list_volumes(engine, [f"{KEY}={key}"])
    for generation in sorted({item["Labels"].get(GENERATION, "") for item in listed}, reverse=True):
        origins = {volume: _name(generation, volume) for volume in (*volumes, COUNTS)}
        targets = {volume: owner.name_of(volume) for volume in volumes}
        there = {item["Name"] for item in listed} >= set(origins.values())
        if there and _copied(engine, owner, _FILL, origins, targets):
            return True
    return False


def keep_golden(engine: Engine, owner: Owner, services: Sequence[Service], key: str) -> None:
    """Copy the owner's volumes, whose servers are stopped, into a new golden set; older ones of the drill go.

    Raises: HarnessBroken if the copy fails.
    """
    volumes, labels = volume_names(services), {GOLDEN: owner.drill, KEY: key, GENERATION: owner.run}
    listed = teardown.list_volumes(engine, [f"{GOLDEN}={owner.drill}"])
    newest = sorted({item["Labels"].get(GENERATION, "") for item in listed}, reverse=True)[:KEPT]
    older = [item for item in listed if item["Labels"].get(GENERATION, "") not in newest]
    targets = {volume: _name(owner.run, volume) for volume in (*volumes, COUNTS)}
    for name in targets.values():
        with translated(f"the golden volume {name} could not be made"):
            engine.api.create_volume(name, labels=labels)
    if not _copied(engine, owner, _KEEP, {volume: owner.name_of(volume) for volume in volumes}, targets):
        raise HarnessBroken("the seeded source could not be kept as a golden set")
    teardown.remove_volumes(engine, older)  # one that another run is reading stays until the next time


def _name(generation: str, volume: str) -> str:
    return f"portal-drill-golden-{generation}-{volume}"


def _copied(engine: Engine, owner: Owner, script: str, origins: dict[str, str], targets: dict[str, str]) -> bool:
    mounts = [Mount(f"/from/{v}", name, type="volume", read_only=True, no_copy=True) for v, name in origins.items()]
    mounts += [Mount(f"/to/{v}", name, type="volume", no_copy=True) for v, name in targets.items()]
    volumes = [volume for volume in origins if volume != COUNTS]
    with tool_container(engine, TOOLS_IMAGE, owner, mounts, where="golden") as shell:
        return shell.run(["sh", "-c", script, "golden", *volumes], timeout_s=TIMEOUT_S).exit_code == 0
