"""How pytest-xdist spreads drills: all items of one drill file go to one worker, everything else as asked."""

from __future__ import annotations

from typing import Any


def scheduler(config: Any, log: Any, suffixes: tuple[str, ...]) -> Any:
    """A scheduler for the modes that would split a file, None for all others.

    Shape: files that end with one of `suffixes` are one unit of work; other tests are one each, or one
    per `xdist_group`, which is what `load`, `worksteal` and `loadgroup` promise.
    """
    if config.getoption("dist") not in ("load", "worksteal", "loadgroup"):
        return None
    from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]  # it ships no types

    class DrillScheduling(LoadGroupScheduling):  # type: ignore[misc]  # untyped, as above
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return file if file.endswith(suffixes) else str(super()._split_scope(nodeid))

    return DrillScheduling(config, log)
