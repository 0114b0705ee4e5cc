"""The harness's only clock: monotonic seconds for spans, UTC for people, the boot id to compare spans."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from harness.model.evidence import Instant


def boot_id() -> str:
    """The kernel's boot id; marks of two boots have no common monotonic clock (DESIGN 6)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


_BOOT_ID = boot_id()
_DEADLINE: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def deadline(within_s: float) -> Iterator[None]:
    """What is asked inside, by whatever handle, gives up after `within_s` seconds; an outer deadline that is
    earlier holds. A new thread knows of none, unless it runs in a copy of this context."""
    token = _DEADLINE.set(min(_DEADLINE.get(), time.monotonic() + within_s))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def remaining_s(most_s: float, least_s: float = 0.0) -> float:
    """Seconds until the deadline, at most `most_s`, at least `least_s` (what cleans up needs some, however late)."""
    return max(least_s, min(most_s, _DEADLINE.get() - time.monotonic()))


def now() -> Instant:
    return Instant(monotonic_s=round(time.monotonic(), 6), utc=utc_now(), boot_id=_BOOT_ID)


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """An id of a run or restore point, such as `20261121T075100Z-4f3a`."""
    return f"{utc_now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
