"""Where the figures are measured: trees on a file system in memory, databases in containers of their own."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker.types import Mount

from harness import clock
from harness.containers.engine import Engine
from harness.containers.labels import new_owner
from harness.containers.stack import ContainerStack
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.kinds.contracts import Shell, ToolImage
from harness.model.drill import Service

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".portal-drill"
MEMORY = Path("/dev/shm")
RSYNC_IMAGE = "portal-drill/bench:1"
TREE = "/tree"
RELADIFF = STATE / "reladiff" / "bin" / "reladiff"
PASSWORD = "Postgres-4711"


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder that is thrown away whole: deleting many files slows a disk for minutes."""
    folder = Path(tempfile.mkdtemp(prefix="portal-drill-bench-", dir=MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def small_files(root: Path, count: int) -> None:
    """Files of 100 to 4,000 bytes, a hundred to a folder; the same at every call."""
    sizes = random.Random(count)
    for number in range(count):
        folder = root / f"{number // 10_000:03}" / f"{number // 100 % 100:02}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        path = folder / f"document {number:07}.txt"
        path.write_bytes(sizes.randbytes(sizes.randrange(100, 4000)))
        os.utime(path, (1e9, 1e9))


def large_files(root: Path, count: int, size: int) -> None:
    root.mkdir()
    for number in range(count):
        path = root / f"{number}.bin"
        path.write_bytes(random.Random(number).randbytes(size))
        os.utime(path, (1e9, 1e9))


class Tree:
    """A stack that is one tree of files: the real tool container of the harness on it."""

    role = "source"

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder

    def mounts(self, service: str) -> tuple[str, ...]:
        return (TREE,)

    @contextmanager
    def tool(self, service: str, *, image: ToolImage, writable: bool, **given: Any) -> Iterator[Shell]:
        mount = Mount(TREE, str(self._folder), type="bind", read_only=not writable)
        owner = new_owner(clock.new_id(), "bench", "source", STATE)
        with tool_container(self._engine, TOOLS_IMAGE, owner, [mount]) as shell:
            yield shell


def rsync(one: Path, other: Path) -> bytes:
    """What of both trees differs, by content; in a container as well, so that both pay for one."""
    mounts = ["-v", f"{one}:/one:ro", "-v", f"{other}:/other:ro"]
    argv = ["docker", "run", "--rm", *mounts, RSYNC_IMAGE, "rsync", "-anci", "/one/", "/other/"]
    return subprocess.run(argv, check=True, capture_output=True).stdout


def build_rsync_image() -> None:
    argv = ["docker", "build", "-q", "-t", RSYNC_IMAGE, str(Path(__file__).parent)]
    subprocess.run(argv, check=True, capture_output=True, env=os.environ | {"DOCKER_BUILDKIT": "0"})


@contextmanager
def database(engine: Engine, role: Any) -> Iterator[ContainerStack]:
    """A PostgreSQL server of its own."""
    service = Service(
        name="db",
        image="portal-drill/postgresql:15",
        environment={"POSTGRES_PASSWORD": PASSWORD},
        volumes={"/var/lib/postgresql/data": "database"},
    )
    owner = new_owner(clock.new_id(), "bench", role, STATE)
    stack = ContainerStack(
        engine, (service,), role=role, owner=owner, copy_image_content=True, on_secret=lambda secret: None
    )
    try:
        stack.create()
        stack.start("db")
        yield stack
    finally:
        stack.remove()


def install_reladiff() -> bool:
    """Into a folder of its own, as it brings packages that the project does not have. False if it cannot be had."""
    if RELADIFF.exists():
        return True
    home = RELADIFF.parents[1]
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    ended = subprocess.run([home / "bin" / "pip", "install", "-q", "reladiff[postgresql]==0.6.0"])
    return ended.returncode == 0


def reladiff(one: ContainerStack, other: ContainerStack, table: str) -> bytes:
    """The rows that differ, whatever their column; a thread for each processor."""
    sides = [word for stack in (one, other) for word in (_address(stack), table)]
    argv = [RELADIFF, *sides, "-k", "id", "-c", "%", "-j", str(os.cpu_count()), "--algorithm", "hashdiff"]
    return subprocess.run(argv, check=True, capture_output=True).stdout


def _address(stack: ContainerStack) -> str:
    return f"postgresql://postgres:{PASSWORD}@{stack.addresses()['db']}/postgres"


def environment() -> Mapping[str, str]:
    """As a user's: Python keeps what it has compiled."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(STATE / "bench-cache"),
    }
