"""An index that lies inside another component's tree, whose archive carries it: nothing is copied twice.

The artefact is the list of what there was, and a restore is believed when the tree that carries it brought as much
back. Where that is not wanted, the drill says `rebuild`: then the contents are removed before the portal starts.
Requirements: XLR-7 (it comes with the repository's directory), XLR-12.
"""

from __future__ import annotations

import json

from harness.errors import CommandFailed
from harness.kinds.components import jackrabbit_index
from harness.kinds.contracts import BackupAccess, ComponentAccess, KindOptions, RestoreAccess
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"jackrabbit_index"})
TOLERATES_OPEN_FILES = False
CAPTURE_POINT = "finished"
LIST = "folders.json"


class Options(KindOptions):
    pass


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Write the list of folders, each with how many files it holds. Raises: CommandFailed if there is none."""
    held = _held(access)
    if not held:
        raise CommandFailed(f"{access.component.name}: there is no folder of an index")
    (access.artefact / LIST).write_text(json.dumps(held, indent=1, sort_keys=True), encoding="utf-8")
    return {"folders": len(held), "files": sum(held.values())}


def restore(access: RestoreAccess) -> None:
    """Look for every folder of the list. Raises: CommandFailed if the tree did not bring one of them back."""
    try:
        listed = json.loads((access.artefact / LIST).read_bytes())
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{LIST} of {access.component.name} cannot be read: {error}") from error
    held = _held(access)
    lost = sorted(folder for folder in listed if folder not in held)
    if lost:
        raise CommandFailed(f"{access.component.name}: {', '.join(lost)} did not come back with the tree around it")


def _held(access: ComponentAccess) -> dict[str, int]:
    found = dict.fromkeys(jackrabbit_index.folders(access), 0)
    for item in jackrabbit_index.inventory(access):
        folder = next((name for name in found if item.key.startswith(f"{name}/") and item.digest != "folder"), None)
        if folder is not None:
            found[folder] += 1
    return found
