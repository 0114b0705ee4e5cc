"""Cuts a stream of bytes into records; used by kinds that read what tools print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.model.inventory import key_text


def records(chunks: Iterable[bytes], separator: bytes = b"\0") -> Iterator[str]:
    """Each record without its separator; bytes that are not UTF-8 survive by surrogateescape."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(separator)
        for record in whole:
            yield key_text(record)
    if rest:
        yield key_text(rest)
