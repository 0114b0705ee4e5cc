"""What the contract suites ask of a component and its engine, with folders in the place of containers; thrown away
after the test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sample_ledger
from bench import (
    DAMAGES,
    Bench,
    comes_back_equal,
    fails_loudly,
    is_the_same_twice,
    removes_before_it_replaces,
    shows_exactly,
    treats_nothing_as_documented,
)

from harness.kinds import registry
from harness.kinds.contracts import CommandResult


class Folder:
    """A stack of one volume; commands run on this machine, with the folder's own path for the volume's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    @contextmanager
    def tool(self, service: str, *, artefact: Path = Path("/nowhere"), **given: Any) -> Iterator[LocalShell]:
        yield LocalShell({sample_ledger.PATH: str(self.folder), "/artefact": str(artefact)})

    def remove(self) -> tuple[str, ...]:
        return ()


class LocalShell:
    def __init__(self, places: dict[str, str]) -> None:
        self.places = places

    def run(self, argv: Sequence[str], *, timeout_s: float) -> CommandResult:
        words = list(argv)
        for path, place in self.places.items():
            words = [word.replace(path, place) for word in words]
        done = subprocess.run(words, capture_output=True, timeout=timeout_s)
        return CommandResult(tuple(argv), done.returncode, done.stdout, done.stderr, False, 0.1)

    def stream(self, argv: Sequence[str], *, timeout_s: float) -> Iterator[bytes]:
        yield self.run(argv, timeout_s=timeout_s).ok().stdout


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("ledger")
    sample: Any = sample_ledger
    engines = {"copy": registry.engine("copy")}
    return Bench(sample, registry.component("ledger"), engines, lambda role: Folder(root / role), root)


def test_position_is_there(bench: Bench) -> None:
    assert bench.target
    assert bench.position == {"lines": 40}


def test_source_that_nobody_changed_is_the_same_twice(bench: Bench) -> None:
    is_the_same_twice(bench)


def test_restored_component_equals_the_source(bench: Bench) -> None:
    comes_back_equal(bench, "copy")


def test_restore_removes_before_it_replaces(bench: Bench) -> None:
    removes_before_it_replaces(bench, "copy")
    assert not (bench.target.folder / "loose-leaf").exists()


def test_empty_component_comes_back_empty(bench: Bench) -> None:
    treats_nothing_as_documented(bench, "copy")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_artefact_is_never_restored_without_a_word(bench: Bench, damage: str, tmp_path: Path) -> None:
    assert bench.target
    fails_loudly(bench, "copy", DAMAGES[damage], tmp_path / "damaged")


@pytest.mark.parametrize("change", sample_ledger.CHANGES)
def test_one_change_is_one_difference(bench: Bench, change: str) -> None:
    assert bench.target
    shows_exactly(bench, sample_ledger.CHANGES[change])
