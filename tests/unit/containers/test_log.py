"""A service's log is read to its end, in whatever pieces the engine sends it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import requests

from harness import clock
from harness.containers.log import all_lines
from harness.errors import CouldNotAsk, EngineGone


def engine(*chunks: bytes | Exception) -> Any:
    def logs(container: str, **asked: Any) -> Any:
        assert (container, asked) == ("4f3a", {"stream": True, "follow": False, "since": 7.5})
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    return SimpleNamespace(api=SimpleNamespace(logs=logs))


def read(*chunks: bytes | Exception) -> list[str]:
    return list(all_lines(engine(*chunks), "4f3a", "source/web", 7.5))


def test_lines_are_whole_wherever_they_are_cut() -> None:
    assert read(b"one\ntw", b"o\n", b"\nthree \xff") == ["one", "two", "", "three \N{REPLACEMENT CHARACTER}"]
    assert read() == []


def test_log_that_breaks_off_is_no_log() -> None:
    with pytest.raises(EngineGone, match="the log of source/web cannot be read"):
        read(b"one\n", requests.exceptions.ChunkedEncodingError("cut"))


def test_log_that_is_not_read_by_the_deadline_is_no_log() -> None:
    with clock.deadline(0), pytest.raises(CouldNotAsk, match="not read to its end by the deadline"):
        read(b"one\n", b"two\n")
