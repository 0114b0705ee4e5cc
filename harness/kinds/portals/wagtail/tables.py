"""Where the Wagtail site keeps what: components, tables, index names, and which requirement a fact meets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.kinds.contracts import PortalAccess
from harness.kinds.portals._installation import rows

PAGES = "liferay-20101-wagtailcore_page"
DOCUMENTS = "liferay-20101-portal_librarydocument"
STORED = {"page": ("wagtailcore_page", PAGES), "document": ("portal_librarydocument", DOCUMENTS)}

_OURS = "written by the drill: judged by number"
_CANARY_PAGES = "SELECT id FROM wagtailcore_page WHERE slug LIKE 'portal-drill-canar%'"
_CANARY_DOCUMENTS = "SELECT id::text FROM portal_librarydocument WHERE title LIKE 'portal-drill canary %'"
_CANARY_PAGE_TEXTS = f"SELECT id::text FROM ({_CANARY_PAGES}) AS p"
_OF_PAGES = "content_type_id = (SELECT id FROM django_content_type WHERE model = 'contentpage')"
_OF_DOCUMENTS = "content_type_id = (SELECT id FROM django_content_type WHERE model = 'librarydocument')"


def _canary(table: str, where: str) -> dict[str, str]:
    return {"table": table, "where": where, "item_class": "canary", "reason": _OURS}


def _disposable(table: str, reason: str) -> dict[str, str]:
    return {"table": table, "item_class": "disposable", "reason": reason}


COMPONENTS: dict[str, dict[str, Any]] = {
    "database": {
        "service": "db",
        "options": {
            "database": "portal",
            "rows": [
                _canary("wagtailcore_page", "slug LIKE 'portal-drill-canar%'"),
                _canary("portal_contentpage", f"page_ptr_id IN ({_CANARY_PAGES})"),
                _canary("wagtailcore_revision", f"object_id IN ({_CANARY_PAGE_TEXTS}) AND {_OF_PAGES}"),
                _canary("wagtailcore_pagelogentry", f"page_id IN ({_CANARY_PAGES})"),
                _canary("wagtailcore_referenceindex", f"object_id IN ({_CANARY_PAGE_TEXTS}) AND {_OF_PAGES}"),
                _canary("wagtailcore_referenceindex", f"object_id IN ({_CANARY_DOCUMENTS}) AND {_OF_DOCUMENTS}"),
                _canary("portal_librarydocument", "title LIKE 'portal-drill canary %'"),
                _canary("wagtailcore_modellogentry", "label LIKE 'portal-drill canary %'"),
                _canary("wagtailsearch_indexentry", f"object_id IN ({_CANARY_PAGE_TEXTS}) AND {_OF_PAGES}"),
                _disposable("django_session", "sessions of people who are logged in"),
            ],
            "ignored_columns": [
                {"table": "auth_user", "columns": ["last_login"], "reason": "changes with every login"},
            ],
        },
    },
    "document_library": {
        "service": "web",
        "options": {"path": "/opt/liferay/data/document_library"},
        "classes": [{"match": "documents/portal-drill-canary-*", "item_class": "canary", "reason": _OURS}],
    },
    "liferay_home": {"service": "web", "options": {"path": "/opt/liferay"}},
    "application_server": {"service": "web", "options": {"path": "/opt/appserver"}},
    "search": {
        "service": "search",
        "options": {
            "indices": ["liferay-20101-wagtail*", "liferay-20101-portal_*"],
            "documents": [
                {"field": "title", "begins": "portal-drill canar", "item_class": "canary", "reason": _OURS},
            ],
        },
        "engine_options": {"repository_path": "/var/lib/opensearch-snapshots"},
    },
    "search_tuning": {
        "service": "search",
        "options": {"indices": ["liferay-20101-search-tuning-*"]},
        "engine_options": {"repository_path": "/var/lib/opensearch-snapshots"},
    },
    "source_code": {"service": "web", "options": {"path": "/srv/git/modules.git"}},
}

REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "database": ("LR-6", "LR-22", "GEN-D30"),
    "display_name": ("LR-19", "LR-20"),
    "document_library": ("LR-9", "LR-18"),
    "driver": ("LR-19",),
    "file_encoding": ("LR-7",),
    "keystore": ("GEN-D22",),
    "language": ("LR-7",),
    "licence": ("LR-10", "GEN-D23"),
    "module": ("LR-11", "LR-12"),
    "search": ("LR-13",),
    "session_timeout_min": ("LR-20",),
    "setup_wizard": ("LR-6",),
    "synonym sets": ("LR-D1",),
    "timezone": ("LR-7",),
}


def texts(access: PortalAccess) -> Iterator[tuple[str, int, str]]:
    """(page or document, id, text that is searched) straight from the database."""
    query = """SELECT 'page', p.id, p.title || E'\\n' || c.body FROM wagtailcore_page p
        JOIN portal_contentpage c ON c.page_ptr_id = p.id WHERE p.live
        UNION ALL SELECT 'document', d.id, d.title FROM portal_librarydocument d"""
    yield from rows(access, "database", query)
