"""A tree of files on a named volume.

Requirements: GEN-D15 (modes, links, empty directories), GEN-D16 (directories' own owners and modes),
GEN-D17 (links are listed with their targets), LR-8 to LR-15, LR-21.
"""

from __future__ import annotations

from harness.kinds.components._tree import (
    NEEDS_SERVICE,
    Options,
    files,
    inventory,
    position,
    prefix_digests,
    propose,
    proved_empty,
    surroundings,
    verify,
    written_unix_s,
)

IS_INDEX = False

__all__ = [
    "IS_INDEX",
    "NEEDS_SERVICE",
    "Options",
    "files",
    "inventory",
    "position",
    "prefix_digests",
    "propose",
    "proved_empty",
    "surroundings",
    "verify",
    "written_unix_s",
]
