"""The artefact holds what the source does not: a file that was deleted long ago, or is of another place (fact 5).

`parameter`: path of the file; after `like`, the one that it is a copy of.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

ROWS = (
    FaultRow("document", "document_library", "documents/deleted-last-year.txt", ("LR-9", "LR-31"), "data_parity"),
    FaultRow("deployment", "application_server", "webapps/old.war", ("LR-19", "LR-31"), "data_parity"),
    FaultRow(
        "newer_plugin",
        "plugins",
        "release-calendar-1.5.0.jar like release-calendar-1.4.2.jar",
        ("XLR-18",),
        "portal_health",
        product="xl-release-7.2",
    ),
    FaultRow("lock", "repository_directory", ".lock", ("XLR-3", "XLR-D7"), "data_parity", product="xl-release-7.2"),
    FaultRow(
        "derby_lock",
        "repository_directory",
        "workspaces/default/db/dbex.lck",
        ("XLR-3", "XLR-D7"),
        "data_parity",
        product="xl-release-7.2-embedded",
    ),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    path, _, like = row.parameter.partition(" like ")
    made = f"cp -p {like}" if like else "echo left over >"
    repack(bench, row.component, f'{made} "$1"; chown --reference=. "$1"', path)
