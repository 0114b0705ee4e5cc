"""Lines of text files come in pieces of bounded length, and nothing at a seam is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CouldNotAsk
from harness.kinds.endpoints import Named, named_at
from harness.kinds.portals._text_lines import PIECE_BYTES, _texts, pieces


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def test_lines_have_their_paths_and_numbers() -> None:
    stream = b"/d/a\nb\x007:one\n/d/a\nb\x008-\n/c\x001:2:x\0y\n"
    wanted = [(b"/d/a\nb", 7, b"one"), (b"/d/a\nb", 8, b""), (b"/c", 1, b"2:x\0y")]
    for size in range(1, len(stream) + 1):
        assert list(pieces(cut(stream, size))) == wanted


@pytest.mark.parametrize("end", [b"/c", b"/c\x001", b"/c\x001:", b"/c\x001:text"])
def test_stream_that_ends_in_a_line_is_no_answer(end: bytes) -> None:
    with pytest.raises(CouldNotAsk, match="in the middle"):
        list(pieces([b"/a\x001:x\n" + end]))


@given(
    st.integers(PIECE_BYTES - 5, 3 * PIECE_BYTES), st.integers(1, 200_000), st.sampled_from(["x", "x ", "é", "\0", ","])
)
def test_long_line_is_whole_however_the_stream_is_cut(length: int, size: int, letter: str) -> None:
    line = (letter * length).encode()
    found = list(pieces(cut(b"/a\x001:" + line + b"\n/b\x001:\n", size)))
    assert b"".join(text for path, _, text in found if path == b"/a") == line
    assert found == list(pieces([b"/a\x001:" + line + b"\n/b\x001:\n"]))
    assert all(len(text) <= PIECE_BYTES and text.decode() is not None for _, _, text in found)


def named(line: bytes) -> list[Named]:
    parts = pieces(cut(b"/a\x001:" + line + b"\n", 10_000))
    return list(named_at(_texts((number, text) for _, number, text in parts)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("before", range(PIECE_BYTES - 120, PIECE_BYTES + 40, 7))
def test_nothing_at_a_seam_is_lost_and_nothing_is_cut(before: int, encoding: str) -> None:
    """Whatever stands where a piece ends; an empty `filler` has 15 letters before what follows."""
    size = before // len("x".encode(encoding))
    records = {"filler": "y" * 40 + " y" * (size // 2), "smtpHost": "relay", "password": "p@ss.example:22"}
    more = {"url": "http://one.example:80/x", "servers": ["two", "three"], "to": "ann@four.example", "last": 1}
    line = json.dumps(records | more).encode(encoding)
    hosts = {one.host for one in named(line)}
    assert hosts == {"relay", "one.example", "two", "three", "four.example"}


def test_letters_without_a_seam_are_read_again() -> None:
    for before in range(PIECE_BYTES - 40, PIECE_BYTES + 1, 3):
        found = {one.host for one in named(b"x" * (before - 1) + b"|http://one.example/" + b"y" * PIECE_BYTES)}
        assert "one.example" in found


def test_comment_of_several_pieces_is_left_out() -> None:
    long = "http://old.example " * 10_000
    assert {one.host for one in named(f'<a><!-- {long} --><b url="http://new.example"/></a>'.encode())} == {
        "new.example"
    }
    assert named(f"# {long}".encode()) == []
