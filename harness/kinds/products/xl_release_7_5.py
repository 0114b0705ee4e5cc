"""XL Release from 7.5 on, without JCR: two SQL databases and the installation directory.

Requirements: XLR-1 to XLR-6, XLR-8, XLR-11, XLR-17 to XLR-19, XLR-D1 to XLR-D3, XLR-D5, XLR-D6, XLR-D11.
"""

from __future__ import annotations

from harness.kinds.contracts import ProductComponent

NAME = "xl-release-7.5"
TITLE = "XL Release 7.5"
PORTAL = None

_LOGS = "a log: it only grows, and is kept to find out what went wrong (XLR-4)"
_TEMPORARY = "made anew while the server runs"

COMPONENTS = {
    "database": ProductComponent(
        kind="postgresql",
        engine="pg_dump",
        requirements=("XLR-6", "XLR-11", "XLR-D1"),
        why="releases, templates, users: everything but what was completed and archived",
        waivable=False,
    ),
    "archive_database": ProductComponent(
        kind="postgresql",
        engine="pg_dump",
        requirements=("XLR-6", "XLR-11", "XLR-D1", "XLR-D3"),
        why="completed releases, which leave the main database minutes after they were completed",
        waivable=False,
    ),
    "installation": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("XLR-4", "XLR-5", "XLR-17", "XLR-18", "XLR-D1", "XLR-D2", "XLR-D11"),
        why="the whole home: scripts, conf, ext, hotfix, plugins, running work, attachments, logs",
        waivable=False,
        classes=(
            ("log/**", "append", _LOGS),
            ("work/tmp", "disposable", _TEMPORARY),
            ("work/tmp/**", "disposable", _TEMPORARY),
            ("work/server.pid", "disposable", "the number of a process that runs now"),
        ),
    ),
    "search_index": ProductComponent(
        kind="index_files",
        engine="tar",
        requirements=("XLR-12", "XLR-13"),
        why="what searches ask; it lies apart from the databases and can be built anew by a command",
    ),
}

# An item leaves the main database for the archive, and its attachments are files: what refers comes first. All of it
# is taken at rest (XLR-3), so that between them nothing moves.
GROUPS = {"releases": ("database", "archive_database", "installation", "search_index")}

# First the databases, then the installation directory is replaced (XLR-D1).
RESTORE_ORDER = ("database", "archive_database", "installation", "search_index")

RESTORED_BEFORE = (("database", "installation", "first the databases, then the installation directory (XLR-D1)"),)

DEFAULT_CHECKS = (
    "coverage",
    "source_health",
    "portal_health",
    "data_parity",
    "archive_parity",
    "reference_parity",
    "permissions",
    "index_consistency",
    "freshness",
    "skew",
    "configuration",
    "expiry",
    "inventory_volume",
    "writable",
    "isolation",
    "teardown",
)
