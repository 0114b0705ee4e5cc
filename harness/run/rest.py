"""A portal at rest while it is backed up: shown before, again and again during, and after the copy (XLR-3).

A server that comes back in the middle, by a supervisor or by hand, fails the backup.
"""

from __future__ import annotations

import threading

from harness import clock
from harness.containers.stack import ContainerStack
from harness.errors import CouldNotAsk, StepFailed
from harness.kinds import registry
from harness.kinds.contracts import ComponentAccess, PortalAccess, Probe, ShowsRest, StopsByRequest
from harness.model.frozen import JsonValue
from harness.run.session import Session
from harness.run.waiting import wait_for

EVERY_S = 1.0


def shut_down(session: Session, access: PortalAccess, stack: ContainerStack, within_s: float) -> None:
    """Stop the portal's service: by the portal's own request, if it has one (XLR-D5), else by a signal of the engine's.

    Raises: StepFailed if it took the request and goes on; CommandFailed, CouldNotAsk if it did not take it.
    """
    kind, service = session.portal_kind, session.drill.portal.service
    if isinstance(kind, StopsByRequest):
        kind.shut_down(access)

        def ask() -> Probe:
            runs = stack.is_running(service)
            return Probe("shutdown", not runs, "stopped", "took the request, and runs" if runs else "stopped")

        probe = wait_for(ask, within_s=within_s, every_s=0.1, progress=session.progress)
        if not probe.ok:
            raise StepFailed(f"{service} did not shut down within {within_s:g} s: it {probe.found} (XLR-D5)")
    stack.stop(service)


class RestWatch:
    """A thread of probes from the stop of the portal until its files are copied. Observation `at_rest`: how many
    looks there were and what each probe found that was wrong; for each of the portal's file components its newest
    change before and after."""

    def __init__(self, session: Session, access: PortalAccess) -> None:
        self._session, self._access = session, access
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rest-watch", daemon=True)
        self._looks = 0
        self._wrong: list[str] = []
        self._unknown: list[str] = []
        self._before: dict[str, JsonValue] = {}

    def see_it_run(self) -> None:
        """Before the portal is stopped: each sign says that it runs. Raises: CouldNotAsk if one is blind."""
        kind = self._session.portal_kind
        signs = [*kind.at_rest(self._access)] if isinstance(kind, ShowsRest) else []
        blind = [f"{probe.name}: {probe.found}" for probe in signs if probe.ok]
        if blind:
            raise CouldNotAsk(f"whether the portal rests will not be known, for it runs, and is not seen: {blind[0]}")

    def begin(self) -> None:
        """The first look is made before anything is copied. Raises: StepFailed if the portal still runs."""
        self._look()
        if self._wrong:
            raise StepFailed(f"the portal does not rest: {self._wrong[0]}")
        self._before = self._positions()
        self._thread.start()

    def confirm(self) -> None:
        """The last look. Raises: StepFailed if the portal ran at any time or its files changed, CouldNotAsk if that is
        not known."""
        if not self._thread.is_alive():
            self._unknown.append("nobody looked until the end")
        self.end()
        self._look()
        after = self._positions()
        changed = sorted(name for name, position in self._before.items() if position != after.get(name))
        data: JsonValue = {"looks": self._looks, "wrong": [*self._wrong], "changed": [*changed]}
        self._session.journal.observe("at_rest", data)
        if self._wrong or changed:
            also = [f"{name} changed while it was copied" for name in changed]
            raise StepFailed(f"the portal did not rest: {'; '.join([*dict.fromkeys(self._wrong), *also][:5])}")
        if self._unknown or (isinstance(self._session.portal_kind, ShowsRest) and self._looks < 3):
            reason = self._unknown[0] if self._unknown else f"only {self._looks} looks"
            raise CouldNotAsk(f"whether the portal rested is not known: {reason}")

    def end(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(60)

    def _run(self) -> None:
        while True:
            self._look()
            if self._stop.wait(EVERY_S):
                return

    def _look(self) -> None:
        kind = self._session.portal_kind
        if not isinstance(kind, ShowsRest):
            return
        try:
            with clock.deadline(60):
                for probe in kind.at_rest(self._access):
                    if not probe.ok:
                        self._wrong.append(f"{probe.name}: expected {probe.expected}, found {probe.found}")
        except Exception as error:  # whatever it is: nobody saw the portal rest. What was found wrong stays wrong
            self._unknown.append(str(error) or type(error).__name__)
        else:
            self._looks += 1

    def _positions(self) -> dict[str, JsonValue]:
        """The newest change of anything in the trees of the portal's own service: also what left the contents equal."""
        found: dict[str, JsonValue] = {}
        for component in self._session.plan.components:
            kind = registry.component(component.kind)
            if component.service == self._session.drill.portal.service and not kind.NEEDS_SERVICE:
                found[component.name] = kind.position(ComponentAccess(component, self._access.stack))
        return found
