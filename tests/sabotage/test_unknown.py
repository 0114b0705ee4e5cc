"""What was not seen is UNKNOWN, never PASS: the evidence of a real clean run with one thing taken out of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from restore_points import Json
from test_xl_release import points_of

from harness import pipeline
from harness.kinds import registry
from harness.kinds.contracts import LooksAtSource, Observes
from harness.model.evidence import AT_SOURCE
from harness.model.verdict import Outcome, Verdict
from harness.report import RECORD

pytestmark = pytest.mark.engine

Alter = Callable[[Json], Json | None]

# Checks that judge other lines than an observation of their own: what takes away what they judge by.
JUDGED_BY_OTHERS: dict[str, Alter] = {
    "capture": lambda line: line | {"state": "broken", "reason": "gone"} if is_step(line, "back_up:search") else line,
    "data_parity": lambda line: None if is_observation(line, "difference", "database") else line,
    "inventory_volume": lambda line: None if is_observation(line, "inventory_volume", AT_SOURCE) else line,
    "restore": lambda line: None if is_step(line, "restore:database") else line,
    "tests": lambda line: None if is_observation(line, "test", "test_scheduler_of_the_copy_is_off") else line,
    "skew": lambda line: line | {"data": without_files(line)} if is_observation(line, "canaries") else line,
}
LOOKING = [name for name in registry.names("checks") if isinstance(registry.check(name), LooksAtSource)]
OBSERVING = [
    name
    for name in registry.names("checks")
    if name not in JUDGED_BY_OTHERS and (name not in LOOKING or isinstance(registry.check(name), Observes))
]
CHECKS_SEEN_UNKNOWN = {*JUDGED_BY_OTHERS, *OBSERVING, *LOOKING}

# Checks that only another drill makes.
ELSEWHERE = {"archive_parity": "xl-release-7.5"}

# Marks, and the objective that cannot be known without each.
MARKS = {
    "disaster": "rto",
    "first_correct_search": "rto",
    "product_healthy": "rto",
    "component_restored": "rto",
    "canary_written": "rpo",
    "probing_ended": "downtime",
}


@pytest.fixture
def clean_copy(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a clean run that made the check, to be altered."""
    given = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    product = ELSEWHERE.get(str(given.get("name")))
    points = points_of(product) if product else request.getfixturevalue("points")
    return shutil.copytree(points.clean_run, tmp_path / "run")


def is_step(line: Json, step: str) -> bool:
    return line["line"] == "step" and line["step"] == step


def is_observation(line: Json, name: str, subject: str = "") -> bool:
    return line["line"] == "observation" and (line["name"], line["subject"]) == (name, subject)


def without_files(line: Json) -> list[Json]:
    return [write for write in line["data"] if write["tier"] != "document_library"]


def judged_after(folder: Path, alter: Alter, *, closed: bool = True) -> Verdict:
    """The verdict on evidence whose lines were altered (None: dropped), closed as the harness closes it; the capture's
    lines, which the restore point holds as well, are altered in both."""
    path = folder / "evidence.jsonl"
    lines = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    kept = [altered for line in lines[:-1] if (altered := alter(line)) is not None]
    assert kept != lines[:-1], "nothing was altered"
    body = b"".join(json.dumps(line).encode() + b"\n" for line in kept)
    end = json.dumps({"line": "end", "count": len(kept), "sha256": hashlib.sha256(body).hexdigest()}).encode() + b"\n"
    path.write_bytes(body + (end if closed else b""))
    point = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    captured = point["evidence"]["lines"]
    point["evidence"]["lines"] = [altered for line in captured if (altered := alter(line)) is not None]
    (folder / RECORD).write_text(json.dumps(point), encoding="utf-8")
    return pipeline.judge_saved(folder)


def judged_after_look(folder: Path, alter: Alter) -> Verdict:
    """The verdict where the evidence that lies in the restore point was altered: what was seen of the source."""
    path = folder / RECORD
    record = json.loads(path.read_text(encoding="utf-8"))
    lines = record["evidence"]["lines"]
    record["evidence"]["lines"] = [altered for line in lines if (altered := alter(line)) is not None]
    assert record["evidence"]["lines"] != lines, "nothing was altered"
    path.write_text(json.dumps(record), encoding="utf-8")
    return pipeline.judge_saved(folder)


