"""Indexes that come back with the tree around them: found, listed, missed, emptied (XLR-12 to XLR-16)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from own_stack import OnItsOwn, on_its_own

from harness.errors import CommandFailed
from harness.kinds.components import jackrabbit_index

pytestmark = pytest.mark.engine

FILL = """mkdir -p repository/index/_a repository/datastore workspaces/{default,security,fourth}/index/_a
for index in repository workspaces/*; do echo names >$index/index/indexes_2; echo terms >$index/index/_segment; done
echo binary >repository/datastore/record; echo '<Workspace/>' >workspaces/default/workspace.xml"""
FOLDERS = ("repository/index", "workspaces/default/index", "workspaces/fourth/index", "workspaces/security/index")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[OnItsOwn]:
    with on_its_own(tmp_path, "jackrabbit_index", "carried") as made:
        made.do(FILL)
        yield made


def test_every_index_is_found_and_nothing_else(repository: OnItsOwn) -> None:
    assert jackrabbit_index.folders(repository.access) == FOLDERS
    keys = [item.key for item in jackrabbit_index.inventory(repository.access)]
    inside = {name: [key for key in keys if key == name or key.startswith(f"{name}/")] for name in FOLDERS}
    assert keys == sorted(keys) == sorted(key for found in inside.values() for key in found)
    assert {len(found) for found in inside.values()} == {4}  # the folder, one of a segment, two files
    assert float(str(jackrabbit_index.position(repository.access)["newest_change_unix_s"])) > 0
    assert jackrabbit_index.proved_empty(repository.access)


def test_a_change_of_one_byte_shows(repository: OnItsOwn) -> None:
    before = repository.inventory("before")
    assert repository.equals(before)
    repository.do("printf X | dd of=workspaces/default/index/_segment bs=1 conv=notrunc status=none")
    assert not repository.equals(before)


def test_index_that_did_not_come_back_is_missed(repository: OnItsOwn) -> None:
    repository.back_up()
    repository.restore()
    repository.do("rm -r workspaces/security/index")
    with pytest.raises(CommandFailed, match="workspaces/security/index did not come back"):
        repository.restore()


def test_contents_are_removed_and_folders_stay(repository: OnItsOwn) -> None:
    """XLR-13 to XLR-16; of all of them, as the vendor's own tool for copies does (XLR-D9)."""
    assert jackrabbit_index.purge(repository.access) == FOLDERS
    assert jackrabbit_index.folders(repository.access) == FOLDERS
    assert jackrabbit_index.proved_empty(repository.access) is None
    assert repository.do("cat repository/datastore/record workspaces/default/workspace.xml").split() == [
        *("binary", "<Workspace/>"),
    ]


def test_index_that_nobody_named_is_not_left(repository: OnItsOwn) -> None:
    """Half deleted, an index looks healthy and finds a part only."""
    options = {**repository.component.options, "indexes": ["repository/index", "workspaces/default/index"]}
    repository.component = repository.component.model_copy(update={"options": options})
    with pytest.raises(CommandFailed, match=r"not emptied: .*workspaces/security/index"):
        jackrabbit_index.purge(repository.access)


def test_repository_without_any_index_is_refused(repository: OnItsOwn) -> None:
    repository.do("rm -r repository workspaces")
    for ask in (repository.back_up, lambda: jackrabbit_index.purge(repository.access)):
        with pytest.raises(CommandFailed, match="there is no folder of an index"):
            ask()
