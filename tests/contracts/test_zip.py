"""The engine `zip`: what a ZIP can keep comes back, what it cannot keep is refused (XLR-5, design fact 7)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_stack import InMemory, OnItsOwn, on_its_own

from harness.errors import CommandFailed

pytestmark = pytest.mark.engine

FILL = """mkdir -p bin empty conf/deep; echo 'echo up' >bin/run.sh; chmod 0750 bin/run.sh; chown -R 1000:1000 .
chmod 2775 conf; echo x >'conf/two  words'; echo 4 >'häuser 🐘'; : >nothing; ln -s bin/run.sh start
ln -s nowhere dangling; chown -h 7:8 dangling; echo s >closed; chmod 0400 closed
touch -d 2001-09-09 closed; chmod 0751 ."""


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[OnItsOwn]:
    with on_its_own(tmp_path, "file_tree", "zip") as made:
        yield made


def test_modes_owners_links_and_empty_folders_come_back(tree: OnItsOwn) -> None:
    tree.do(FILL)
    before = tree.inventory("before")
    tree.back_up()
    tree.do("rm bin/run.sh; echo left >left-over; rmdir empty; ln -sfn left-over start")
    tree.restore()
    assert tree.equals(before)
    assert tree.do("./bin/run.sh").strip() == "up"


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("echo 1 >one; ln one two", "one of 2 names of one file"),
        ("mkfifo pipe", "pipe: no file, folder or link"),
        ("echo 1 >one; setfattr -n user.note -v kept one", "one: extended attributes"),
        (r"echo 1 >$'caf\xe9'", "its name is no UTF-8"),
    ],
)
def test_what_a_zip_cannot_keep_is_refused(tree: OnItsOwn, made: str, named: str) -> None:
    tree.do(made)
    with pytest.raises(CommandFailed, match=named):
        tree.back_up()


def test_archive_of_a_tool_without_modes_is_refused(tree: OnItsOwn) -> None:
    """As `zipfile` writes it when a script for backups uses it: the other side of the trap."""
    tree.do(FILL)
    tree.back_up()
    with zipfile.ZipFile(tree.artefact / "tree.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("run.sh"), "echo up")
    with pytest.raises(CommandFailed, match="another tool made this archive"):
        tree.restore()


@pytest.mark.parametrize("name", ["../out", "/out", "start/below"])
def test_hostile_names_are_refused(tree: OnItsOwn, name: str) -> None:
    tree.do(FILL)
    tree.back_up()
    with zipfile.ZipFile(tree.artefact / "tree.zip", "a") as archive:
        archive.writestr(name, "hostile")
    with pytest.raises(CommandFailed, match=r"leaves the tree|below a symbolic link"):
        tree.restore()


@pytest.mark.parametrize("cut", [0.5, 0.99])
def test_archive_that_was_cut_is_refused(tree: OnItsOwn, cut: float) -> None:
    tree.do("head -c 300000 /dev/urandom >large")
    tree.back_up()
    path = tree.artefact / "tree.zip"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    with pytest.raises(CommandFailed, match="cannot be unpacked"):
        tree.restore()


@pytest.mark.prove
def test_more_files_and_larger_ones_than_old_archives_hold(tmp_path: Path) -> None:
    """More than 65,535 entries, one of more than 4 GiB, and others behind it at more than 4 GiB (XLR-5)."""
    with on_its_own(tmp_path, "file_tree", "zip", InMemory) as tree:
        tree.do(f"""{FILL}
            mkdir many; (cd many; seq 66000 | xargs touch; chmod 0750 65999; chown 7:8 66000; ln -s ../large link)
            head -c 4300M /dev/urandom >large; echo end >>large; chmod 0640 large""")
        before = tree.inventory("before")
        tree.back_up()
        archive = tree.artefact / "tree.zip"
        assert archive.stat().st_size > 1 << 32
        assert tree.facts["files"] > 65_535
        tree.do("rm -r many large; mkdir many; echo left >many/left-over")
        tree.restore()
        assert tree.equals(before)
        assert tree.do("./bin/run.sh").strip() == "up"
        assert tree.do("stat -c '%a %u:%g' many/65999 many/66000 large; readlink many/link").splitlines() == [
            "750 0:0", "644 7:8", "640 0:0", "../large",
        ]  # fmt: skip
        archive.unlink()
