"""What to say instead of "no such file" to people who named a folder that is not there: what is there."""

from __future__ import annotations

from pathlib import Path

from harness.errors import PortalDrillError
from harness.prepare.mistakes import nearest
from harness.report.run_ids import is_run_id

ROOT_HINT = "portal-drill --root DIR looks in another folder"
_MOST = 5  # names, the newest


def check_root(root: Path) -> None:
    """Raises: PortalDrillError if the folder of `--root` is not there."""
    if not root.is_dir():
        raise PortalDrillError(f"the folder {root} of --root is not there")


def check_run(folder: Path) -> None:
    """Raises: PortalDrillError if the folder is no run's."""
    if (folder / "drill.json").is_file():
        return
    if not folder.is_dir():
        raise PortalDrillError(f"{folder} is no run's folder: it is not there")
    runs = sorted(path.name for path in folder.iterdir() if is_run_id(path.name))
    newest = f"the newest run in it is {folder / runs[-1]}" if runs else "drill.json is not in it"
    raise PortalDrillError(f"{folder} is no run's folder: {newest}")


def check_restore_point(folder: Path, vault: Path) -> None:
    """`vault`: of the drill that is to be recovered. Raises: PortalDrillError if the folder is no restore point."""
    if (folder / "record.json").is_file():
        return
    known = sorted((str(record.parent) for record in vault.glob("*/record.json")), reverse=True)
    there = f"known are, newest first: {', '.join(known[:_MOST])}" if known else f"there is none in {vault}"
    raise PortalDrillError(f"{folder} is no restore point; {there}")


def check_reports(reports: Path, drill: str) -> None:
    """Raises: PortalDrillError if no drill of the name has reports."""
    if (reports / drill).is_dir():
        return
    if not reports.is_dir():
        raise PortalDrillError(f"no drill has run here: {reports} is not there. {ROOT_HINT}")
    known = sorted(path.name for path in reports.iterdir() if path.is_dir())
    there = nearest(drill, known) or f"{', '.join(known) or 'none'} {'have' if len(known) > 1 else 'has'}"
    raise PortalDrillError(f"no drill called {drill} has reports in {reports}; {there}")
