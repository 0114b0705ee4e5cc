"""The soak's scorekeeping: what counts as wrong, what is played next, and that nothing is lost by a kill."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from score import CLEAN, Expected, Json, Score, judged, next_round
from soak import tidy

ROWS = ["sql/row_changed", "stale/everything", "file_missing/key", "truncated/dump"]


def verdict(outcome: str, recovered: bool = False, **checks: str) -> Json:
    listed = [{"name": name, "outcome": said} for name, said in checks.items()]
    return {"outcome": outcome, "recovered": recovered, "checks": listed}


@pytest.mark.parametrize(
    ("seen", "left", "wrong"),
    [
        (verdict("PASS", True), [], ""),
        (verdict("PASS", True), ["volume x"], "leftovers"),
        (verdict("PASS", False), [], "not recovered"),
        (verdict("FAIL"), [], "wrong FAIL"),
        (verdict("UNKNOWN"), [], "UNKNOWN"),
    ],
)
def test_clean_round_must_pass_recover_and_leave_nothing(seen: Json, left: list[str], wrong: str) -> None:
    assert judged(seen, None, left) == wrong


@pytest.mark.parametrize(
    ("seen", "expected", "wrong"),
    [
        (verdict("FAIL", data_parity="FAIL"), "FAIL", ""),
        (verdict("FAIL", data_parity="FAIL", restore="FAIL"), "FAIL", ""),
        (verdict("FAIL", data_parity="UNKNOWN", restore="FAIL"), "FAIL", "wrong check"),
        (verdict("FAIL", data_parity="PASS", restore="FAIL"), "FAIL", "wrong check"),
        (verdict("FAIL", restore="FAIL"), "FAIL", "wrong check"),
        (verdict("PASS", data_parity="PASS"), "FAIL", "wrong PASS"),
        (verdict("PASS", True, data_parity="PASS"), "UNKNOWN", "wrong PASS"),
        (verdict("FAIL", True, data_parity="FAIL"), "FAIL", "wrong PASS"),
        (verdict("UNKNOWN", data_parity="UNKNOWN"), "FAIL", "UNKNOWN"),
        (verdict("UNKNOWN", data_parity="UNKNOWN"), "UNKNOWN", ""),
        (verdict("UNKNOWN", data_parity="PASS"), "UNKNOWN", "wrong check"),
        (verdict("FAIL", data_parity="FAIL"), "UNKNOWN", "wrong FAIL"),
    ],
)
def test_faulty_round_must_be_caught_by_its_own_check(seen: Json, expected: str, wrong: str) -> None:
    assert judged(seen, Expected(expected, "data_parity")) == wrong


def test_caught_round_that_leaves_something_is_wrong() -> None:
    assert judged(verdict("FAIL", a="FAIL"), Expected("FAIL", "a"), ["network x"]) == "leftovers"


def played(seed: int, share: float, rounds: int, rows: list[str] = ROWS) -> list[str]:
    done: list[Json] = []
    for _ in range(rounds):
        done.append({"seed": seed, "row": next_round(seed, done, rows, share, points=2)})
    return [one["row"] for one in done]


def test_every_row_comes_once_before_any_comes_again() -> None:
    for turn in range(3):
        faults = played(7, 0.0, 12)[turn * 4 : turn * 4 + 4]
        assert sorted(faults) == sorted(ROWS)
    assert len({tuple(played(seed, 0.0, 4)) for seed in range(20)}) > 5


def test_same_seed_plays_the_same_rounds_whoever_was_interrupted() -> None:
    assert played(7, 0.3, 40) == played(7, 0.3, 40) != played(8, 0.3, 40)
    before = [{"seed": 1, "row": row} for row in ROWS]
    assert next_round(7, before, ROWS, 0.3, 2) == next_round(7, [], ROWS, 0.3, 2)


def test_share_of_clean_rounds_is_as_asked() -> None:
    assert 230 < Counter(played(3, 0.25, 1000))[CLEAN] < 270
    assert set(played(3, 1.0, 50)) == {CLEAN}


@pytest.mark.parametrize(("rows", "points"), [(ROWS, 0), (ROWS, 1), ([], 2)])
def test_round_is_clean_until_there_are_two_restore_points_and_a_row(rows: list[str], points: int) -> None:
    assert {next_round(seed, [], rows, 0.0, points) for seed in range(20)} == {CLEAN}


def round_of(row: str, wrong: str = "", **more: Any) -> Json:
    return {"row": row, "wrong": wrong, "seconds": 1.0, "seed": 1, **more}


def test_next_call_goes_on_with_what_was_scored(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "score.jsonl"
    first = Score(path)
    first.add(round_of(CLEAN))
    first.add(round_of("sql/row_changed", "wrong PASS"))
    again = Score(path)
    assert again.rounds == first.rounds
    again.add(round_of(CLEAN))
    assert [json.loads(line)["row"] for line in path.read_text().splitlines()] == [CLEAN, "sql/row_changed", CLEAN]
    assert Score(path).totals() == {
        CLEAN: Counter(rounds=2),
        "sql/row_changed": Counter({"rounds": 1, "wrong PASS": 1}),
    }
    assert [one["row"] for one in Score(path).wrong] == ["sql/row_changed"]


def test_line_that_a_kill_cut_short_is_a_round_that_was_not_played(tmp_path: Path) -> None:
    path = tmp_path / "score.jsonl"
    score = Score(path)
    score.add(round_of(CLEAN))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-20])
    again = Score(path)
    again.add(round_of("sql/row_changed"))
    assert [one["row"] for one in Score(path).rounds] == [CLEAN, "sql/row_changed"]


def test_reports_that_nobody_scored_are_removed_and_wrong_ones_stay(tmp_path: Path) -> None:
    reports = tmp_path / "reports" / "shop"
    wrong, killed = reports / "proofs" / "20261121T075100Z-4f3a", reports / "20261121T075200Z-4f3b"
    copy = tmp_path / ".portal-drill" / "mutations" / "a-copy"
    for folder in (wrong, killed, copy):
        folder.mkdir(parents=True)
    score = Score(tmp_path / "score.jsonl")
    score.add(round_of("sql/row_changed", "wrong PASS", folder=str(wrong)))
    tidy(tmp_path, score)
    assert [folder.exists() for folder in (wrong, killed, copy)] == [True, False, False]
