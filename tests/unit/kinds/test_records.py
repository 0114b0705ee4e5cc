"""Streams of bytes become records however they are cut into chunks."""

from __future__ import annotations

import os

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
