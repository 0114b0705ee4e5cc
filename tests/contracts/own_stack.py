"""One component on a tools container, for engines that no bench can try: filled, backed up, restored, compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.clock import new_id
from harness.containers.engine import connect
from harness.containers.labels import new_owner
from harness.containers.network import StackNetwork
from harness.containers.stack import ContainerStack
from harness.containers.volumes import volume_names
from harness.kinds import registry
from harness.kinds.contracts import BackupAccess, ComponentAccess, RestoreAccess, ToolImage
from harness.model.drill import Component, Service
from harness.run.inventory import compare_inventories
from harness.run.inventory_lines import write_inventory

ROOT = "/srv/tree"
SERVICES = (Service(name="files", image="portal-drill/tools:3", command=("sleep", "1800"), volumes={ROOT: "tree"}),)
TIMEOUT_S = 900.0


class OnItsOwn:
    def __init__(self, stack: Any, folder: Path, kind: str, engine: str) -> None:
        self.stack, self.folder = stack, folder
        self.component = Component(name="files", kind=kind, service="files", engine=engine, options={"path": ROOT})
        self.kind, self.engine = registry.component(kind), registry.engine(engine)
        self.artefact = folder / "artefact"
        self.facts: dict[str, Any] = {}

    @property
    def access(self) -> ComponentAccess:
        return ComponentAccess(self.component, self.stack)

    def do(self, script: str, timeout_s: float = TIMEOUT_S) -> str:
        with self.stack.tool("files", image=ToolImage.TOOLS, writable=True) as shell:
            return str(shell.run(["bash", "-euc", f"cd {ROOT}; {script}"], timeout_s=timeout_s).ok().text)

    def inventory(self, name: str) -> Path:
        path = self.folder / f"{name}.jsonl.gz"
        write_inventory(self.kind.inventory(self.access), (), path)
        return path

    def back_up(self) -> None:
        self.artefact.mkdir()
        access = BackupAccess(self.component, self.stack, self.artefact, "pair", TIMEOUT_S)
        self.facts = json.loads(json.dumps(self.engine.backup(access)))

    def restore(self) -> None:
        access = RestoreAccess(self.component, self.stack, self.artefact, "pair", self.facts, TIMEOUT_S)
        self.engine.restore(access)

    def equals(self, before: Path) -> bool:
        return compare_inventories(self.component, before, before, self.inventory("restored")).equal


class InMemory(ContainerStack):
    """Its volumes are new file systems in memory, for to make and delete very many files elsewhere takes minutes. They
    live as long as a container that has them, which the service itself is."""

    def create(self) -> StackNetwork:
        for name in volume_names(self.services):
            options = {"type": "tmpfs", "device": "tmpfs", "o": "size=6g"}
            volume, labels = self.owner.name_of(name), self.owner.labels()
            self.engine.api.create_volume(volume, driver="local", driver_opts=options, labels=labels)
        network = super().create()
        self.start("files")
        return network


@contextmanager
def on_its_own(
    folder: Path, kind: str, engine: str, stack: type[ContainerStack] = ContainerStack
) -> Iterator[OnItsOwn]:
    client = connect()
    owner = new_owner(new_id(), "contract", "source", folder)
    made = stack(client, SERVICES, role="source", owner=owner, copy_image_content=False, on_secret=lambda secret: None)
    try:
        made.create()
        yield OnItsOwn(made, folder, kind, engine)
    finally:
        assert made.remove() == ()
        client.close()
