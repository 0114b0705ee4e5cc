"""An artefact is cut short: a full disk, a killed connection, a pipe without `pipefail` (GEN-D2).

`parameter`: file below the artefact's folder, then where it is cut: `60%` of its bytes, or `member`, the end
of the last file of a tar archive that still fits into 60 %: what follows is missing, and tar says nothing.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from harness.kinds.contracts import FaultBench, FaultRow

CUT = 0.6

ROWS = (
    FaultRow("dump", "database", "database.dump 60%", ("LR-22", "LR-23", "GEN-D2"), "restore"),
    FaultRow("roles", "database", "roles.sql 60%", ("LR-22", "GEN-D2", "GEN-D4"), "restore"),
    FaultRow("settings", "database", "settings.sql 60%", ("LR-22", "GEN-D2", "GEN-D4"), "restore"),
    FaultRow("documents", "document_library", "tree.tar 60%", ("LR-9", "LR-18", "GEN-D2"), "restore"),
    FaultRow("documents_at_a_member", "document_library", "tree.tar member", ("LR-9", "GEN-D2"), "data_parity"),
    FaultRow("home", "liferay_home", "tree.tar 60%", ("LR-6", "LR-11", "GEN-D2"), "restore"),
    FaultRow("server", "application_server", "tree.tar 60%", ("LR-19", "LR-21", "GEN-D2"), "restore"),
    FaultRow("bundle", "source_code", "repository.bundle 60%", ("LR-16", "LR-29", "GEN-D2"), "restore"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    name, _, where = row.parameter.partition(" ")
    path = bench.artefact(row.component) / name
    os.truncate(path, _end_of_member(path) if where == "member" else int(path.stat().st_size * CUT))


def _end_of_member(path: Path) -> int:
    """Where the last archive member that fits begins to be followed by nothing."""
    limit = path.stat().st_size * CUT
    with tarfile.open(path, "r:") as archive:
        return max(member.offset for member in archive if member.offset <= limit)
