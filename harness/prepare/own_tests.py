"""The pytest tests beside a drill file: found and digested, never imported here."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.drill_files import drills_of, file_of_tests
from harness.prepare.mistakes import Mistakes

CONFTEST = "conftest.py"  # of the same folder: what its fixtures do is part of the tests


def find_tests(drill_file: Path, mistakes: Mistakes) -> dict[str, str]:
    """SHA-256 of the drill's own tests and of the `conftest.py` beside them, by name; empty if it has no tests."""
    tests = file_of_tests(drill_file)
    if not tests.is_file():
        return {}
    others = [path.name for path in drills_of(tests) if path.name != drill_file.name]
    if others:
        hint = "give one of them another file name"
        mistakes.at_key(("drill",), f"{tests.name}, which {others[0]} has too", "tests of one drill alone", hint)
    found = [tests, *(path for path in [tests.with_name(CONFTEST)] if path.is_file())]
    try:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
    except OSError as error:
        mistakes.at_key(("drill",), f"{tests.name}: {error.strerror}", "tests that can be read")
        return {}
