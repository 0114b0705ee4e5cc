"""Cuts a stream of bytes into records; used by kinds that read what tools print."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator


def records(chunks: Iterable[bytes], separator: bytes = b"\0") -> Iterator[str]:
    """Each record without its separator; bytes that are not UTF-8 survive by surrogateescape."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(separator)
        for record in whole:
            yield os.fsdecode(record)
    if rest:
        yield os.fsdecode(rest)
