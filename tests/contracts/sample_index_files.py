"""An index that lies in files is a tree like any other: the same data, to the same ends."""

from __future__ import annotations

from sample_file_tree import (
    ALSO,
    CHANGES,
    EMPTY_REFUSED,
    ENGINES,
    SERVICES,
    VARIANTS,
    answers,
    bystanders,
    fill,
    leave_behind,
    make_empty,
    wipe,
)
from sample_file_tree import (
    COMPONENT as TREE,
)

COMPONENT = TREE.model_copy(update={"kind": "index_files"})

__all__ = [
    "ALSO",
    "CHANGES",
    "COMPONENT",
    "EMPTY_REFUSED",
    "ENGINES",
    "SERVICES",
    "VARIANTS",
    "answers",
    "bystanders",
    "fill",
    "leave_behind",
    "make_empty",
    "wipe",
]
