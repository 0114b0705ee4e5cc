from __future__ import annotations

import pytest

from harness.prepare.units import in_words, interval, seconds, some_seconds


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        ("500 ms", 0.5),
        ("0 s", 0.0),
        ("1.5 s", 1.5),
        ("15 min", 900.0),
        ("15min", 900.0),
        ("25 h", 90_000.0),
        ("7 d", 604_800.0),
    ],
)
def test_a_duration_is_a_number_and_its_unit(text: str, expected_s: float) -> None:
    assert seconds(text) == expected_s


@pytest.mark.parametrize(
    "value", [900, 1.5, True, None, "", "15", "min", "-1 s", "1e3 s", "5 mins", "1 h 30 min", "9" * 40]
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a duration"):
        seconds(value)


def test_a_bare_number_names_the_missing_unit() -> None:
    with pytest.raises(ValueError, match="the unit is missing: 900 s, 900 min or 900 h"):
        seconds(900)


def test_some_durations_must_not_be_nothing() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        some_seconds("0 s")


def test_a_schedule_says_every() -> None:
    assert interval("every 24 h") == 86_400.0
    with pytest.raises(ValueError, match="every 24 h"):
        interval("24 h")


@pytest.mark.parametrize(
    ("duration_s", "text"), [(900, "15 min"), (86_400, "1 d"), (90, "90 s"), (0.5, "0.5 s"), (0, "0 s")]
)
def test_durations_are_shown_in_the_largest_whole_unit(duration_s: float, text: str) -> None:
    assert in_words(duration_s) == text
