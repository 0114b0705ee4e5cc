"""Durations as people write them, `15 min`; a bare number is a mistake, for nobody knows its unit."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
PATTERN = r"[0-9]+(\.[0-9]+)? ?(ms|s|min|h|d)"
EXPECTED = "a duration with its unit, such as 500 ms, 30 s, 15 min, 25 h or 7 d"
_LONGEST_S = 10 * 366 * 86400.0
_PARTS = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-z]+)")


def seconds(value: object) -> float:
    """Seconds. Raises: ValueError with what was expected instead, and a hint after a `|`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(EXPECTED)
    if isinstance(value, int | float):
        raise ValueError(f"{EXPECTED}|the unit is missing: {value:g} s, {value:g} min or {value:g} h?")
    if _PARTS.fullmatch(value.strip().removeprefix("-").strip()) and value.strip().startswith("-"):
        raise ValueError("a duration of at least 0 s|it is negative")
    parts = _PARTS.fullmatch(value.strip())
    if parts is None:
        raise ValueError(EXPECTED)
    number, unit = parts.groups()
    if unit not in SECONDS:
        raise ValueError(f"{EXPECTED}|units are {', '.join(SECONDS)}")
    found = round(float(number) * SECONDS[unit], 6)
    if found > _LONGEST_S:
        raise ValueError("a duration of at most ten years")
    return found


def some_seconds(value: object) -> float:
    """As `seconds`, and more than none."""
    found = seconds(value)
    if found == 0:
        raise ValueError("a duration longer than nothing")
    return found


def interval(value: object) -> float:
    """Seconds between two runs: `every 24 h`."""
    expected = "every and a duration, such as every 24 h"
    if not isinstance(value, str) or not value.startswith("every "):
        raise ValueError(expected)
    try:
        return some_seconds(value.removeprefix("every "))
    except ValueError as error:
        raise ValueError(expected) from error


def in_words(duration_s: float) -> str:
    """`900.0` as `15 min`: the largest unit that leaves a whole number."""
    for unit in ("d", "h", "min", "s"):
        if duration_s and duration_s % SECONDS[unit] == 0:
            return f"{duration_s / SECONDS[unit]:g} {unit}"
    return f"{duration_s:g} s"


DURATION_SCHEMA = {"type": "string", "pattern": f"^{PATTERN}$", "examples": ["15 min"]}
Duration = Annotated[float, BeforeValidator(seconds), WithJsonSchema(DURATION_SCHEMA)]
LongerThanNothing = Annotated[float, BeforeValidator(some_seconds), WithJsonSchema(DURATION_SCHEMA)]
Interval = Annotated[
    float,
    BeforeValidator(interval),
    WithJsonSchema({"type": "string", "pattern": f"^every {PATTERN}$", "examples": ["every 24 h"]}),
]
