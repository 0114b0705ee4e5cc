"""capture(source) -> RestorePoint: take the real backup and what it must be judged by (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Sequence

from harness import __version__, clock
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, StepFailed
from harness.kinds import registry
from harness.kinds.contracts import BackupAccess, ComponentAccess, Probe
from harness.model.evidence import AT_SOURCE, StepState
from harness.model.frozen import JsonValue
from harness.model.plan import Action, Step
from harness.model.restore_point import Artefact, RestorePoint
from harness.run import vault
from harness.run.canary_writer import CanaryWriter, canaries_of
from harness.run.observer import look_at_source
from harness.run.prober import Prober
from harness.run.rest import RestWatch, shut_down
from harness.run.sandbox import troubles_in
from harness.run.session import Session
from harness.run.source import OwnedSource, run_preflight
from harness.run.source_inventory import SourceInventories
from harness.run.steps import Do, run_steps, side_by_side
from harness.run.volumes import previous_volumes, volumes
from harness.run.waiting import wait_for

CANARIES_AFTER = 2  # acknowledged in each tier after its capture, so that a loss shows


class Capture:
    """One capture of an owned source; its stack and watches live until the disaster. `source`: one that runs already,
    of the same drill."""

    def __init__(self, session: Session, source: OwnedSource | None = None) -> None:
        self.session = session
        self.source = source or OwnedSource(session)
        self.stack = self.source.stack
        self.point_id = clock.new_id()
        self.folder = vault.vault_of(session.state, session.drill.name) / self.point_id
        self.nonce = f"nonce{self.point_id[-4:]}{self.point_id[:15]}".lower()
        self._access = self.source.access
        self._kind = session.portal_kind
        self.writer = CanaryWriter(
            self._kind, self._access, session.journal, f"canary{self.point_id[-4:]}", session.drill.canary_every_s
        )
        self.prober = Prober(self._kind, self._access, session.journal)
        self._rest = RestWatch(session, self._access)
        self._artefacts: list[Artefact] = []
        self._inventories = SourceInventories(session, self.stack, self.folder)
        self._survey: dict[str, JsonValue] = {}
        self._versions: dict[str, str] = {}
        self._watching = False
        self.point: RestorePoint | None = None

    def run(self) -> RestorePoint | None:
        """The restore point, or None if a step failed: then no disaster follows (DESIGN 5).

        A failed step ends the capture, for each later one rests on it.
        """
        session = self.session
        session.journal.mark("capture_began", self.point_id)
        do = self._actions()
        states: dict[str, StepState] = {}
        for steps in side_by_side(session.plan.capture):
            states = run_steps("capture", steps, do, session.journal, session.progress, states, self._troubles)
            session.interrupts.raise_lost()
            if any(states[step.id] is not StepState.ENDED for step in steps):
                return None
        return self.point

    def _troubles(self) -> Sequence[str]:
        return (*troubles_in(self.stack), *vault.troubles(self.folder))

    def _actions(self) -> dict[Action, Do]:
        return {
            Action.PREPARE_IMAGES: self.source.prepare_images,
            Action.PREFLIGHT: lambda step: run_preflight(self.session),
            Action.START_SOURCE: self.source.start,
            Action.SURVEY: self._take_survey,
            Action.GUARD: self._guard,
            Action.START_WATCHES: self._start_watches,
            Action.INVENTORY_BEFORE: lambda step: self._inventories.take(step, "before"),
            Action.BACK_UP: self._back_up,
            Action.INVENTORY_AFTER: lambda step: self._inventories.take(step, "after"),
            Action.AWAIT_CANARIES: self._await_canaries,
            Action.STOP_SOURCE_PORTAL: self._stop_portal,
            Action.CONFIRM_REST: lambda step: self._rest.confirm(),
            Action.START_SOURCE_PORTAL: self.source.start_portal_again,
            Action.SEAL: self._seal,
        }

    def _stop_portal(self, step: Step) -> None:
        self._rest.see_it_run()
        shut_down(self.session, self._access, self.stack, step.deadline_s)
        self._rest.begin()

    def end(self) -> None:
        """End the watches; the writer's write in flight stays indeterminate."""
        self._rest.end()
        if self._watching:
            self.prober.end()
            self.writer.stop()

    # ---------------------------------------------------------------- survey, guards, watches

    def _take_survey(self, step: Step) -> None:
        facts = self._kind.facts(self._access)
        self._versions = {**self._kind.versions(self._access), "container engine": self.session.engine.engine_version()}
        positions: dict[str, JsonValue] = {}
        for component in self.session.plan.components:
            kind = registry.component(component.kind)
            positions[component.name] = kind.position(ComponentAccess(component, self.stack))
        self._survey = {"facts": {**facts}, "positions": positions}
        self.session.journal.observe("survey", self._survey)
        look_at_source(self.session, self.stack, self.folder, step.deadline_s)

    def _guard(self, step: Step) -> None:
        """The source is well before it is backed up (GEN-D28)."""
        probe = self._kind.healthy(self._access)
        if not probe.ok:
            raise StepFailed(f"the source is not well: {probe.name}: expected {probe.expected}, found {probe.found}")

    def _start_watches(self, step: Step) -> None:
        self._kind.write_nonce(self._access, self.nonce)
        self.session.journal.mark("nonce_written", nonce=self.nonce)
        self.prober.start()
        self.writer.start()
        self._watching = True
        self._wait_canaries(step.deadline_s, dict.fromkeys(self._tiers(), 0.0), 1)

    def _tiers(self) -> tuple[str, ...]:
        names = {component.name for component in self.session.plan.components}
        return tuple(tier for tier in self._kind.TIERS if tier in names)

    def _wait_canaries(self, within_s: float, after: dict[str, float], wanted: int) -> None:
        def ask() -> Probe:
            evidence = self.session.journal.so_far()
            counts = {
                tier: sum(m.at.monotonic_s > since for m in evidence.marks("canary_written", tier))
                for tier, since in after.items()
            }
            found = ", ".join(f"{tier} {count}" for tier, count in counts.items()) or "no tier"
            if self.writer.last_refusal:
                found += f"; refused: {self.writer.last_refusal}"
            good = bool(counts) and all(count >= wanted for count in counts.values())
            return Probe("canaries", good, f"{wanted} acknowledged in every tier", found)

        probe = wait_for(ask, within_s=within_s, every_s=0.1, progress=self.session.progress)
        if not probe.ok:
            raise CouldNotAsk(f"canaries were not acknowledged within {within_s:g} s: {probe.found}")

    def _await_canaries(self, step: Step) -> None:
        finished = {artefact.component: artefact.finished.at.monotonic_s for artefact in self._artefacts}
        after = {tier: finished[tier] for tier in self._tiers() if tier in finished}
        self._wait_canaries(step.deadline_s, after, CANARIES_AFTER)

    # ---------------------------------------------------------------- artefacts

    def _back_up(self, step: Step) -> None:
        component = self.session.plan.component(step.subject)
        engine, journal = registry.engine(component.engine), self.session.journal
        folder = vault.artefact_folder(self.folder, component.name)
        folder.mkdir(parents=True)
        started = journal.mark("capture_started", component.name)
        access = BackupAccess(component, self.stack, folder.resolve(), self.point_id, step.deadline_s)
        facts = engine.backup(access)
        finished = journal.mark("capture_finished", component.name)
        artefact = Artefact(
            component=component.name,
            engine=component.engine,
            folder=folder.relative_to(self.folder).as_posix(),
            files=vault.manifest(folder),
            pairing_id=self.point_id,
            started=started,
            finished=finished,
            capture_point=started if engine.CAPTURE_POINT == "started" else finished,
            facts=facts,
        )
        if full := vault.troubles(folder):  # a tool may take no notice of a full disk
            raise HarnessBroken(full[0])
        self._artefacts.append(artefact)
        if not artefact.size_bytes:
            raise StepFailed(f"{component.engine} said that {component.name} was backed up, but wrote nothing")

    def _see_facts_again(self) -> None:
        """What the source says of itself may change while it is backed up; people go on working."""
        try:
            facts = self._kind.facts(self._access)
        except (CommandFailed, CouldNotAsk) as error:
            self.session.progress.note(f"the source did not say what it is like after the backup: {error}")
            return
        self._survey = {**self._survey, "facts_after": {**facts}}

    def _seal(self, step: Step) -> None:
        session = self.session
        last = previous_volumes(vault.vault_of(session.state, session.drill.name))
        held: JsonValue = {"components": volumes(self._artefacts, self._inventories.taken), "previous": last}
        session.journal.observe("inventory_volume", held, subject=AT_SOURCE)
        self._inventories.see_deletions()
        self._see_facts_again()
        session.journal.mark("restore_point_sealed", self.point_id)
        evidence = session.journal.so_far()
        self.point = RestorePoint(
            id=self.point_id,
            drill=session.drill.name,
            drill_sha256=session.drill.sha256,
            product=session.drill.product,
            portal=session.drill.portal.kind,
            harness_version=__version__,
            captured_utc=min(artefact.capture_point.at.utc for artefact in self._artefacts),
            nonce=self.nonce,
            artefacts=tuple(self._artefacts),
            inventories=tuple(self._inventories.taken),
            survey=self._survey,
            versions=self._versions,
            canaries=tuple(canaries_of(evidence)),
            evidence=evidence,
            fault=session.fault,
        )
        vault.save_record(self.folder, self.point)
