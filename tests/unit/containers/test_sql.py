"""Which errors of a database are answers."""

from __future__ import annotations

import pytest

from harness.containers.sql import is_answer, is_refusal


@pytest.mark.parametrize(
    ("sqlstate", "answer"),
    [
        ("42P01", True),  # undefined table
        ("XX001", True),  # data corrupted
        ("25006", True),  # read-only transaction
        ("08006", False),  # connection failure
        ("53300", False),  # too many connections
        ("57P01", False),  # admin shutdown
        ("57014", False),  # cancelled by the time limit
        ("55P03", False),  # lock not available
        (None, False),  # the connection broke
    ],
)
def test_answer_or_no_answer(sqlstate: str | None, answer: bool) -> None:
    assert is_answer(sqlstate) is answer


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ('FATAL:  password authentication failed for user "a"', True),
        ('FATAL:  database "a" does not exist', True),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  sorry, too many clients already", False),
        ("connection refused", False),
    ],
)
def test_refused_for_good_or_not_now(said: str, refusal: bool) -> None:
    assert is_refusal(said) is refusal
