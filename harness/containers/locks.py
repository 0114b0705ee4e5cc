"""The lock of a run: held as long as its process lives, released by the kernel however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from harness.errors import HarnessBroken


def lock_path(state_dir: Path, run_id: str) -> Path:
    return state_dir / "locks" / run_id


class RunLock:
    """Holds `<state_dir>/locks/<run id>` by flock. Take it before the run makes its first container.

    Raises: HarnessBroken on entry if another process (or another lock here) holds it.
    """

    def __init__(self, state_dir: Path, run_id: str) -> None:
        self._path = lock_path(state_dir, run_id)
        self._descriptor: int | None = None

    def __enter__(self) -> RunLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while self._descriptor is None:
            self._descriptor = self._locked()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self) -> int | None:
        """A descriptor with the lock, or None if the file was removed between opening and locking."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._path.exists() and os.path.samestat(os.fstat(descriptor), self._path.stat()):
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise HarnessBroken(f"the run {self._path.name} is already being performed by another process") from error
        os.close(descriptor)
        return None


def is_held(state_dir: Path, run_id: str) -> bool:
    """True while the run's process lives."""
    try:
        descriptor = os.open(lock_path(state_dir, run_id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def remove_stale(state_dir: Path) -> list[str]:
    """Removes lock files that nobody holds; returns their run ids."""
    folder = state_dir / "locks"
    stale = [path for path in sorted(folder.glob("*")) if not is_held(state_dir, path.name)]
    for path in stale:
        path.unlink(missing_ok=True)
    return [path.name for path in stale]
