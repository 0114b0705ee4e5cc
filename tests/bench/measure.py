"""What is measured, and beside what. Each function is one line of `make bench`, and gives its figures."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import surroundings as around
import whole_drills
from figures import Figure, alone, paired

from harness.containers.engine import connect
from harness.kinds import registry
from harness.kinds.contracts import ComponentAccess
from harness.model.drill import Component
from harness.model.inventory import Difference
from harness.run.inventory import compare_inventories
from harness.run.inventory_lines import write_inventory

MIB = 1 << 20
ROWS = 5_000_000
FILES = Component(name="files", kind="file_tree", service="files", engine="", options={"path": around.TREE})
DATABASE = Component(name="database", kind="postgresql", service="db", engine="", options={"database": "postgres"})
TABLE = f"""CREATE TABLE entry AS SELECT i::bigint AS id, (i % 977)::int AS author, md5(i::text) AS title,
    timestamptz '2026-01-01' + i * interval '1 second' AS written, (i % 100000) / 100.0 AS price
    FROM generate_series(1, {ROWS}) i;
    ALTER TABLE entry ADD PRIMARY KEY (id)"""
COPY = ["sh", "-c", 'psql -qAtX -U postgres -c "COPY entry TO STDOUT" | sha256sum']


def inventory(component: Component, stack: Any, path: Path) -> None:
    items = registry.component(component.kind).inventory(ComponentAccess(component, stack))
    write_inventory(items, component.classes, path)


def both_sides(component: Component, source: Any, restored: Any, folder: Path) -> Difference:
    """As a drill does it: the source's inventory stands for both of its moments."""
    paths = folder / "source.jsonl.gz", folder / "restored.jsonl.gz"
    inventory(component, source, paths[0])
    inventory(component, restored, paths[1])
    return compare_inventories(component, paths[0], paths[0], paths[1])


# ---------------------------------------------------------------- files


def files(rounds: int) -> Iterator[Figure]:
    around.build_rsync_image()
    cases: list[tuple[str, Callable[[Path], None], float]] = [
        ("100,000 small files", lambda root: around.small_files(root, 100_000), 2),
        ("1 GiB in 16 large files", lambda root: around.large_files(root, 16, 64 * MIB), 1.5),
    ]
    for name, fill, limit in cases:
        with around.memory_folder() as folder:
            sides = folder / "one", folder / "other"
            fill(sides[0])
            subprocess.run(["cp", "-a", *map(str, sides)], check=True)
            victim = max(path for path in sides[1].rglob("*") if path.is_file())
            changed = bytearray(victim.read_bytes())
            changed[-1] ^= 1
            victim.write_bytes(changed)
            yield _against_rsync(name, folder, sides, victim, limit, rounds)


def _against_rsync(
    name: str, folder: Path, sides: tuple[Path, Path], victim: Path, limit: float, rounds: int
) -> Figure:
    engine = connect()
    trees = [around.Tree(engine, side) for side in sides]
    key = str(victim.relative_to(sides[1]))

    def ours() -> None:
        assert both_sides(FILES, *trees, folder).changed.first == (f"{key} (content)",)

    def theirs() -> None:
        assert key.encode() in around.rsync(*sides)

    return paired(f"files of both sides: {name}", ours, theirs, beside="`rsync -anc`", limit=limit, rounds=rounds)


# ---------------------------------------------------------------- rows


def rows(rounds: int) -> Iterator[Figure]:
    engine = connect()
    with (
        TemporaryDirectory() as kept,
        around.database(engine, "source") as source,
        around.database(engine, "sandbox") as restored,
    ):
        for stack in (source, restored):
            _fill(stack)
        _psql(restored, "UPDATE entry SET title = 'another one' WHERE id = 3141592; VACUUM entry")

        def ours() -> None:
            found = both_sides(DATABASE, source, restored, Path(kept))
            assert found.changed.first == ("row/public.entry/3141592 (content)",), found

        def theirs() -> None:
            for stack in (source, restored):
                stack.shell("db").run(COPY, timeout_s=900).ok()

        beside = "`COPY \\| sha256sum`, which names no row"
        yield paired(
            "5 million rows of both sides, one changed and named", ours, theirs, beside=beside, limit=2.5, rounds=rounds
        )

        def reladiff() -> None:
            assert b"3141592" in around.reladiff(source, restored, "entry"), "the changed row is not named"

        if around.install_reladiff():
            title = "the same, beside a tool that names rows as well"
            yield paired(title, ours, reladiff, beside="`reladiff`", limit=1, rounds=rounds)
        else:
            print("reladiff cannot be installed: nothing stands beside the rows that names them")


def _fill(stack: Any) -> None:
    for _ in range(100):
        if stack.shell("db").run(["pg_isready", "-q"], timeout_s=10).exit_code == 0:
            break
        time.sleep(0.1)
    _psql(stack, TABLE)
    _psql(stack, "VACUUM ANALYZE entry; CHECKPOINT")


def _psql(stack: Any, text: str) -> None:
    words = [word for one in text.split("; ") for word in ("-c", one)]
    stack.shell("db").run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-U", "postgres", *words], timeout_s=900).ok()


# ---------------------------------------------------------------- commands


def commands(rounds: int) -> Iterator[Figure]:
    python, run = sys.executable, {"check": True, "capture_output": True, "env": around.environment()}
    program = "import sys; from harness.cli import main; sys.argv[0] = 'portal-drill'; sys.exit(main())"

    def help_text() -> None:
        subprocess.run([python, "-c", program, "--help"], **run)  # type: ignore[call-overload]

    yield alone("`portal-drill --help`", help_text, limit=0.3, rounds=rounds)
    with TemporaryDirectory() as kept:
        root = Path(kept)
        shutil.copytree(around.ROOT / "fixtures" / "stacks", root / "fixtures" / "stacks")
        (root / "drills").mkdir()
        (root / "pytest.ini").write_text("[pytest]\n")
        text = (around.ROOT / "drills" / "liferay-dxp.drill.yaml").read_text()
        for number in range(1000):
            drill = text.replace("drill: liferay-dxp", f"drill: liferay-{number}", 1)
            (root / "drills" / f"liferay-{number}.drill.yaml").write_text(drill)

        def collect() -> None:
            # hypothesis comes with the tests of this project; its plugin takes half a second of anything pytest does.
            argv = [python, "-m", "pytest", "-p", "no:hypothesispytest", "drills/", "--collect-only", "-q"]
            said = subprocess.run(argv, cwd=root, **run).stdout  # type: ignore[call-overload]
            assert said.count(b"::data_parity") == 1000, said[-500:]

        yield alone("`pytest drills/ --collect-only`, 1,000 drill files", collect, limit=3, rounds=rounds)


# ---------------------------------------------------------------- memory


def memory(_rounds: int) -> Iterator[Figure]:
    """The most that a process held while it inventoried a tree and compared it, a hundred times the files."""
    most = []
    for count in (10_000, 1_000_000):
        with around.memory_folder() as folder:
            around.small_files(folder / "tree", count)
            argv = [sys.executable, str(Path(__file__).parent / "most_memory.py"), str(folder)]
            said = subprocess.run(argv, check=True, capture_output=True, text=True, env=around.environment()).stdout
            most.append(float(said))
    value = most[1] / most[0]
    name = "most memory, 1,000,000 files"
    yield Figure(name, most[1], most[0], value, 1.1, "MB", "10,000 files")


ALL: dict[str, Callable[[int], Iterator[Figure]]] = {
    "files": files,
    "rows": rows,
    "commands": commands,
    "memory": memory,
    "script": whole_drills.script,
    "two": whole_drills.two,
}
