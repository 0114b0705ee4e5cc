"""A restore point: the outcome of a capture, and all that a recovery may use (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from harness.model.drill import Drill
from harness.model.evidence import Evidence, Mark
from harness.model.frozen import Frozen, JsonValue
from harness.model.inventory import InventoryRef


class ArtefactFile(Frozen):
    """One file of an artefact; `path` is relative to the artefact's folder."""

    path: str
    size_bytes: int
    sha256: str


class Artefact(Frozen):
    """The backup of one component and its manifest: `capture_point` is the instant its content stands for."""

    component: str
    engine: str
    folder: str
    files: tuple[ArtefactFile, ...]
    pairing_id: str
    started: Mark
    finished: Mark
    capture_point: Mark
    facts: dict[str, JsonValue] = {}

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


class Canary(Frozen):
    """A numbered write. `token` is a word that occurs nowhere else; `edit_of` the number of an earlier item.

    `refs`: per tier what the portal called it. `state`: acknowledged | indeterminate.
    `mark`: acknowledged at (or, if indeterminate, given up at).
    """

    number: int
    token: str
    edit_of: int | None = None
    refs: dict[str, str] = {}
    acknowledged: bool
    mark: Mark


class FaultNote(Frozen):
    """Says that a restore point or plan was damaged on purpose, and which check must catch it."""

    fault: str
    row: str
    caught_by: str
    outcome: str
    requirements: tuple[str, ...] = ()


class RestorePoint(Frozen):
    """The record `record.json` of a restore point; artefacts and inventories lie beside it.

    `canaries` are those written before sealing. `evidence` is the capture's, up to sealing.
    """

    id: str
    drill: str
    drill_sha256: str
    product: str
    portal: str
    harness_version: str
    captured_utc: datetime
    nonce: str
    artefacts: tuple[Artefact, ...]
    inventories: tuple[InventoryRef, ...]
    survey: dict[str, JsonValue]
    versions: dict[str, str]
    canaries: tuple[Canary, ...]
    evidence: Evidence
    fault: FaultNote | None = None

    def foreign_to(self, drill: Drill) -> Iterator[str]:
        """What of the record is another drill's, or another restore point's."""
        for what, mine, theirs in (
            ("drill", self.drill, drill.name),
            ("product", self.product, drill.product),
            ("portal", self.portal, drill.portal.kind),
        ):
            if mine != theirs:
                yield f"the restore point is of the {what} {mine}, not of {theirs}"
        for artefact in self.artefacts:
            if artefact.pairing_id != self.id:
                yield f"{artefact.component} is paired with {artefact.pairing_id}, not with {self.id}"

    def contradictions(self) -> Iterator[str]:
        """Where the record is not what the capture's evidence inside it says."""
        for artefact in self.artefacts:
            for mark in (artefact.started, artefact.finished):
                if mark not in self.evidence.marks(mark.name, artefact.component):
                    yield f"{artefact.component}: the capture's evidence has no such {mark.name}"
        for ref in self.inventories:
            seen = self.evidence.observation("inventory", f"{ref.component} {ref.moment}")
            if seen is None or seen.data != ref.model_dump(mode="json"):
                yield f"{ref.path} is not recorded as the capture's evidence has it"
        sealed, nonce = self.evidence.mark("restore_point_sealed"), self.evidence.mark("nonce_written")
        if sealed is None or sealed.subject != self.id:
            yield f"the capture's evidence is of {sealed.subject if sealed else 'none that was sealed'}, not {self.id}"
        if nonce is not None and nonce.facts["nonce"] != self.nonce:
            yield f"the capture wrote {nonce.facts['nonce']}, not {self.nonce}"

    def artefact(self, component: str) -> Artefact | None:
        return next((artefact for artefact in self.artefacts if artefact.component == component), None)

    def inventory(self, component: str, moment: str) -> InventoryRef | None:
        return next((i for i in self.inventories if (i.component, i.moment) == (component, moment)), None)
