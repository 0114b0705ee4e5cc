"""The decoder of the engine's stream, and what is kept of an output."""

from __future__ import annotations

import struct

import pytest

from harness.containers.frames import STDERR, STDOUT, Decoder, Ending, Kept, Lines


def frame(stream: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(payload)) + payload


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 1000])
def test_frames_are_decoded_however_they_are_cut(size: int) -> None:
    data = frame(STDOUT, b"out one") + frame(STDERR, b"err") + frame(STDOUT, b"") + frame(STDOUT, b"\x00two")
    decoder, got = Decoder(), {STDOUT: b"", STDERR: b""}
    for at in range(0, len(data), size):
        for stream, chunk in decoder.feed(data[at : at + size]):
            got[stream] += chunk
    assert got == {STDOUT: b"out one\x00two", STDERR: b"err"}


def test_head_is_kept_up_to_the_cap_and_the_rest_flagged() -> None:
    kept = Kept(cap=5)
    kept.add(b"abc")
    kept.add(b"de")
    assert (kept.head, kept.truncated) == (b"abcde", False)
    kept.add(b"f\nlast\n")
    assert (kept.head, kept.truncated) == (b"abcde", True)


def test_tail_is_the_end_even_over_the_cap() -> None:
    kept = Kept(cap=1)
    for number in range(10_000):
        kept.add(b"%d\n" % number)
    assert kept.tail(2) == "9998\n9999"


def test_lines_come_whole_and_the_last_one_without_an_end() -> None:
    lines = Lines()
    assert [lines.feed(b"one\ntw"), lines.feed(b"o\n"), lines.feed(b"three")] == [["one"], ["two"], []]
    assert lines.rest() == ["three"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
def test_output_ends_with_its_mark_however_it_is_cut(size: int) -> None:
    data, ending, got = b"one ma mark two m" + b"MARK", Ending(b"MARK"), b""
    for at in range(0, len(data), size):
        assert not ending.reached
        got += ending.feed(data[at : at + size])
    assert (got, ending.reached) == (b"one ma mark two m", True)


def test_what_comes_after_the_mark_is_not_the_commands() -> None:
    ending = Ending(b"MARK")
    assert [ending.feed(chunk) for chunk in (b"one MARK and", b" more")] == [b"one ", b""]
    assert ending.reached


@pytest.mark.parametrize("data", [b"", b"M", b"one MAR"])
def test_output_without_its_mark_at_the_end_is_not_whole(data: bytes) -> None:
    ending = Ending(b"MARK")
    ending.feed(data)
    assert not ending.reached


def test_nothing_is_held_back_that_cannot_be_the_mark_and_what_follows_it_is_kept() -> None:
    ending = Ending(b"abab")
    assert [ending.feed(chunk) for chunk in (b"said a", b"bad", b"ab", b"ab0", b"07")] == [
        b"said ",
        b"abad",
        b"",
        b"",
        b"",
    ]
    assert (ending.reached, ending.after) == (True, b"007")
