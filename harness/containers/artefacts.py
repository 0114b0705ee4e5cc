"""How a tool container sees an artefact: alone, or as one of all artefacts of its restore point."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from docker.types import Mount

from harness.containers.create import folder_mount
from harness.errors import HarnessBroken
from harness.kinds.contracts import ARTEFACT, ARTEFACTS, Shell


def lies_with_others(artefact: Path) -> bool:
    """Whether the folder above is that of a restore point's artefacts, and holds nothing else."""
    return artefact.parent.name == ARTEFACTS.name


def artefact_mount(artefact: Path, *, alone: bool, writable: bool) -> Mount:
    """Raises: HarnessBroken if it is not the absolute path of a folder."""
    if not artefact.is_absolute() or not artefact.is_dir():
        raise HarnessBroken(f"the artefact {artefact} cannot be mounted: it is no absolute path of a folder")
    return folder_mount(*((artefact, ARTEFACT) if alone else (artefact.parent, ARTEFACTS)), writable=writable)


@contextmanager
def with_artefact(lent: AbstractContextManager[Shell], name: str) -> Iterator[Shell]:
    """The shell of a container that sees them all, with this one at its place."""
    with lent as shell:
        said = shell.run(["ln", "-sfn", f"{ARTEFACTS}/{name}", f"{ARTEFACT}"], timeout_s=30)
        if said.exit_code:
            raise HarnessBroken(f"{ARTEFACT} could not be made: {said.stderr.decode(errors='replace')}")
        yield shell
