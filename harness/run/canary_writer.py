"""Writes numbered items and edits through the portal until the disaster (design fact 9, GEN 2.7)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import PortalAccess, PortalKind
from harness.model.evidence import Evidence, Mark
from harness.model.restore_point import Canary
from harness.run.journal import Journal

EDIT_EVERY = 3  # every third write edits an earlier item


class CanaryWriter:
    """A thread of numbered writes. Marks: `canary_written` (number, token, tier, ref, edit_of) when a tier has
    acknowledged; `canary_indeterminate` when it is not known; `canary_refused` when the portal said no."""

    def __init__(self, kind: PortalKind, access: PortalAccess, journal: Journal, word: str, every_s: float) -> None:
        self._kind, self._access, self._journal = kind, access, journal
        self._word, self._every_s = word, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="canary-writer", daemon=True)
        self._new: list[Canary] = []
        self.last_refusal = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask to stop; the write in flight may still fail, and is then indeterminate."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._write(number)
            self._stop.wait(self._every_s)

    def _write(self, number: int) -> None:
        token = f"{self._word}x{number}"
        earlier = self._new[(number // EDIT_EVERY) % len(self._new)] if number % EDIT_EVERY == 0 and self._new else None
        edit_of = earlier.number if earlier else None
        refs: dict[str, str] = {}
        mark: Mark | None = None
        writing = (
            self._kind.edit_canary(self._access, earlier, token)
            if earlier
            else self._kind.write_canary(self._access, number, token)
        )
        try:
            for tier, ref in writing:
                refs[tier] = ref
                mark = self._journal.mark("canary_written", tier, number=number, token=token, ref=ref, edit_of=edit_of)
            if earlier is None and mark is not None:  # only what is whole can be edited
                self._new.append(Canary(number=number, token=token, refs=refs, acknowledged=True, mark=mark))
        except CommandFailed as error:
            self.last_refusal = str(error)[:300]
            self._journal.mark("canary_refused", number=number, token=token, reason=self.last_refusal)
        except CouldNotAsk as error:
            self._journal.mark("canary_indeterminate", number=number, token=token, reason=str(error)[:300])
        except Exception as error:  # a broken adapter must not end the writing unseen
            self.last_refusal = f"{type(error).__name__}: {error}"[:300]
            self._journal.mark("canary_refused", number=number, token=token, reason=self.last_refusal)


def canaries_of(evidence: Evidence) -> Iterator[Canary]:
    """The acknowledged canaries in evidence, by number; `mark` is the last tier's acknowledgement."""
    found: dict[int, Canary] = {}
    for mark in evidence.marks("canary_written"):
        number, edit_of = int(str(mark.facts["number"])), mark.facts.get("edit_of")
        refs = dict(found[number].refs) if number in found else {}
        refs[mark.subject] = str(mark.facts["ref"])
        found[number] = Canary(
            number=number,
            token=str(mark.facts["token"]),
            edit_of=int(str(edit_of)) if edit_of is not None else None,
            refs=refs,
            acknowledged=True,
            mark=mark,
        )
    yield from (found[number] for number in sorted(found))
