"""An archive with a member that would be written outside the tree (DESIGN 8): refused before anything is unpacked.

`parameter`: the member's name; before a colon, a symbolic link that is put in front of it, to `/etc`.
"""

from __future__ import annotations

import io
import tarfile

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.engines.tar import ARCHIVE

_IDS = ("LR-9", "GEN-D15")

ROWS = (
    FaultRow("absolute", "document_library", "/etc/portal-drill-was-here", _IDS, "restore"),
    FaultRow("upwards", "document_library", "./documents/../../portal-drill-was-here", _IDS, "restore"),
    FaultRow("through_a_link", "document_library", "./link:./link/portal-drill-was-here", _IDS, "restore"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    link, _, name = row.parameter.rpartition(":")
    with tarfile.open(bench.artefact(row.component) / ARCHIVE, "a:") as archive:
        if link:
            made = tarfile.TarInfo(link)
            made.type, made.linkname = tarfile.SYMTYPE, "/etc"
            archive.addfile(made)
        member = tarfile.TarInfo(name)
        member.size = 5
        archive.addfile(member, io.BytesIO(b"here\n"))
