"""The installation around the content: rows that name files, what the configuration names, where files lie, scripts.

Requirements: LR-9 (references), LR-18 and LR71-11 (places), HCL-20 and LR-D7 (endpoints), GEN-D15 (scripts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.kinds.contracts import Endpoint, PortalAccess, Reference, Script
from harness.kinds.portals._accounts import server
from harness.kinds.portals._installation import hosts_in_files, hosts_in_rows, rows

LIBRARY = "document_library"
REFERENCED: Mapping[str, tuple[str, ...]] = {LIBRARY: ("documents/**", "original_images/**", "images/**")}
SCRIPTS = (Script("web", ("/opt/liferay/scripts/list-new-documents.sh",), user="liferay"),)

# Every table of the site with a column that names a file of the library. Source: the models of portal,
# wagtail.documents and wagtail.images 8.0.
_REFERENCES = """SELECT key, size, origin FROM (
    SELECT file AS key, file_size::bigint AS size, 'portal_librarydocument/' || id AS origin FROM portal_librarydocument
    UNION ALL SELECT file, file_size::bigint, 'wagtaildocs_document/' || id FROM wagtaildocs_document
    UNION ALL SELECT file, file_size::bigint, 'wagtailimages_image/' || id FROM wagtailimages_image
    UNION ALL SELECT file, NULL, 'wagtailimages_rendition/' || id FROM wagtailimages_rendition) AS named
    WHERE key <> '' ORDER BY key COLLATE "C", origin COLLATE "C" """

# Rows that make the site name a host: its own sites, and redirects to elsewhere.
_ENDPOINTS = """SELECT 'wagtailcore_site/' || id, 'hostname=' || hostname || ':' || port FROM wagtailcore_site
    UNION ALL SELECT 'wagtailredirects_redirect/' || id, 'url=' || redirect_link FROM wagtailredirects_redirect
        WHERE redirect_link <> '' ORDER BY 1"""

# Not configuration: what is made at each start, and what a repository holds besides its settings.
_LEFT_OUT = {
    "file_tree": ("data/cache", "data/hypersonic", "osgi/state", "logs", "temp", "work"),
    "git": ("objects", "refs", "logs", "hooks/*.sample"),
}


def references(access: PortalAccess) -> Iterator[Reference]:
    """Straight from the database, the portal need not run; one file may be named by several rows."""
    for key, size, origin in rows(access, "database", _REFERENCES):
        yield Reference(LIBRARY, str(key), str(origin), None if size is None else int(size))


def places(access: PortalAccess) -> Mapping[str, str]:
    """As the running portal says: its default, or what `dl.store.file.system.root.dir` moved it to."""
    return {LIBRARY: str(server(access).request("GET", "/api/portal/status").expect(200).json()[LIBRARY])}


def endpoints(access: PortalAccess) -> Iterator[Endpoint]:
    """Every text file of Liferay Home, application server and repository settings, and rows of the database.

    What archives hold inside (modules, drivers) is not read. Raises: CouldNotAsk, CommandFailed.
    """
    for component in access.drill.components:
        if component.kind in _LEFT_OUT and component.name not in REFERENCED:
            yield from hosts_in_files(access, component.name, exclude=_LEFT_OUT[component.kind])
    yield from hosts_in_rows(access, "database", _ENDPOINTS)
