"""Values of the source are replaced wherever they stand, and what was overlooked ends the restore (XLR-D4)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CouldNotAsk, StepFailed
from harness.kinds.contracts import CommandResult
from harness.model.drill import Component, Rewire
from harness.model.inventory import ClassRule, ItemClass
from harness.model.plan import Action, Step
from harness.run import before_start
from harness.run.before_start import refuse_while_running, rewire
from harness.run.journal import Journal

STEP = Step(id="rewire", action=Action.REWIRE, subject="", deadline_s=30)
OLD = "db.production.example"
MOST = 1 << 20  # bytes that are kept of what a command prints


# Root may read whatever its mode says; without these rights a file that nobody may read stands for one that is broken.
BOUND = ["setpriv", *(f"--{caps}=-dac_override,-dac_read_search" for caps in ("bounding-set", "inh-caps"))]
AS_OWNER = BOUND if os.geteuid() == 0 else []


class Local:
    """The machine's own shell."""

    def run(self, argv: Sequence[str], *, stdin: bytes | None = None, timeout_s: float, **more: Any) -> CommandResult:
        said = subprocess.run([*AS_OWNER, *argv], input=stdin, capture_output=True, timeout=timeout_s, check=False)
        kept = said.stdout[:MOST]
        return CommandResult(tuple(argv), said.returncode, kept, said.stderr, kept != said.stdout, 0.0)

    def stream(self, argv: Sequence[str], *, timeout_s: float) -> Iterator[bytes]:
        yield subprocess.run(argv, capture_output=True, timeout=timeout_s, check=True).stdout


class OneStack:
    def __init__(self, inside: tuple[str, ...]) -> None:
        self.inside = inside

    def mounts(self, service: str) -> tuple[str, ...]:
        return self.inside

    @contextmanager
    def tool(self, service: str, **more: Any) -> Iterator[Local]:
        yield Local()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name in ("default", "security"):
        (root / "workspaces" / name).mkdir(parents=True)
        (root / "workspaces" / name / "workspace.xml").write_text(f"<url>jdbc:postgresql://{OLD}/x</url>\n")
    (root / "binary").write_bytes(b"\0" + OLD.encode())
    (root / "store").mkdir()
    (root / "store" / "letter").write_text(f"we wrote to {OLD}\n")
    (root / "log").mkdir()
    (root / "log" / "a.log").write_text(f"connected to {OLD}\n")
    return root


def run(root: Path, *files: str, logs: ItemClass = ItemClass.APPEND, nested: str | None = None) -> None:
    rule = ClassRule(match="log/**", item_class=logs, reason="a log")
    component = Component(
        name="repository", kind="file_tree", service="web", engine="tar", options={"path": str(root)}, classes=(rule,)
    )
    values = tuple(Rewire(component="repository", file=file, old=OLD, new="db") for file in files)
    (root.parent / "evidence.jsonl").unlink(missing_ok=True)
    journal = Journal(root.parent / "evidence.jsonl")
    kind = SimpleNamespace(REFERENCED={"repository": ("store/*",)}, references=lambda access: iter(()))
    plan = SimpleNamespace(rewire=values, component=lambda name: component)
    box: Any = SimpleNamespace(
        stack=OneStack((f"{root}/{nested}",) if nested else ()),
        kind=kind,
        session=SimpleNamespace(plan=plan, journal=journal),
    )
    try:
        rewire(box, STEP)
    finally:
        journal.close()


def test_glob_reaches_every_copy(tree: Path) -> None:
    run(tree, "workspaces/*/workspace.xml")
    for name in ("default", "security"):
        assert (tree / "workspaces" / name / "workspace.xml").read_text() == "<url>jdbc:postgresql://db/x</url>\n"


def test_copy_that_was_overlooked_ends_the_restore(tree: Path) -> None:
    with pytest.raises(StepFailed, match=r"left: repository: workspaces/security/workspace\.xml"):
        run(tree, "workspaces/default/workspace.xml")


def test_what_is_no_log_is_no_excuse(tree: Path) -> None:
    with pytest.raises(StepFailed, match=r"left: repository: log/a\.log"):
        run(tree, "workspaces/*/workspace.xml", logs=ItemClass.STATE)


