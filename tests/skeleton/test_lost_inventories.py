"""Inventories that are missing, cut short, swapped or another day's: nothing can be compared, and nothing is equal."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from drill_bench import Bench

from harness.run import vault

pytestmark = pytest.mark.engine

BEFORE, AFTER = "database.before.jsonl.gz", "database.after.jsonl.gz"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def swap(folder: Path) -> None:
    (folder / BEFORE).rename(folder / "other")
    (folder / AFTER).rename(folder / BEFORE)
    (folder / "other").rename(folder / AFTER)


SPOILT: dict[str, Callable[[Path], object]] = {
    "before is missing": lambda folder: (folder / BEFORE).unlink(),
    "after is missing": lambda folder: (folder / AFTER).unlink(),
    "before is cut short": lambda folder: cut(folder / BEFORE),
    "after is empty": lambda folder: (folder / AFTER).write_bytes(b""),
    "swapped": swap,
    "both the same": lambda folder: shutil.copy(folder / BEFORE, folder / AFTER),
    "all are gone": shutil.rmtree,
}


@pytest.mark.parametrize(
    "name", [name if name == "swapped" else pytest.param(name, marks=pytest.mark.prove) for name in SPOILT]
)
def test_spoilt_inventory_is_unknown(name: str, bench: Bench, point: Path, tmp_path: Path) -> None:
    copy = tmp_path / point.name
    vault.copy_point(point, copy)
    SPOILT[name](copy / "inventories")
    run = bench.perform(point=copy)
    assert (run.verdict["outcome"], run.outcomes["data_parity"]) == ("UNKNOWN", "UNKNOWN")
    assert {check for check, outcome in run.outcomes.items() if outcome != "PASS"} == {"data_parity"}
    assert "database: not compared" in run.check("data_parity")["found"]


@pytest.mark.prove
def test_restore_point_that_knows_of_no_inventory_is_unknown(bench: Bench, point: Path, tmp_path: Path) -> None:
    copy = tmp_path / point.name
    vault.copy_point(point, copy)
    vault.save_record(copy, vault.load_record(copy).model_copy(update={"inventories": ()}))
    run = bench.perform(point=copy)
    assert (run.verdict["outcome"], run.outcomes["data_parity"]) == ("UNKNOWN", "UNKNOWN")
    assert "lacks the source's inventories" in run.check("data_parity")["found"]
