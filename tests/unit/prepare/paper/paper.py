"""A portal on paper: an adapter's table without its functions, so that drill files can be read without it."""

from __future__ import annotations

from harness.kinds.contracts import KindOptions

TITLE = "Paper"
VENDOR_OF: frozenset[str] = frozenset()
SERVICE = "web"
PORT = 8080
TIERS = ("database", "document_library", "search")

_SNAPSHOTS = {"repository_path": "/var/lib/search-snapshots"}
COMPONENTS = {
    "database": {"service": "db", "options": {"database": "portal"}, "engine_options": {"jobs": 3}},
    "document_library": {"service": "web", "options": {"path": "/opt/portal/data/document_library"}},
    "liferay_home": {
        "service": "web",
        "options": {"path": "/opt/portal"},
        "classes": [{"match": "portal.pid", "item_class": "disposable", "reason": "a process number"}],
    },
    "application_server": {"service": "web", "options": {"path": "/opt/appserver"}},
    "search": {"service": "search", "options": {"indices": ["content-*"]}, "engine_options": _SNAPSHOTS},
    "search_tuning": {"service": "search", "options": {"indices": ["tuning-*"]}, "engine_options": _SNAPSHOTS},
    "source_code": {"service": "web", "options": {"path": "/srv/git/modules.git"}},
}


class Options(KindOptions):
    pause_s: float = 2.0
    language: str = "en"
    password: str = "${env:PAPER_PASSWORD}"


def reindex(access: object, timeout_s: float) -> None:
    """Makes the portal one that can rebuild its index."""
