"""Cuts a stream of bytes into records; used by kinds that read what tools print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.errors import CouldNotAsk
from harness.model.inventory import Lines, key_text


def records(chunks: Iterable[bytes], separator: bytes = b"\0") -> Iterator[str]:
    """Each record without its separator; bytes that are not UTF-8 survive by surrogateescape."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(separator)
        for record in whole:
            yield key_text(record)
    if rest:
        yield key_text(rest)


def whole_lines(chunks: Iterable[bytes]) -> Iterator[Lines]:
    """Lines of an inventory as a tool prints them. Raises: CouldNotAsk if the last one is cut short."""
    rest = b""
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield Lines(rest + chunk[:end])
            rest = chunk[end:]
        else:
            rest += chunk
    if rest:
        raise CouldNotAsk(f"an inventory ended in the middle of a line: {rest[:80]!r}")
