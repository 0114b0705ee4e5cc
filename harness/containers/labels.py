"""Whose a container, network or volume is: four labels, and one that names the folder of the locks."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.clock import utc_now

RUN = "portal-drill.run"
DRILL = "portal-drill.drill"
ROLE = "portal-drill.role"
EXPIRES = "portal-drill.expires_utc"
STATE = "portal-drill.state"

TIME_TO_LIVE = timedelta(hours=6)


@dataclass(frozen=True)
class Owner:
    """A run and a role in it (`source`, `sandbox`, `tool`, `preflight`).

    `state` says in which state folder the run's lock lies (`state_of`): garbage collection with another
    folder cannot see that lock, and leaves the run alone until it has expired. "": any folder's.
    """

    run: str
    drill: str
    role: str
    expires_utc: datetime
    state: str = ""

    def labels(self) -> dict[str, str]:
        expires = self.expires_utc.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {RUN: self.run, DRILL: self.drill, ROLE: self.role, EXPIRES: expires, STATE: self.state}

    def with_role(self, role: str) -> Owner:
        return replace(self, role=role)

    def name_of(self, thing: str) -> str:
        """The name of a container, network or volume of this owner."""
        return f"{self.run}-{self.role}-{thing}"


def new_owner(run: str, drill: str, role: str, state_dir: Path) -> Owner:
    """The owner of what is made from now on: it expires after six hours."""
    return Owner(run, drill, role, utc_now() + TIME_TO_LIVE, state_of(state_dir))


def state_of(state_dir: Path) -> str:
    """A short digest of this machine and folder: the same path on another host has other locks."""
    place = f"{os.uname().nodename}:{state_dir.resolve()}"
    return hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()[:12]


def has_expired(labels: dict[str, str], now: datetime) -> bool:
    """True if the time to live is over; labels that cannot be read count as expired."""
    try:
        return datetime.fromisoformat(labels[EXPIRES]) <= now
    except (KeyError, ValueError):
        return True
