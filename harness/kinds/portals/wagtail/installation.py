"""The installation around the content: rows that name files, what the configuration names, where files lie, scripts.

Requirements: LR-9 (references), LR-18 and LR71-11 (places), HCL-20 and LR-D7 (endpoints), GEN-D15 (scripts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from harness.kinds.components import postgresql
from harness.kinds.contracts import Endpoint, PortalAccess, Reference, Script, ToolImage
from harness.kinds.endpoints import Named, named_in
from harness.kinds.portals.wagtail.client import site
from harness.kinds.records import records
from harness.model.drill import Component

LIBRARY = "document_library"
REFERENCED: Mapping[str, tuple[str, ...]] = {LIBRARY: ("documents/**", "original_images/**", "images/**")}
SCRIPTS = (Script("web", ("/opt/liferay/scripts/list-new-documents.sh",), user="liferay"),)
TIMEOUT_S = 120.0

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

# Text files of configuration as `path NUL number:line`: not what other components hold, nor what is made at each start.
_LINES = r"""
set -o pipefail; root=$1; shift; prune=()
for path; do prune+=(-path "$path" -prune -o); done
find "$root" -xdev "${prune[@]}" -type f -size -1024k -print0 | LC_ALL=C sort -z \
| { xargs -0 -r grep -I -H -Z -n '' -- || [ $? -eq 123 ]; }
"""
_MADE_ANEW = ("data/cache", "data/hypersonic", "osgi/state", "logs", "temp", "work")


def references(access: PortalAccess) -> Iterator[Reference]:
    """Straight from the database, the portal need not run; one file may be named by several rows."""
    component = access.drill.component("database")
    options = postgresql.Options.model_validate(component.options)
    with postgresql.connected(access.stack, component.service, options) as sql:
        for key, size, origin in sql.rows(_REFERENCES):
            yield Reference(LIBRARY, str(key), str(origin), None if size is None else int(size))


def places(access: PortalAccess) -> Mapping[str, str]:
    """As the running portal says: its default, or what `dl.store.file.system.root.dir` moved it to."""
    return {LIBRARY: str(site(access).request("GET", "/api/portal/status").expect(200).json()[LIBRARY])}


def endpoints(access: PortalAccess) -> Iterator[Endpoint]:
    """Every text file of Liferay Home, application server and repository settings, and rows of the database.

    What archives hold inside (modules, drivers) is not read. Raises: CouldNotAsk, CommandFailed.
    """
    trees = [c for c in access.drill.components if c.kind in ("file_tree", "git") and c.name not in REFERENCED]
    others = tuple(str(access.drill.component(name).options["path"]) for name in REFERENCED)
    for component in trees:
        yield from _of_files(access, component, others)
    yield from _of_rows(access)


def _of_files(access: PortalAccess, component: Component, others: tuple[str, ...]) -> Iterator[Endpoint]:
    root = str(component.options["path"])
    left_out = [*others, *(f"{root}/{name}" for name in _MADE_ANEW)]
    if component.kind == "git":  # what it holds is content; its settings are configuration
        left_out = [f"{root}/{name}" for name in ("objects", "refs", "logs", "hooks/*.sample")]
    argv = ["bash", "-c", _LINES, "lines", root, *left_out]
    with access.stack.tool(component.service, image=ToolImage.TOOLS, writable=False) as shell:
        lines = (record.partition("\0") for record in records(shell.stream(argv, timeout_s=TIMEOUT_S), b"\n"))
        for path, group in groupby(lines, key=lambda parts: parts[0]):
            for named in named_in(text.partition(":")[2] for _, _, text in group):
                yield _endpoint(named, f"{path}:{named.line}")


def _of_rows(access: PortalAccess) -> Iterator[Endpoint]:
    component = access.drill.component("database")
    options = postgresql.Options.model_validate(component.options)
    with postgresql.connected(access.stack, component.service, options) as sql:
        for row, text in sql.rows(_ENDPOINTS):
            for named in named_in([str(text)]):
                yield _endpoint(named, str(row))


def _endpoint(named: Named, where: str) -> Endpoint:
    return Endpoint(named.host, named.port, where, named.text)
