"""What XL Release up to 7.2 demands, whether its JCR repository lies in a database or is built in."""

from __future__ import annotations

from harness.kinds.contracts import ProductComponent

_LOGS = "a log: it only grows, and is kept to find out what went wrong (XLR-4)"
_INDEX = "judged as the component search_index (XLR-12)"
_TEMPORARY = "made anew while the server runs"

REPOSITORY = {
    "repository_directory": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("XLR-4", "XLR-7", "XLR-9", "XLR-D7", "XLR-D10"),
        why="workspaces, indexes and the binaries of attachments, also where the repository lies in a database",
        waivable=False,
        classes=(
            ("repository/index", "disposable", _INDEX),
            ("repository/index/**", "disposable", _INDEX),
            ("workspaces/*/index", "disposable", _INDEX),
            ("workspaces/*/index/**", "disposable", _INDEX),
        ),
    ),
    "search_index": ProductComponent(
        kind="jackrabbit_index",
        engine="carried",
        requirements=("XLR-12", "XLR-13", "XLR-14", "XLR-15", "XLR-16", "XLR-D8"),
        why="what searches ask; it lies in the repository directory and can be built anew",
    ),
}

HOME = {
    "configuration": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("XLR-4", "XLR-17"),
        why="settings, licence, and where the repository lies",
    ),
    "extensions": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("XLR-4", "XLR-18"),
        why="pages and rules of this installation's own",
    ),
    "plugins": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("XLR-4", "XLR-18"),
        why="plug-ins in the versions that releases were written for",
    ),
    "installation": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("XLR-4", "XLR-5", "XLR-D11"),
        why="the rest of the home: scripts, libraries, hotfixes, running work, archive, logs",
        classes=(
            ("log/**", "append", _LOGS),
            ("work/tmp", "disposable", _TEMPORARY),
            ("work/tmp/**", "disposable", _TEMPORARY),
            ("work/server.pid", "disposable", "the number of a process that runs now"),
        ),
    ),
}

DEFAULT_CHECKS = (
    "coverage",
    "source_health",
    "portal_health",
    "data_parity",
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
