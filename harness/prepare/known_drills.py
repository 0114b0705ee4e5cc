"""Which drills there are by their files, wrong ones among them: what cannot be read cannot run, and is not green."""

from __future__ import annotations

from pathlib import Path

from harness.drill_files import SUFFIXES, is_drill
from harness.errors import DrillFileWrong
from harness.prepare.parse import read_drill
from harness.prepare.yaml_source import read_yaml


def known_drills(folder: Path) -> dict[str, str]:
    """By the name of each drill that has a file in the folder: what is wrong with the file, "" if nothing is.

    Raises: nothing for a file that cannot be read: one drill's file must not hide the others, nor end their runs.
    """
    found = dict[str, str]()
    for file in sorted(path for path in folder.glob("*.drill.y*ml") if is_drill(path)):
        try:
            name, wrong = read_drill(file).name, ""
        except DrillFileWrong as error:
            name, more = _name(file), len(error.mistakes) - 1
            wrong = str(error.mistakes[0]).splitlines()[0] + (f" ({more} more)" if more else "")
        except Exception as error:  # ours
            name, wrong = _name(file), f"{file.name} could not be read: {error!r}"
        found[name] = found.get(name) or wrong
    return found


def _name(file: Path) -> str:
    """As the file says, if that much of it can be read; else as it is called."""
    called = next(file.name.removesuffix(suffix) for suffix in SUFFIXES if file.name.endswith(suffix))
    try:
        data = read_yaml(file, file.name).data
    except DrillFileWrong:
        return called
    said = data.get("drill") if isinstance(data, dict) else None
    return said if isinstance(said, str) else called
