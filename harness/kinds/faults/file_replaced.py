"""A file that was customised is the vendor's again: a patch overwrote it before the backup (LR-20).

`parameter`: the vendor's file in the portal's image, then the path in the tree.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow, ToolImage
from harness.kinds.faults._repack import repack

_WEB_XML = "webapps/ROOT/WEB-INF/web.xml"

ROWS = (
    FaultRow(
        "web_xml",
        "application_server",
        f"/usr/share/portal/vendor/appserver/{_WEB_XML} {_WEB_XML}",
        ("LR-19", "LR-20"),
        "portal_health",
    ),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, 'set -- $1; cat "$1" >"$2"', row.parameter, image=ToolImage.SERVICE)
