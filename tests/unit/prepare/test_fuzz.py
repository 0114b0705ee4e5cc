"""Whatever is in a drill file or a Compose file: a drill, or mistakes with their places; never a traceback."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import DrillFileWrong
from harness.prepare.compose_file import read_stack
from harness.prepare.parse import read_drill

GOLDEN = Path(__file__).parents[2] / "golden" / "mistakes"
DRILLS = sorted(GOLDEN.glob("*.yaml"))
STACKS = sorted((GOLDEN / "stacks").glob("*.yaml"))
VALUES = [
    "[]",
    "{}",
    "5",
    "-1",
    "true",
    "text",
    "''",
    "[[1]]",
    "{a: {b: c}}",
    "15 min",
    "*x",
    "null",
    "'\\0'",
    "[5, {}]",
]

few = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(content: bytes, folder: Path, *, stack: bool = False) -> None:
    path = folder / "fuzz.yaml"
    path.write_bytes(content)
    try:
        if stack:
            read_stack(path, "fuzz.yaml")
        else:
            read_drill(path)
    except DrillFileWrong as wrong:
        assert wrong.mistakes
        assert all(mistake.line >= 1 and mistake.column >= 1 for mistake in wrong.mistakes)


def altered(path: Path, seed: int) -> bytes:
    """The file with a few values replaced, lines removed, doubled or indented."""
    chance = random.Random(seed)
    lines = path.read_text(encoding="utf-8").splitlines()
    for _ in range(chance.randint(1, 4)):
        number = chance.randrange(len(lines))
        key, colon, _ = lines[number].partition(":")
        lines[number] = chance.choice(
            [f"{key}{colon} {chance.choice(VALUES)}", "", f"{lines[number]}\n{lines[number]}", f"  {lines[number]}"]
        )
    return "\n".join(lines).encode()


@few
@given(content=st.binary(max_size=200))
def test_any_bytes(content: bytes, tmp_path: Path) -> None:
    read(content, tmp_path)


@few
@given(content=st.text(alphabet="a:-[]{}&*!#|>'\"\n\t ,?%@`<0.~$é\x00", max_size=80))
def test_any_punctuation(content: str, tmp_path: Path) -> None:
    read(content.encode(), tmp_path)
    read(content.encode(), tmp_path, stack=True)


@settings(few, max_examples=300)
@given(path=st.sampled_from(DRILLS), seed=st.integers(0, 2**32))
def test_altered_drills(path: Path, seed: int, tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir(exist_ok=True)
    (tmp_path / "stacks" / "sound.yaml").write_bytes((GOLDEN / "stacks" / "sound.yaml").read_bytes())
    read(altered(path, seed), tmp_path)


@settings(few, max_examples=200)
@given(path=st.sampled_from(STACKS), seed=st.integers(0, 2**32))
def test_altered_stacks(path: Path, seed: int, tmp_path: Path) -> None:
    read(altered(path, seed), tmp_path, stack=True)
