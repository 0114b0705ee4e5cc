"""The state of a container in words. Source: Docker Engine API 1.41, `State` of "Inspect a container"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def state_text(state: Mapping[str, Any], log: str) -> str:
    """Such as `running`, `paused`, `exited with 127: <last line of the log>`, `killed: out of memory`."""
    if state.get("Running"):
        return "paused" if state.get("Paused") else "running"
    if state.get("Status") == "created":
        return f"not started{_after(state.get('Error') or '')}"
    if state.get("OOMKilled"):
        return "killed: out of memory"
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
    return f"exited with {state.get('ExitCode')}{_after(state.get('Error') or last)}"


def _after(text: str) -> str:
    return f": {text[:300]}" if text else ""
