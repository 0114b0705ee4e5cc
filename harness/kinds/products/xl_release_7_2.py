"""XL Release up to 7.2 with its JCR repository: what the vendor's page "Back up XL Release" demands.

Requirements: XLR-1 to XLR-19, XLR-D4, XLR-D7 to XLR-D11.
"""

from __future__ import annotations

from harness.kinds.contracts import ProductComponent
from harness.kinds.products._xl_release import DEFAULT_CHECKS, HOME, REPOSITORY

NAME = "xl-release-7.2"
TITLE = "XL Release 7.2"
PORTAL = None

COMPONENTS = {
    **REPOSITORY,
    "database": ProductComponent(
        kind="postgresql",
        engine="pg_dump",
        requirements=("XLR-6", "XLR-11"),
        why="the repository itself, but for large binaries; if it is built in, use xl-release-7.2-embedded",
        waivable=False,
    ),
    **HOME,
}

# References first, then what they refer to; all of it at rest.
GROUPS = {"repository": ("database", "repository_directory", "search_index")}

RESTORE_ORDER = (
    "installation",
    "configuration",
    "extensions",
    "plugins",
    "repository_directory",
    "search_index",
    "database",
)

RESTORED_BEFORE = (
    ("repository_directory", "database", "first the directory, then the database (XLR-10)"),
    ("repository_directory", "search_index", "the directory brings the index back (XLR-7)"),
)

__all__ = ["COMPONENTS", "DEFAULT_CHECKS", "GROUPS", "NAME", "PORTAL", "RESTORED_BEFORE", "RESTORE_ORDER", "TITLE"]
