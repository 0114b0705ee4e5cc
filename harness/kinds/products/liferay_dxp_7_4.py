"""Liferay DXP 7.4: what the vendor's page "Backing Up" demands (LR-1 to LR-33, LR-D1 to LR-D7)."""

from __future__ import annotations

from harness.kinds.contracts import ProductComponent

NAME = "liferay-dxp-7.4"
TITLE = "Liferay DXP 7.4"
PORTAL = None

_CACHE = "a cache: the portal fills it again (LR-8)"
_RUNTIME = "unpacked from the modules at each start; the modules themselves are judged (LR-11, LR-12)"
_LOGS = "a log: it only grows, and is kept to find out what went wrong (LR-14, LR-15)"
_WORK = "work area of the application server, made again at each start (LR-19)"

COMPONENTS = {
    "database": ProductComponent(
        kind="postgresql",
        engine="pg_dump",
        requirements=("LR-22", "LR-23", "LR-24"),
        why="the central store of all portal information, the most important component",
        waivable=False,
    ),
    "document_library": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("LR-9", "LR-18", "LR-D2"),
        why="uploaded documents and media, wherever the file store was moved to",
    ),
    "liferay_home": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("LR-6", "LR-7", "LR-8", "LR-10", "LR-11", "LR-12", "LR-13", "LR-14", "LR-15"),
        why="properties, data, licence, modules with their configuration, logs",
        classes=(
            ("data/cache", "disposable", _CACHE),
            ("data/cache/**", "disposable", _CACHE),
            ("data/index/**", "rebuildable", "an embedded search index can be built again (LR-8)"),
            ("osgi/state", "disposable", _RUNTIME),
            ("osgi/state/**", "disposable", _RUNTIME),
            ("osgi/log/**", "append", _LOGS),
            ("osgi/logs/**", "append", _LOGS),
            ("logs/**", "append", _LOGS),
            ("work/**", "disposable", _RUNTIME),
        ),
    ),
    "application_server": ProductComponent(
        kind="file_tree",
        engine="tar",
        requirements=("LR-19", "LR-20", "LR-21"),
        why="descriptors (a patch overwrites web.xml), deployments, drivers: the whole tree",
        classes=(
            ("temp", "disposable", _WORK),
            ("temp/**", "disposable", _WORK),
            ("work", "disposable", _WORK),
            ("work/**", "disposable", _WORK),
            ("logs/**", "append", _LOGS),
        ),
    ),
    "search": ProductComponent(
        kind="opensearch",
        engine="snapshot",
        requirements=("LR-25", "LR-26", "LR-27", "LR-28", "LR-32", "LR-D4"),
        why="the derived indexes, so that a large portal need not index everything again",
    ),
    "search_tuning": ProductComponent(
        kind="opensearch",
        engine="snapshot",
        requirements=("LR-D1",),
        why="synonyms and rankings, which people wrote and which exist nowhere else",
        primary=True,
    ),
    "source_code": ProductComponent(
        kind="git",
        engine="git_bundle",
        requirements=("LR-16", "LR-29", "LR-30"),
        why="the sources of modules and plugins that were deployed",
    ),
}

# References first, then what they refer to; the derived index last (LR-33, LR-D5).
GROUPS = {"portal_state": ("database", "document_library", "search")}

# What gives a functioning portal first, then what spares it the indexing (LR-31, LR-32). Sources need no server: they
# are put back while the search engine starts.
RESTORE_ORDER = (
    "application_server",
    "liferay_home",
    "document_library",
    "database",
    "source_code",
    "search_tuning",
    "search",
)

RESTORED_BEFORE: tuple[tuple[str, str, str], ...] = ()

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
