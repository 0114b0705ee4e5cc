"""What the journal hands to every handle: a place to record commands, and how to leave secrets out."""

from __future__ import annotations

from collections.abc import Callable

# where, argv (redacted), exit code (None: unknown), duration in seconds, last lines of output (redacted)
OnCommand = Callable[[str, tuple[str, ...], int | None, float, str], None]
Redact = Callable[[str], str]
OnOutput = Callable[[str], None]
OnSecret = Callable[[str], None]  # no default: what references stand for is always told to somebody


def nothing_recorded(where: str, argv: tuple[str, ...], exit_code: int | None, duration_s: float, output: str) -> None:
    """The default: commands are not recorded."""


def nothing_redacted(text: str) -> str:
    return text


def nothing_said(text: str) -> None:
    """The default for messages to people."""
