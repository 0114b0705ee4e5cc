"""Asks the source again and again whether it serves, for the downtime that a backup costs (DESIGN 6)."""

from __future__ import annotations

import threading

from harness import clock
from harness.errors import CommandFailed, CouldNotAsk, EngineGone
from harness.kinds.contracts import PortalAccess, PortalKind
from harness.run.journal import Journal

EVERY_S = 0.25


class Prober:
    """A thread of probes. Marks: `probing_started` and `probing_ended` (with the resolution in seconds: the longest
    time between two answers, and `steady_s`, between two good ones), `probe_failed` (after `waited_s`) and
    `probe_good` whenever the answer changes; the end of an outage, whichever mark it is, says how many `failed`."""

    def __init__(self, kind: PortalKind, access: PortalAccess, journal: Journal) -> None:
        self._kind, self._access, self._journal = kind, access, journal
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self, timeout_s: float = 10) -> None:
        """End before the source is destroyed on purpose: that is no downtime."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        last = self._journal.mark("probing_started").at.monotonic_s
        longest, steady, count, failed = 0.0, 0.0, 0, 0
        while not self._stop.is_set():
            found, asked = "", clock.now().monotonic_s
            try:
                probe = self._kind.healthy(self._access)
                now_good, found = probe.ok, probe.found
            except Exception as error:
                if not isinstance(error, CouldNotAsk | CommandFailed) or isinstance(error, EngineGone):
                    # A broken adapter and an engine that is gone are ours: downtime is then not known.
                    self._journal.mark("probe_broken", found=f"{type(error).__name__}: {error}"[:200])
                    break
                now_good, found = False, str(error)
            if self._stop.is_set() and not now_good:
                break
            count += 1
            moment = clock.now().monotonic_s
            longest = max(longest, moment - last)
            if not now_good:
                if not failed:
                    self._journal.mark("probe_failed", found=found[:200], waited_s=round(moment - asked, 3))
                failed += 1
            elif failed:
                self._journal.mark("probe_good", found=found[:200], failed=failed)
                failed = 0
            else:
                steady = max(steady, moment - last)
            last = moment
            self._stop.wait(EVERY_S)
        longest, steady = round(longest, 3), round(steady, 3)
        self._journal.mark("probing_ended", resolution_s=longest, steady_s=steady, probes=count, failed=failed)
