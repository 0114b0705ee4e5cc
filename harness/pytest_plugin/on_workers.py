"""How pytest-xdist spreads drills: all items of one drill go to one worker, everything else as asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MODES = {"loadfile": "LoadFileScheduling", "loadscope": "LoadScopeScheduling"}


def scheduler(config: Any, log: Any, drill_of: Callable[[str], str | None]) -> Any:
    """A scheduler for the modes that would split a drill, None for all others.

    Shape: `drill_of` says to which drill a file belongs, None to none: that is one unit of work; other tests are as
    the mode promises: one each, one per `xdist_group`, per file or per scope.
    """
    mode = config.getoption("dist")
    if mode not in ("load", "worksteal", "loadgroup", *MODES):
        return None
    from xdist import scheduler as known  # type: ignore[import-untyped]  # it ships no types

    class DrillScheduling(getattr(known, MODES.get(mode, "LoadGroupScheduling"))):  # type: ignore[misc]  # as above
        def _split_scope(self, nodeid: str) -> str:
            return drill_of(nodeid.split("::", 1)[0]) or str(super()._split_scope(nodeid))

    return DrillScheduling(config, log)
