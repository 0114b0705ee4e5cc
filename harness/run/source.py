"""An owned source: its images, its installation and seeding, its start (DESIGN 3, capture 1)."""

from __future__ import annotations

import time

from harness import __version__
from harness.containers.golden import fill_from_golden, golden_key, keep_golden
from harness.containers.images import ensure
from harness.containers.labels import new_owner
from harness.containers.preflight import preflight
from harness.containers.stack import ContainerStack
from harness.containers.troubles import LEAST_BYTES, free_bytes_of
from harness.errors import CouldNotAsk, HarnessBroken
from harness.kinds.contracts import Probe
from harness.model.frozen import JsonValue
from harness.model.plan import Step
from harness.run.session import Session
from harness.run.waiting import wait_for

EVERY_S = 0.2


class OwnedSource:
    """A source that the run starts, and may stop and destroy."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.stack: ContainerStack = session.new_stack("source")
        self.access = session.portal(self.stack)

    def prepare_images(self, step: Step) -> None:
        facts: dict[str, JsonValue] = {}
        for service in self.session.plan.services:
            image = ensure(self.session.engine, service, self.session.progress.note)
            facts[service.name] = {"image": image.tag, "id": image.id, "built": image.built}
        self.session.journal.observe("images", facts)

    def start(self, step: Step) -> None:
        """Install, start, wait until healthy, seed; or all of that from the golden set of an earlier run."""
        session, services = self.session, self.session.plan.services
        network = self.stack.create()
        session.journal.observe("network", {"cut_from_host": network.cut_from_host}, subject="source")
        deadline = time.monotonic() + step.deadline_s
        key = golden_key(session.engine, services)
        filled = fill_from_golden(session.engine, self.stack.owner, services, key)
        if not filled:
            self._run_profile("install", deadline)
        self._start_regular(deadline)
        if not filled:
            self._run_profile("seed", deadline)
            for service in reversed([s.name for s in services if not s.profiles]):
                self.stack.stop(service)
            keep_golden(session.engine, self.stack.owner, services, key)
            self._start_regular(deadline)
        session.spoil(self.stack)
        session.journal.observe("source", {"from_golden_set": filled, "golden_key": key})

    def _run_profile(self, profile: str, deadline: float) -> None:
        """Run the one-shot services of a profile, with what they depend on started first."""
        for service in self.session.plan.services:
            if profile in service.profiles:
                for needed in (s.name for s in self.session.plan.services if s.name in service.depends_on):
                    if not self.stack.is_running(needed):
                        self.stack.start(needed)
                self._run_once(service.name, deadline)

    def _start_regular(self, deadline: float) -> None:
        for service in self.session.plan.services:
            if not service.profiles and not self.stack.is_running(service.name):
                self.stack.start(service.name)
        self._wait_healthy(deadline - time.monotonic())

    def _run_once(self, service: str, deadline: float) -> None:
        said = self.stack.run_to_end(service, deadline - time.monotonic(), self.session.progress.note)
        if said.exit_code:
            last = (said.stderr or said.stdout).decode(errors="replace").strip().splitlines()[-5:]
            raise CouldNotAsk(f"{service} of the source exited with {said.exit_code}: {' | '.join(last)}")

    def _wait_healthy(self, within_s: float) -> None:
        service = self.session.drill.portal.service

        def ask() -> Probe:
            if not self.stack.is_running(service):
                return Probe(service, False, "running", self.stack.exit_state(service), final=True)
            return self.session.portal_kind.healthy(self.access)

        probe = wait_for(ask, within_s=within_s, every_s=EVERY_S, progress=self.session.progress)
        if not probe.ok:
            raise CouldNotAsk(
                f"the source is not healthy: {probe.name}: expected {probe.expected}, found {probe.found}"
            )
        self.stack.logs_from_now()  # a portal that comes up before its search engine complains, and is well then

    def start_portal_again(self, step: Step) -> None:
        self.stack.start(self.session.drill.portal.service)
        self._wait_healthy(step.deadline_s)


def run_preflight(session: Session, to_restore_bytes: int = 0) -> None:
    """Each service image of the sandbox starts with empty data on this engine, and there is room for what is to be
    restored, or it is our fault (DESIGN 3). Raises: HarnessBroken."""
    services = [service for service in session.plan.services if not service.profiles]
    if to_restore_bytes:
        free = free_bytes_of(session.engine, new_owner(session.run_id, session.drill.name, "preflight", session.state))
        if free < to_restore_bytes + LEAST_BYTES:
            raise HarnessBroken(
                f"the container engine has room for {free:,} bytes; {to_restore_bytes:,} are to be restored"
            )
    preflight(session.engine, services, session.state, session.progress.note, __version__, on_secret=session.learnt)
