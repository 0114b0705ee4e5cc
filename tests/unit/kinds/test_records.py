"""Streams of bytes become records however they are cut into chunks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.kinds.records import records


def test_records_end_with_their_separator() -> None:
    assert list(records([b"a\0b", b"\0c\0"])) == ["a", "b", "c"]


def test_last_record_needs_no_separator() -> None:
    assert list(records([b"a\n", b"b"], b"\n")) == ["a", "b"]


def test_empty_records_stay() -> None:
    assert list(records([b"\0\0a\0"])) == ["", "", "a"]


def test_nothing_gives_nothing() -> None:
    assert list(records([])) == []
    assert list(records([b"", b""])) == []


@given(st.lists(st.binary().filter(lambda name: b"\0" not in name)), st.integers(1, 7))
def test_names_survive_whatever_their_bytes_and_the_chunks(names: list[bytes], size: int) -> None:
    stream = b"".join(name + b"\0" for name in names)
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [os.fsencode(name) for name in records(chunks)] == names


def test_names_are_the_same_in_every_locale() -> None:
    """A restore point may be recovered by another user, with another locale, than took it."""
    code = (
        "import sys; from harness.kinds.records import records; from harness.model.inventory import Item, ItemClass;"
        "names = list(records([b'caf\\xc3\\xa9\\0\\xff\\0'])); print(ascii(names));"
        "print([Item(n, ItemClass.STATE, '', {}).sort_key for n in names], sys.getfilesystemencoding())"
    )
    said = {}
    for utf8 in "0", "1":
        environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(Path(__file__).parents[3])}
        argv = [sys.executable, "-X", f"utf8={utf8}", "-c", code]
        said[utf8] = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert said["0"][-1] != said["1"][-1] == "utf-8"
    assert said["0"][:-1] == said["1"][:-1] == ["['caf\\xe9',", "'\\udcff']", "[b'caf\\xc3\\xa9',", "b'\\xff']"]
