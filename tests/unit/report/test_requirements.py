"""Whoever reads an id in a report can read there what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kinds import registry
from harness.report.requirements import REQUIREMENTS

ROOT = Path(__file__).parents[3]
KINDS = ROOT / "harness" / "kinds"
ID = re.compile(r"[A-Z]+(?:\d+)?-D?\d+")
# Written in kinds, though no result can carry it: in docstrings and comments.
QUOTED = re.compile(r'"([A-Z]+(?:\d+)?-D?\d+)"')


def cited() -> Iterator[str]:
    for path in KINDS.rglob("*.py"):
        yield from QUOTED.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("requirement", sorted({*cited()}))
def test_every_requirement_that_a_kind_cites_has_its_text(requirement: str) -> None:
    assert requirement in REQUIREMENTS


@pytest.mark.parametrize("check", registry.names("checks"))
def test_ids_of_checks_are_ids(check: str) -> None:
    assert all(ID.fullmatch(requirement) for requirement in registry.check(check).REQUIREMENTS)


def met() -> Iterator[str]:
    """Ids that code which does something, or a test, cites one by one; texts of requirements and tables of products ask
    for things, and do nothing."""
    asking = {ROOT / "harness" / "report" / "requirements.py", *(KINDS / "products").glob("*.py"), Path(__file__)}
    for path in (*(ROOT / "harness").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "drills").glob("*.py")):
        if path not in asking:
            yield from re.findall(r"\b(?:GEN|LR|XLR)-D?\d+\b", path.read_text(encoding="utf-8"))


# What no code meets, and why.
UNMET = {
    "LR-3": "no upgrade is applied to a restored copy",
    "LR-5": "informational",
    "LR-25": "a database with an index in it is a database: declared, or named by `coverage`",
    "LR-D3": "a stack that mounts a folder of the host for its state is refused",
}


def test_each_requirement_ends_in_code_that_meets_it() -> None:
    asked = {one for one in REQUIREMENTS if one.startswith(("GEN-", "LR-", "XLR-"))}
    assert asked >= {*(f"XLR-{n}" for n in range(1, 20)), *(f"XLR-D{n}" for n in range(1, 12))}
    assert asked >= {*(f"LR-{n}" for n in range(1, 34)), *(f"LR-D{n}" for n in range(1, 9))}
    assert asked >= {f"GEN-D{n}" for n in range(1, 31)}
    assert asked - {*met()} == {*UNMET}
    assert {*met()} - asked == set()


def test_each_text_is_one_sentence() -> None:
    assert [text for text in REQUIREMENTS.values() if not text.endswith(".") or len(text) > 120] == []
