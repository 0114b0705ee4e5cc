"""An artefact changes in the vault after it was sealed: bit rot, a partial copy, a hand that tidied up.

`parameter`: what happens to the largest file of the artefact: `flip` one byte in its middle, `remove` it, or
`add` a file beside it.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow

_IDS = ("LR-D5", "GEN-D2")

ROWS = (
    FaultRow("byte_flipped", "database", "flip", _IDS, "restore_point", after_sealing=True),
    FaultRow("file_removed", "search", "remove", _IDS, "restore_point", after_sealing=True),
    FaultRow("file_added", "document_library", "add", _IDS, "restore_point", after_sealing=True),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    folder = bench.artefact(row.component)
    largest = max((p for p in folder.rglob("*") if p.is_file()), key=lambda p: (p.stat().st_size, p.as_posix()))
    if row.parameter == "remove":
        largest.unlink()
    elif row.parameter == "add":
        largest.with_name(f"{largest.name}.old").write_bytes(b"left over\n")
    else:
        with largest.open("r+b") as file:
            file.seek(largest.stat().st_size // 2)
            byte = file.read(1)[0]
            file.seek(-1, 1)
            file.write(bytes([byte ^ 0xFF]))
