"""Whatever is in a drill file or a Compose file: a drill that can be planned, or mistakes with their places inside
the file; never a traceback.

`make fuzz` reads 100,000 mutated files; a failure names the number of its mutation.
"""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import MUTATIONS, mutated

from harness.errors import DrillFileWrong
from harness.prepare.compose_file import read_stack
from harness.prepare.json_schema import json_schema
from harness.prepare.make_plan import make_plan
from harness.prepare.parse import read_drill
from harness.prepare.yaml_source import parse_yaml
from harness.report.plan import WIDTH, explain

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "mistakes"
DRILLS = sorted((*ROOT.glob("drills/*.drill.yaml"), *ROOT.glob("tests/variants/*.yaml")))
WRONG = [path for path in sorted(GOLDEN.glob("*.yaml")) if path.stem != "alias-bomb"]
STACKS = sorted((*ROOT.glob("fixtures/stacks/*/compose.yaml"), *GOLDEN.glob("stacks/*.yaml")))
# Most begin from what is valid: a file with a mistake hides others.
BASES = [*DRILLS * 8, *STACKS, *WRONG]
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
FEW, MANY, STRIDE = 3_000, 100_000, 5_000

few = settings(max_examples=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the stacks are found that the files name."""
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    (tmp_path / "stacks").symlink_to(GOLDEN / "stacks")
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def read(content: bytes, folder: Path, *, stack: bool = False) -> bool:
    """Whether it is valid; fails if it is neither valid nor wrong at places that the file has."""
    path = folder / "fuzz.yaml"
    path.write_bytes(content)
    try:
        if stack:
            read_stack(path, path.name)
        else:
            drill = read_drill(path)
            assert all(len(line) <= WIDTH for line in explain(drill, make_plan(drill)).splitlines())
        return True
    except DrillFileWrong as wrong:
        lines = [len(line) for line in BREAK.split(content.decode("utf-8-sig", "replace"))]
        assert wrong.mistakes
        for one in wrong.mistakes:
            if one.file == path.name:
                assert 1 <= one.line <= len(lines), one
                assert 1 <= one.column <= lines[one.line - 1] + 1, one
        return False


def read_mutations(numbers: range, folder: Path) -> tuple[int, int]:
    """How many were valid and how many wrong. What the parser accepts, the schema accepts."""
    schema = jsonschema.Draft202012Validator(json_schema())  # with the portal on paper
    valid = 0
    for number in numbers:
        base = BASES[number % len(BASES)]
        content = mutated(base.read_bytes(), number)
        try:
            accepted = read(content, folder, stack=base in STACKS)
            if accepted and base not in STACKS:
                refused = [error.message for error in schema.iter_errors(parse_yaml(content, base.name).data)]
                assert not refused, f"only the schema refuses it: {refused}"
        except Exception as error:
            raise AssertionError(f"mutation {number} of {base.name}:\n{content.decode(errors='replace')}") from error
        valid += accepted
    return valid, len(numbers) - valid


def test_a_few_mutated_files(folder: Path) -> None:
    valid, wrong = read_mutations(range(FEW), folder)
    assert valid > FEW * 0.02
    assert wrong > FEW * 0.5


@pytest.mark.prove
def test_a_hundred_thousand_mutated_files(folder: Path) -> None:
    valid = wrong = 0
    for first in range(FEW, FEW + MANY, STRIDE):
        more = read_mutations(range(first, first + STRIDE), folder)
        valid, wrong = valid + more[0], wrong + more[1]
        print(f"{valid + wrong:,} mutated files: {valid:,} valid, {wrong:,} refused with their places, no traceback")
    assert valid + wrong == MANY


def test_mutations_come_again_by_their_number_and_change_the_file() -> None:
    content = DRILLS[0].read_bytes()
    found = [mutated(content, number) for number in range(200)]
    assert found == [mutated(content, number) for number in range(200)]
    assert len(set(found)) > 150
    assert len(MUTATIONS) >= 5


@few
@given(content=st.binary(max_size=200))
def test_any_bytes(content: bytes, folder: Path) -> None:
    read(content, folder)


@few
@given(content=st.text(alphabet="a:-[]{}&*!#|>'\"\n\t ,?%@`<0.~$é\x00", max_size=80))
def test_any_punctuation(content: str, folder: Path) -> None:
    read(content.encode(), folder)
    read(content.encode(), folder, stack=True)
