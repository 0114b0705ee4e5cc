from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.model.evidence import EndLine
from harness.model.restore_point import FaultNote
from harness.model.verdict import Outcome, Verdict
from harness.report import files
from harness.report.gate import GateUnreadable, refusals

NOW = datetime(2026, 11, 21, 20, 0, 0, tzinfo=UTC)
NEWER = "20261121T090000Z-beef"


class Reports:
    """One recovered run in `reports/`, its drill file and its evidence."""

    def __init__(self, root: Path, verdict: Verdict) -> None:
        self.root, self.drill_file = root, root / "nightly.drill.yaml"
        self.drill_file.write_text("drill: liferay-nightly\n")
        lines = b'{"line": "log"}\n' * 3
        end = EndLine(count=3, sha256=hashlib.sha256(lines).hexdigest())
        self.folder = root / "reports" / verdict.drill / verdict.run
        self.folder.mkdir(parents=True)
        (self.folder / "evidence.jsonl").write_bytes(lines + end.model_dump_json().encode() + b"\n")
        digest = hashlib.sha256(self.drill_file.read_bytes()).hexdigest()
        self.verdict = verdict.model_copy(update={"drill_sha256": digest, "evidence_sha256": end.sha256})
        self.save()
        files.point_latest(self.folder)

    def save(self, **changed: object) -> None:
        files.write_verdict(self.folder, self.verdict.model_copy(update=changed))

    def reasons(self, *, max_age_s: float = 86400, harness_version: str = "0.1.0") -> tuple[str, ...]:
        return refusals(
            self.root / "reports",
            "liferay-nightly",
            self.drill_file,
            max_age_s=max_age_s,
            now=NOW,
            harness_version=harness_version,
        )[1]


@pytest.fixture
def reports(tmp_path: Path, verdict_of: Callable[[str], Verdict]) -> Reports:
    return Reports(tmp_path, verdict_of("recovered"))


def test_a_recovered_run_of_this_drill_file_opens_the_gate(reports: Reports) -> None:
    assert reports.reasons() == ()


def test_a_run_that_is_not_recovered_keeps_it_closed(reports: Reports) -> None:
    reports.save(recovered=False, partial=("only the checks data_parity",))
    assert reports.reasons() == (
        "the latest run is not recovered: Partial run: what was exercised passed, which does not prove recovery; "
        "4 of 4 checks; stand-in: Wagtail for Liferay DXP",
    )


def test_an_unknown_outcome_that_claims_recovery_keeps_it_closed(reports: Reports) -> None:
    reports.save(outcome=Outcome.UNKNOWN)
    assert len(reports.reasons()) == 1


def test_a_run_with_a_fault_keeps_it_closed(reports: Reports) -> None:
    reports.save(faults=FaultNote(fault="lost_rows", row="blog", caught_by="data_parity", outcome="FAIL"))
    assert "the latest run had a fault put in on purpose" in reports.reasons()


def test_a_verdict_copied_from_another_run_keeps_it_closed(reports: Reports) -> None:
    reports.save(run="20261120T000000Z-0000")
    assert "belongs to run 20261120T000000Z-0000" in reports.reasons()[0]


def test_a_changed_or_missing_drill_file_keeps_it_closed(reports: Reports) -> None:
    reports.drill_file.write_text("drill: liferay-nightly\nwhy: nightly\n")
    assert "has changed since the latest run" in reports.reasons()[0]
    reports.drill_file.unlink()
    assert "cannot be read" in reports.reasons()[0]


def test_another_version_of_the_harness_keeps_it_closed(reports: Reports) -> None:
    assert reports.reasons(harness_version="0.2.0") == ("the latest run was made by portal-drill 0.1.0, this is 0.2.0",)


def test_age_counts_from_the_capture(reports: Reports) -> None:
    assert reports.reasons(max_age_s=12.2 * 3600) == ()
    assert reports.reasons(max_age_s=12 * 3600) == ("the restore point is 12 h 9 min old, at most 12 h is allowed",)


def test_an_unknown_or_future_capture_keeps_it_closed(reports: Reports) -> None:
    reports.save(captured_utc=None)
    assert reports.reasons() == ("the age of the restore point is not known",)
    reports.save(captured_utc=datetime(2026, 11, 22, tzinfo=UTC))
    assert "in the future" in reports.reasons()[0]


def test_a_newer_unfinished_run_keeps_it_closed(reports: Reports) -> None:
    (reports.folder.parent / NEWER).mkdir()
    assert reports.reasons() == (f"a newer run {NEWER} has no verdict: it is unfinished or was broken off",)


@pytest.mark.parametrize(("outcome", "count"), [(Outcome.FAIL, 1), (Outcome.UNKNOWN, 1), (Outcome.PASS, 0)])
def test_a_newer_run_without_pass_keeps_it_closed(outcome: Outcome, count: int, reports: Reports) -> None:
    newer = reports.folder.parent / NEWER
    newer.mkdir()
    files.write_verdict(newer, reports.verdict.model_copy(update={"outcome": outcome}))
    assert len(reports.reasons()) == count


def test_older_runs_and_proofs_do_not_matter(reports: Reports) -> None:
    for name in ("20261101T000000Z-aaaa", "proofs", "20261121T075100Z-4f3a.html"):
        (reports.folder.parent / name).mkdir()
    assert reports.reasons() == ()


def test_changed_evidence_keeps_it_closed(reports: Reports) -> None:
    path = reports.folder / "evidence.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"log", b"lag", 1))
    assert reports.reasons() == ("evidence.jsonl was changed after the run: its closing line does not agree with it",)
    path.write_bytes(content.splitlines(keepends=True)[0])
    assert reports.reasons() == ("evidence.jsonl is absent or has no closing line",)
    path.unlink()
    assert reports.reasons() == ("evidence.jsonl is absent or has no closing line",)


def test_evidence_of_another_run_keeps_it_closed(reports: Reports) -> None:
    reports.save(evidence_sha256="c3" * 32)
    assert reports.reasons() == ("evidence.jsonl is not the evidence that was judged",)


def test_every_reason_is_given(reports: Reports) -> None:
    reports.save(recovered=False, captured_utc=None, evidence_sha256="c3" * 32)
    assert len(reports.reasons(harness_version="9")) == 4


def test_no_run_or_a_corrupt_verdict_says_nothing(reports: Reports) -> None:
    (reports.folder / "verdict.json").write_text("{")
    with pytest.raises(GateUnreadable, match="is no verdict"):
        reports.reasons()
    (reports.folder.parent / "latest").unlink()
    with pytest.raises(GateUnreadable, match="has no finished run"):
        reports.reasons()
