"""The harness's only clock: monotonic seconds for spans, UTC for people, the boot id to compare spans."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

from harness.model.evidence import Instant


def boot_id() -> str:
    """The kernel's boot id; marks of two boots have no common monotonic clock (DESIGN 6)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


_BOOT_ID = boot_id()


def now() -> Instant:
    return Instant(monotonic_s=round(time.monotonic(), 6), utc=utc_now(), boot_id=_BOOT_ID)


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """An id of a run or restore point, such as `20261121T075100Z-4f3a`."""
    return f"{utc_now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
