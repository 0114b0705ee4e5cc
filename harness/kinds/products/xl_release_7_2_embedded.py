"""XL Release up to 7.2 with its built-in JCR repository: what the same page demands where there is no database.

A database is demanded "if you store the repository in a database" (XLR-6, XLR-10, XLR-11), and then `xl-release-7.2`
holds. Where a drill file says that the repository is built in and it is not, `coverage` names what nobody backs up: the
volume of the stack's database, or the host of one outside the stack.
Requirements: XLR-1 to XLR-5, XLR-7 to XLR-9, XLR-12 to XLR-19, XLR-D7 to XLR-D11.
"""

from __future__ import annotations

from dataclasses import replace

from harness.kinds.products._xl_release import DEFAULT_CHECKS, HOME, REPOSITORY

NAME = "xl-release-7.2-embedded"
TITLE = "XL Release 7.2 with its built-in repository"
PORTAL = None

COMPONENTS = {
    **REPOSITORY,
    "repository_directory": replace(
        REPOSITORY["repository_directory"], why="the repository itself: its databases, large binaries, indexes"
    ),
    **HOME,
}

GROUPS = {"repository": ("repository_directory", "search_index")}

RESTORE_ORDER = ("installation", "configuration", "extensions", "plugins", "repository_directory", "search_index")

RESTORED_BEFORE = (("repository_directory", "search_index", "the directory brings the index back (XLR-7)"),)

__all__ = ["COMPONENTS", "DEFAULT_CHECKS", "GROUPS", "NAME", "PORTAL", "RESTORED_BEFORE", "RESTORE_ORDER", "TITLE"]
