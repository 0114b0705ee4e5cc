"""The gate before an upgrade: why the latest run of a drill does not open it. It wants a fresh, whole PASS of this very
drill and these images (XLR-2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from harness.errors import PortalDrillError
from harness.model.evidence import EndLine
from harness.model.verdict import Outcome, Verdict
from harness.report.files import VerdictUnreadable, read_verdict
from harness.report.rows import duration
from harness.report.run_ids import is_run_id
from harness.report.sentences import verdict_sentence

_SAME_CLOCK_S = 60.0


class GateUnreadable(PortalDrillError):
    """The latest verdict cannot be read, so nothing can be said."""


def refusals(
    reports: Path, drill: str, drill_file: Path, *, max_age_s: float, now: datetime, harness_version: str
) -> tuple[Verdict, tuple[str, ...]]:
    """The latest verdict of `reports/<drill>`, and every reason why it does not open the gate.

    Raises: GateUnreadable if there is no verdict to speak of.
    """
    folder = reports / drill / "latest"
    if not folder.exists():
        raise GateUnreadable(f"{drill} has no finished run: {folder} is absent")
    folder = folder.resolve()
    try:
        verdict = read_verdict(folder)
    except VerdictUnreadable as error:
        raise GateUnreadable(str(error)) from error
    return verdict, (
        *_of_verdict(verdict, drill, folder),
        *_of_version(verdict, drill_file, harness_version),
        *_of_age(verdict, max_age_s, now),
        *_of_newer_runs(folder),
        *_of_evidence(verdict, folder),
    )


def _of_verdict(verdict: Verdict, drill: str, folder: Path) -> Iterator[str]:
    if verdict.drill != drill or verdict.run != folder.name:
        yield f"the verdict in {folder.name} belongs to run {verdict.run} of {verdict.drill}"
    if not verdict.recovered or verdict.outcome is not Outcome.PASS:
        yield f"the latest run is not recovered: {verdict_sentence(verdict)}"
    if verdict.faults is not None:
        yield "the latest run had a fault put in on purpose"


def _of_version(verdict: Verdict, drill_file: Path, harness_version: str) -> Iterator[str]:
    try:
        present = hashlib.sha256(drill_file.read_bytes()).hexdigest()
    except OSError as error:
        yield f"the drill file {drill_file} cannot be read: {error.strerror}"
    else:
        if present != verdict.drill_sha256:
            yield f"the drill file {drill_file} has changed since the latest run"
    if verdict.harness_version != harness_version:
        yield f"the latest run was made by portal-drill {verdict.harness_version}, this is {harness_version}"


def _of_age(verdict: Verdict, max_age_s: float, now: datetime) -> Iterator[str]:
    if verdict.captured_utc is None:
        yield "the age of the restore point is not known"
        return
    age = now - verdict.captured_utc
    if age > timedelta(seconds=max_age_s):
        yield f"the restore point is {duration(age.total_seconds())} old, at most {duration(max_age_s)} is allowed"
    if age < timedelta(seconds=-_SAME_CLOCK_S):
        yield f"the restore point was captured in the future ({verdict.captured_utc:%Y-%m-%dT%H:%M:%SZ})"


def _of_newer_runs(latest: Path) -> Iterator[str]:
    """Runs that began in the same second count as newer: ids cannot tell them apart."""
    for folder in sorted(latest.parent.iterdir()):
        began, latest_began = folder.name.split("-")[0], latest.name.split("-")[0]
        if folder.name == latest.name or not is_run_id(folder.name) or began < latest_began:
            continue
        try:
            outcome = read_verdict(folder).outcome
        except VerdictUnreadable:
            yield f"a newer run {folder.name} has no verdict: it is unfinished or was broken off"
            continue
        if outcome is not Outcome.PASS:
            yield f"a newer run {folder.name} ended with {outcome}"


def _of_evidence(verdict: Verdict, folder: Path) -> Iterator[str]:
    """The evidence is the one that was judged: end line, count and digest agree with the file's bytes."""
    path = folder / "evidence.jsonl"
    try:
        lines = path.read_bytes().splitlines(keepends=True)
        end = EndLine.model_validate(json.loads(lines[-1]))
    except (OSError, ValueError, IndexError):
        yield "evidence.jsonl is absent or has no closing line"
        return
    found = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    if (end.count, end.sha256) != (len(lines) - 1, found):
        yield "evidence.jsonl was changed after the run: its closing line does not agree with it"
    if end.sha256 != verdict.evidence_sha256:
        yield "evidence.jsonl is not the evidence that was judged"
