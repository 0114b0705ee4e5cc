"""Much was written while the source was backed up, and what comes back is of neither moment: a repository of another
year after one push, files that nobody's inventory has (GEN-D18).

`parameter`: the branch that stands where it stood one commit ago; or how many files the source had otherwise before
the backup, otherwise again after it, and otherwise in the backup: record, inventories and evidence agree on it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

from harness.kinds.contracts import FaultBench, FaultRow, ToolImage
from harness.model.evidence import Line, Observation
from harness.model.inventory import InventoryRef, ItemClass
from harness.model.verdict import Outcome

ROWS = (
    FaultRow("repository_of_another_year", "source_code", "refs/heads/main", ("LR-16", "LR-29", "LR-30"), "restore"),
    FaultRow("documents", "document_library", "5", ("LR-9", "GEN-D18"), "data_parity", outcome=Outcome.UNKNOWN),
)
TIMEOUT_S = 300.0
_REWIND = """set -e; cd "$(mktemp -d)"; git clone --mirror --quiet "$1" repository; cd repository
git update-ref "$2" "$2~1"; rm "$1"; git bundle create --quiet "$1" --all HEAD"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    if not row.parameter.isdigit():
        with bench.shell(row.component, image=ToolImage.TOOLS) as shell:
            argv = ["sh", "-c", _REWIND, "rewind", "/artefact/repository.bundle", row.parameter]
            shell.run(argv, timeout_s=TIMEOUT_S).ok()
        return
    folder, point = bench.artefact(row.component).parents[1], bench.restore_point
    refs = tuple(
        _otherwise(ref, folder / ref.path, int(row.parameter)) if ref.component == row.component else ref
        for ref in point.inventories
    )
    told = {f"{ref.component} {ref.moment}": ref for ref in refs}
    lines = tuple(_as_told(line, told) for line in point.evidence.lines)
    bench.amend(inventories=refs, evidence=point.evidence.model_copy(update={"lines": lines}))


def _otherwise(ref: InventoryRef, path: Path, count: int) -> InventoryRef:
    """The inventory at `path` rewritten with other contents of its first files; what its entry in the record is."""
    with gzip.open(path, "rb") as stream:
        lines = [*stream]
    for number, line in enumerate(lines):
        key, item_class, digest, attributes = json.loads(line)
        if count and item_class == ItemClass.STATE and attributes["type"] == "f":
            digest = hashlib.sha256(f"{ref.moment} {digest}".encode()).hexdigest()[: len(digest)]
            lines[number] = json.dumps([key, item_class, digest, attributes], separators=(",", ":")).encode() + b"\n"
            count -= 1
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.writelines(lines)
    return ref.model_copy(update={"sha256": hashlib.sha256(b"".join(lines)).hexdigest()})


def _as_told(line: Line, told: dict[str, InventoryRef]) -> Line:
    if isinstance(line, Observation) and line.name == "inventory" and line.subject in told:
        return line.model_copy(update={"data": told[line.subject].model_dump(mode="json")})
    return line
