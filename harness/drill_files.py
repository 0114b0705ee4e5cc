"""Which files belong together: a drill file, and the file of pytest tests beside it.

`drills/liferay-dxp.drill.yaml` has its tests in `drills/test_liferay_dxp.py`: what Python does not allow in a
module's name becomes `_`. Knows names only; imported by every pytest run of whoever installed the package.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

SUFFIXES = (".drill.yaml", ".drill.yml")


def is_drill(path: Path) -> bool:
    return path.name.endswith(SUFFIXES)


def file_of_tests(drill_file: Path) -> Path:
    """Where the tests of a drill lie, if it has any."""
    stem = drill_file.name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".drill")
    return drill_file.with_name(f"test_{re.sub(r'[^A-Za-z0-9_]', '_', stem)}.py")


def drills_in(folder: Path) -> tuple[Path, ...]:
    """Asked for every file of tests: looked up again only if the folder has changed."""
    return _drills_in(folder, folder.stat().st_mtime_ns)


@lru_cache(maxsize=1000)
def _drills_in(folder: Path, changed_ns: int) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.glob("*.drill.y*ml") if is_drill(path)))


def drills_of(test_file: Path) -> tuple[Path, ...]:
    """The drill file whose tests these are; none if it is another file, several if their names come to the same."""
    if not (test_file.name.startswith("test_") and test_file.suffix == ".py"):
        return ()
    return tuple(path for path in drills_in(test_file.parent) if file_of_tests(path) == test_file)
