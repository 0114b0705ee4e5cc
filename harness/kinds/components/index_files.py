"""A full-text index that lies in files of its own and can be built anew from the content: Xapian, Whoosh, Lucene.

A tree of files in every other respect. What is in it belongs to the content beside it: `index_consistency` judges
that, and the files themselves are judged only where they are restored as they were backed up (XLR-12, XLR-13).
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
)

IS_INDEX = True

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
]
