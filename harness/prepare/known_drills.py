"""Which drills there are by their files, wrong ones among them: what cannot be read cannot run, and is not green."""

from __future__ import annotations

from pathlib import Path

from harness.drill_files import SUFFIXES, is_drill
from harness.errors import DrillFileWrong, Mistake
from harness.prepare.parse import read_drill, seen_from_here
from harness.prepare.yaml_source import read_yaml
from harness.prepare.yaml_words import Place


def known_drills(folder: Path) -> dict[str, str]:
    """By the name of each drill that has a file in the folder: what is wrong with the file, "" if nothing is.

    Raises: nothing for a file that cannot be read: one drill's file must not hide the others, nor end their runs.
    """
    found, first = dict[str, list[str]](), dict[str, Path]()
    for file in _files(folder):
        wrong = list[str]()
        try:
            name = read_drill(file).name
        except DrillFileWrong as error:
            name, wrong = _named(file)[0], [_in_short(error)]
        except Exception as error:  # ours
            name, wrong = _named(file)[0], [f"{file.name} could not be read: {error!r}"]
        if first.setdefault(name, file) != file:
            wrong.append(_in_short(same_name(first[name], file)))
        found.setdefault(name, []).extend(wrong)
    return {name: "; ".join(wrong) for name, wrong in found.items()}


def check_name(folder: Path, drill: str) -> None:
    """Raises: DrillFileWrong if several files of the folder say that they are this drill; each is read for its name
    alone."""
    files = [file for file in _files(folder) if _named(file)[0] == drill]
    if len(files) > 1:
        raise DrillFileWrong(tuple(m for file in files[1:] for m in same_name(files[0], file).mistakes))


def same_name(first: Path, file: Path) -> DrillFileWrong:
    """What is wrong with `file`, which has the name of another one's drill."""
    (name, (line, column)), (_, where) = _named(file), _named(first)
    found = f"the name {name}, which {seen_from_here(first)}:{where[0]}:{where[1]} has"
    hint = "they would share reports, latest and restore points"
    return DrillFileWrong((Mistake(seen_from_here(file), line, column, found, "a name of its own", hint),))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.drill.y*ml") if is_drill(path))


def _in_short(wrong: DrillFileWrong) -> str:
    more = len(wrong.mistakes) - 1
    return str(wrong.mistakes[0]).splitlines()[0] + (f" ({more} more)" if more else "")


def _named(file: Path) -> tuple[str, Place]:
    """As the file says, and where, if that much of it can be read; else as it is called."""
    called = next(file.name.removesuffix(suffix) for suffix in SUFFIXES if file.name.endswith(suffix))
    try:
        document = read_yaml(file, file.name)
    except DrillFileWrong:
        return called, (1, 1)
    said = document.data.get("drill") if isinstance(document.data, dict) else None
    return said if isinstance(said, str) else called, document.value_place(("drill",))