TEXT = f"<url>jdbc:postgresql://{OLD}/x</url>\r\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("long.xml", b"<!-- -->\n" * 130_000 + TEXT.encode()),
        ("utf-16.config", TEXT.encode("utf-16")),
        ("big-endian.INI", b"\xfe\xff" + TEXT.encode("utf-16-be")),
        ("zero.properties", b"a\0b\n" + TEXT.encode()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_copy_of_any_size_and_encoding_is_found_and_replaced(tree: Path, name: str, content: bytes) -> None:
    (tree / name).write_bytes(content)
    with pytest.raises(StepFailed, match=rf"^values of the source are left: repository: {name}$"):
        run(tree, "workspaces/*/workspace.xml")
    for workspace in ("default", "security"):
        (tree / "workspaces" / workspace / "workspace.xml").write_text(OLD)
    run(tree, "workspaces/*/workspace.xml", name)
    code = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    assert (tree / name).read_bytes().decode(code) == content.decode(code).replace(OLD, "db")


@pytest.mark.parametrize("name", ["more.xml", "more", "folder"])
def test_what_cannot_be_read_may_hold_a_value(tree: Path, name: str) -> None:
    if name == "folder":
        (tree / name).mkdir()
    else:
        (tree / name).write_text(f"see {OLD}\n")
    (tree / name).chmod(0)
    with pytest.raises(CouldNotAsk, match=rf"left in repository cannot be told: .*{name}.*: Permission denied"):
        run(tree, "workspaces/*/workspace.xml")
    (tree / "workspaces" / "more.xml").write_text(OLD)
    for workspace in ("default", "security"):
        (tree / "workspaces" / workspace / "workspace.xml").write_text(OLD)
    with pytest.raises(StepFailed, match=r"are left: repository: workspaces/more\.xml$"):
        run(tree, "workspaces/*/workspace.xml")
    (tree / name).chmod(0o700)


def test_component_inside_another_one_is_not_searched_with_it(tree: Path) -> None:
    (tree / "uploads").mkdir()
    (tree / "uploads" / "page.html").write_text(f"see {OLD}\n")
    with pytest.raises(StepFailed, match=r"left: repository: uploads/page\.html"):
        run(tree, "workspaces/*/workspace.xml")
    for name in ("default", "security"):
        (tree / "workspaces" / name / "workspace.xml").write_text(OLD)
    run(tree, "workspaces/*/workspace.xml", nested="uploads")


def test_glob_that_names_nothing_ends_the_restore(tree: Path) -> None:
    with pytest.raises(StepFailed, match="holds no file nowhere"):
        run(tree, "nowhere/*.xml")


def test_glob_reaches_every_file_however_many_there_are(tree: Path) -> None:
    """Their names are more than is kept of what a command prints."""
    for number in range(5_500):
        (tree / "store" / f"{number:0200}.xml").touch()
    (tree / "store" / "z.xml").write_text("<url/>")
    component = Component(name="repository", kind="file_tree", service="web", engine="tar", options={"path": str(tree)})
    named = Rewire(component="repository", file="store/*.xml", old=OLD, new="db")
    shell: Any = Local()
    found = before_start._files(shell, component, named, 30)
    assert (len(found), found[-1]) == (5_501, f"{tree}/store/z.xml")


def test_file_of_a_glob_without_the_value_ends_the_restore(tree: Path) -> None:
    (tree / "workspaces" / "security" / "workspace.xml").write_text("<url/>")
    with pytest.raises(StepFailed, match="does not hold"):
        run(tree, "workspaces/*/workspace.xml")


@pytest.mark.parametrize(
    ("portal", "runs", "refused"), [("web", True, True), ("web", False, False), ("db", True, False)]
)
def test_nothing_is_restored_below_a_portal_that_runs(portal: str, runs: bool, refused: bool) -> None:
    """XLR-8; a server through which others are restored must run."""
    files = Component(name="files", kind="file_tree", service="web", engine="tar", options={"path": "/d"})
    rows = Component(name="rows", kind="postgresql", service="db", engine="pg_dump", options={"database": "shop"})
    session = SimpleNamespace(
        drill=SimpleNamespace(portal=SimpleNamespace(service=portal)), plan=SimpleNamespace(components=(files, rows))
    )
    box: Any = SimpleNamespace(session=session, stack=SimpleNamespace(is_running=lambda service: runs))
    if refused:
        with pytest.raises(StepFailed, match=r"files was to be restored before the start, and web runs \(XLR-8\)"):
            refuse_while_running(box, files)
    else:
        refuse_while_running(box, files)
