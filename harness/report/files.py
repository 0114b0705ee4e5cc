"""The files of a run's folder, each written whole or not at all, and the link to the latest run."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import ValidationError

from harness.errors import HarnessBroken, PortalDrillError
from harness.model.drill import Drill
from harness.model.evidence import Evidence
from harness.model.plan import Plan
from harness.model.restore_point import RestorePoint
from harness.model.verdict import Verdict
from harness.report.html import html_text
from harness.report.junit import junit_bytes

PROOFS = "proofs"
RECORD = "restore_point.json"  # what the judge is given of the restore point, kept beside the evidence


class VerdictUnreadable(PortalDrillError):
    """`verdict.json` is absent or is no verdict."""


def write_reports(
    folder: Path, verdict: Verdict, drill: Drill, plan: Plan, point: RestorePoint | None, evidence: Evidence
) -> None:
    """All files of a judged run, `verdict.json` first; then `latest` points to it, unless a fault was in it, or
    only some of its checks were asked for: that says nothing of the others, and closes no gate."""
    write_verdict(folder, verdict)
    write_whole(folder / "report.html", html_text(verdict, drill, plan, point, evidence).encode())
    write_whole(folder / "junit.xml", junit_bytes(verdict))
    if verdict.faults is None and folder.parent.name != PROOFS and not plan.only_checks:
        point_latest(folder)


def verdict_bytes(verdict: Verdict) -> bytes:
    """`verdict.json`: the same bytes for the same verdict."""
    return (verdict.model_dump_json(by_alias=True, indent=2) + "\n").encode()


def write_verdict(folder: Path, verdict: Verdict) -> None:
    write_whole(folder / "verdict.json", verdict_bytes(verdict))


def read_verdict(folder: Path) -> Verdict:
    """Raises: VerdictUnreadable, with what is wrong in one sentence."""
    path = folder / "verdict.json"
    try:
        return Verdict.model_validate_json(path.read_bytes())
    except OSError as error:
        raise VerdictUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise VerdictUnreadable(f"{path} is no verdict: {place}: {first['msg']}") from error


def write_record(point: RestorePoint, folder: Path) -> None:
    """Whole or not at all: evidence beside half a record could not be judged. Raises: HarnessBroken."""
    try:
        write_whole(folder / RECORD, f"{point.model_dump_json()}\n".encode())
    except OSError as error:
        raise HarnessBroken(f"the report folder {folder} cannot be written: {error}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Temporary file, then rename: a reader sees the old bytes or the new ones, nothing between."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def point_latest(folder: Path) -> None:
    """`latest` beside the run's folder points to it; a later run's link stays (run ids sort by time)."""
    latest = folder.parent / "latest"
    if latest.is_symlink() and latest.readlink().name > folder.name and latest.exists():
        return
    temporary = latest.with_name(f".latest.{secrets.token_hex(4)}")
    temporary.symlink_to(folder.name, target_is_directory=True)
    temporary.replace(latest)
