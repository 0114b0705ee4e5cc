"""Cuts a stream of bytes into records; used by kinds that read what tools print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.errors import CouldNotAsk
from harness.model.inventory import Lines, key_text


def records(chunks: Iterable[bytes], separator: bytes = b"\0") -> Iterator[str]:
    """Each record without its separator; bytes that are not UTF-8 survive by surrogateescape."""
    rest: list[bytes] = []  # joined once: a record may be of megabytes
    for chunk in chunks:
        first, *others = chunk.split(separator)
        rest.append(first)
        for other in others:
            yield key_text(b"".join(rest))
            rest = [other]
    if last := b"".join(rest):
        yield key_text(last)


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
