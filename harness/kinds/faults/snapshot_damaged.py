"""A snapshot of which a part is damaged: it verifies with 200, says SUCCESS, and is restored with HTTP 200 (GEN-D12).

`parameter`: `flip` or `remove`, then a pattern of files in the artefact; the largest one that matches is meant, and
its middle byte. Source: ENGINES 1.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, FaultRow

_IDS = ("LR-26", "LR-27", "LR-D4", "GEN-D12")
_BLOBS, _METADATA = "repository/indices/*/*/__*", "repository/indices/*/*/snap-*.dat"

ROWS = (
    FaultRow("blob_flipped", "search", f"flip {_BLOBS}", _IDS, "restore"),
    FaultRow("blob_missing", "search", f"remove {_BLOBS}", _IDS, "restore"),
    FaultRow("metadata_flipped", "search", f"flip {_METADATA}", _IDS, "restore"),
    FaultRow("metadata_of_the_whole", "search", "flip repository/snap-*.dat", _IDS, "restore"),
    FaultRow("tuning_blob_missing", "search_tuning", f"remove {_BLOBS}", ("LR-D1", "GEN-D12"), "restore"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if no file matches."""
    what, _, pattern = row.parameter.partition(" ")
    found = sorted(bench.artefact(row.component).glob(pattern), key=lambda p: (p.stat().st_size, p.as_posix()))
    if not found:
        raise CommandFailed(f"no file of the snapshot matches {pattern}")
    if what == "remove":
        found[-1].unlink()
        return
    with found[-1].open("r+b") as file:
        file.seek(found[-1].stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 0xFF]))