def assert_only_unknown(verdict: Verdict, name: str, reason: str) -> None:
    outcomes = {check.name: check.outcome for check in verdict.checks}
    assert outcomes == {**dict.fromkeys(outcomes, Outcome.PASS), name: Outcome.UNKNOWN}
    assert reason in next(check.found for check in verdict.checks if check.name == name)
    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict.recovered


@pytest.mark.parametrize("seen", ["crashed", "timed_out", "could_not_ask"])
@pytest.mark.parametrize("name", OBSERVING)
def test_check_that_did_not_see_is_unknown(name: str, seen: str, clean_copy: Path) -> None:
    broken = {"seen": seen, "reason": "KeyError: 'rows'", "data": None}
    verdict = judged_after(clean_copy, lambda line: line | broken if is_observation(line, name) else line)
    assert_only_unknown(verdict, name, "KeyError: 'rows'")


@pytest.mark.parametrize("name", OBSERVING)
def test_check_without_observation_is_unknown(name: str, clean_copy: Path) -> None:
    verdict = judged_after(clean_copy, lambda line: None if is_observation(line, name) else line)
    assert_only_unknown(verdict, name, "")


@pytest.mark.parametrize("seen", ["crashed", "timed_out", "could_not_ask"])
@pytest.mark.parametrize("name", LOOKING)
def test_check_that_did_not_see_the_source_is_unknown(name: str, seen: str, clean_copy: Path) -> None:
    broken = {"seen": seen, "reason": "KeyError: 'rows'", "data": None}
    verdict = judged_after_look(
        clean_copy, lambda line: line | broken if is_observation(line, name, AT_SOURCE) else line
    )
    assert_only_unknown(verdict, name, "KeyError: 'rows'")


# Where rows and files agree, what they were like at the source excuses nothing and is not asked for.
@pytest.mark.parametrize("name", [name for name in LOOKING if name != "reference_parity"])
def test_check_without_its_look_at_the_source_is_unknown(name: str, clean_copy: Path) -> None:
    verdict = judged_after_look(clean_copy, lambda line: None if is_observation(line, name, AT_SOURCE) else line)
    assert_only_unknown(verdict, name, "")


def test_part_of_the_source_that_could_not_be_surveyed_is_unknown(clean_copy: Path) -> None:
    def refuse(line: Json) -> Json:
        if not is_observation(line, "coverage", AT_SOURCE):
            return line
        return line | {"data": line["data"] | {"unasked": ["around search: connection refused"]}}

    assert_only_unknown(judged_after_look(clean_copy, refuse), "coverage", "around search: connection refused")


@pytest.mark.parametrize("name", sorted(JUDGED_BY_OTHERS))
def test_check_without_what_it_judges_is_unknown(name: str, clean_copy: Path) -> None:
    assert_only_unknown(judged_after(clean_copy, JUDGED_BY_OTHERS[name]), name, "")


def test_component_that_could_not_be_compared_is_unknown(clean_copy: Path) -> None:
    refused = {"seen": "could_not_ask", "reason": "connection refused", "data": None}
    verdict = judged_after(
        clean_copy, lambda line: line | refused if is_observation(line, "difference", "search_tuning") else line
    )
    assert_only_unknown(verdict, "data_parity", "search_tuning: not compared: connection refused")


@pytest.mark.parametrize("mark", sorted(MARKS))
def test_missing_mark_makes_its_objective_unknown(mark: str, clean_copy: Path) -> None:
    gone = lambda line: None if line["line"] == "mark" and line["name"] == mark else line  # noqa: E731 -- one use
    verdict = judged_after(clean_copy, gone)
    assert verdict.objectives[MARKS[mark]].outcome is Outcome.UNKNOWN
    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict.recovered


def test_evidence_without_its_end_is_unknown(clean_copy: Path) -> None:
    last = (clean_copy / "evidence.jsonl").read_text(encoding="utf-8").splitlines()[-2]
    verdict = judged_after(clean_copy, lambda line: None if line == json.loads(last) else line, closed=False)
    assert verdict.outcome is Outcome.UNKNOWN
    assert not verdict.recovered


def test_altered_line_makes_evidence_unknown(clean_copy: Path) -> None:
    path = clean_copy / "evidence.jsonl"
    text = path.read_bytes()
    assert b'"state":"ended"' in text
    path.write_bytes(text.replace(b'"state":"ended"', b'"state":"ended" ', 1))
    assert pipeline.judge_saved(clean_copy).outcome is Outcome.UNKNOWN
