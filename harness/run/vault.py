"""The vault: restore points in a place apart from the source, with manifests that can be held against them.

Layout: `<state>/vault/<drill>/<id>/` with `record.json`, `artefacts/<component>/`, `inventories/`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import HarnessBroken
from harness.kinds.contracts import ARTEFACTS
from harness.model.restore_point import Artefact, ArtefactFile, RestorePoint
from harness.model.verdict import Outcome, Verdict

RECORD = "record.json"
FULL_BYTES = 65_536  # a file system seldom gives away its very last blocks
RECOVERED = "recovered"  # an empty file: a recovery from this restore point has passed
MEASURE = "measure"  # an empty file: its volumes passed in a run of all checks of which none failed
VOLUMES = "inventory_volume"  # the check that compares them


def troubles(folder: Path) -> tuple[str, ...]:
    """Why nothing that is written to this folder can be whole: the disk below it is full."""
    there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free
    return (f"the vault is full: {free:,} bytes are free in {there}",) if free < FULL_BYTES else ()


def vault_of(state: Path, drill: str) -> Path:
    return state / "vault" / drill


def artefact_folder(folder: Path, component: str) -> Path:
    return folder / ARTEFACTS.name / component


def manifest(folder: Path) -> tuple[ArtefactFile, ...]:
    """Every file below `folder` with size in bytes and SHA-256, in order of path; of a symbolic link, which is
    never followed, those of its target's name. Raises: OSError if a folder or a file cannot be read."""
    found = []
    for path in sorted(path for path in _below(folder) if path.is_symlink() or path.is_file()):
        size_bytes, digest = _link(path) if path.is_symlink() else _file(path)
        # Names that are not Unicode are written out, so that the record can be saved.
        name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
        found.append(ArtefactFile(path=name, size_bytes=size_bytes, sha256=digest))
    return tuple(found)


def _below(folder: Path) -> Iterator[Path]:
    """A folder that a container's user alone may read is an error; `Path.rglob` leaves it out."""

    def unread(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):  # those hold no file
            raise error

    for root, folders, files in os.walk(folder, onerror=unread):
        yield from (Path(root, name) for name in (*folders, *files))


def _file(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _link(path: Path) -> tuple[int, str]:
    target = b"link to " + os.fsencode(path.readlink())
    return len(target), hashlib.sha256(target).hexdigest()


def save_record(folder: Path, point: RestorePoint) -> None:
    """Write `record.json` whole or not at all."""
    temporary = folder / f".{RECORD}"
    temporary.write_text(point.model_dump_json(indent=1) + "\n", encoding="utf-8")
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.rename(folder / RECORD)


def load_record(folder: Path) -> RestorePoint:
    """Raises: HarnessBroken if there is no readable record."""
    try:
        return RestorePoint.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValueError) as error:
        raise HarnessBroken(f"{folder} is no restore point: {error}") from error


def measure(vault: Path) -> tuple[RestorePoint | None, bool]:
    """What the next capture is compared with, and whether it is marked as the measure: the newest such restore point,
    or, as long as there is none, the oldest of all: the newest may hold what is left after a loss that was seen. One
    that cannot be read, or holds a fault on purpose, is none."""
    newest_first = _points(vault)
    marked = [folder for folder in newest_first if any((folder / marker).exists() for marker in (MEASURE, RECOVERED))]
    for folders, is_marked in ((marked, True), (reversed(newest_first), False)):
        for folder in folders:
            with suppress(HarnessBroken):
                if (point := load_record(folder)).fault is None:
                    return point, is_marked
    return None, False


def _points(vault: Path) -> list[Path]:
    """Folders of sealed restore points, the newest first."""
    return sorted((record.parent for record in vault.glob(f"*Z-*/{RECORD}")), reverse=True)


def note_success(folder: Path, verdict: Verdict, *, all_checks: bool) -> None:
    """What a run showed of its restore point. Its volumes are a measure though something else is unknown night by
    night, or an objective is missed, but not where a check failed: then it may be the data that is wrong."""
    outcomes = {check.name: check.outcome for check in verdict.checks}
    passed = outcomes.get(VOLUMES) is Outcome.PASS and Outcome.FAIL not in outcomes.values()
    if passed and verdict.faults is None and all_checks:
        (folder / MEASURE).touch()
    if verdict.recovered:
        (folder / RECOVERED).touch()


def disagreements(folder: Path, point: RestorePoint) -> Iterator[str]:
    """Where the artefacts are not what their manifests say."""
    for artefact in point.artefacts:
        listed = {file.path: file for file in artefact.files}
        present = {file.path: file for file in manifest(folder / artefact.folder)}
        for path in sorted(listed.keys() | present.keys()):
            name = f"{artefact.component}/{path}"
            if path not in present:
                yield f"{name} is missing"
            elif path not in listed:
                yield f"{name} is not in the manifest"
            elif present[path].size_bytes != listed[path].size_bytes:
                yield f"{name} has {present[path].size_bytes} bytes, not {listed[path].size_bytes}"
            elif present[path].sha256 != listed[path].sha256:
                yield f"{name} has another digest than its manifest"


def empty_artefacts(artefacts: tuple[Artefact, ...]) -> tuple[str, ...]:
    """Components whose backup wrote nothing, whatever its exit code said."""
    return tuple(a.component for a in artefacts if a.size_bytes == 0)


def copy_point(folder: Path, target: Path) -> None:
    """A copy that may be damaged; cheap where the file system shares blocks."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, target, symlinks=True)


def reseal(folder: Path, point: RestorePoint) -> RestorePoint:
    """Manifests made anew, as if the backup had written the artefacts so."""
    artefacts = tuple(a.model_copy(update={"files": manifest(folder / a.folder)}) for a in point.artefacts)
    sealed = point.model_copy(update={"artefacts": artefacts})
    save_record(folder, sealed)
    return sealed


def prune(vault: Path, keep: int) -> tuple[str, ...]:
    """Remove all but the newest `keep` sealed restore points; neither the newest that was recovered, nor the one
    that others are compared with, nor one that a run holds is removed."""
    points = _points(vault)
    if not (old := points[keep:]):
        return ()
    recovered, measured = [path for path in points if (path / RECOVERED).exists()], measure(vault)[0]
    return _removed(path for path in old if path not in recovered[:1] and not (measured and path.name == measured.id))


def remove_unsealed(state: Path) -> tuple[str, ...]:
    """Remove captures that were cut off: no record, and no run holds them. Returns their ids."""
    return _removed(path for path in (state / "vault").glob("*/*Z-*") if not (path / RECORD).exists())


def _removed(folders: Iterable[Path]) -> tuple[str, ...]:
    """Names of those that were removed: all that nobody holds."""
    names = []
    for folder in sorted(folders, reverse=True):
        if (descriptor := _lock(folder, fcntl.LOCK_EX)) is not None:
            try:
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)
            names.append(folder.name)
    return tuple(names)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The restore point stays as long as this run needs it, or makes it; the kernel lets go however the run ends.

    Raises: HarnessBroken if it is just being removed.
    """
    descriptor = _lock(folder, fcntl.LOCK_SH)
    if descriptor is None:
        raise HarnessBroken(f"the restore point {folder} is just being removed")
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path, how: int) -> int | None:
    """A descriptor with the lock; None if another process has it, or the folder is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
