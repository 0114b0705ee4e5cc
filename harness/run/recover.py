"""recover(RestorePoint) -> Evidence: the disaster, the restore from nothing, and what is seen then (DESIGN 3)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, StepFailed
from harness.kinds import registry
from harness.kinds.contracts import (
    ComparesPrefixes,
    ComponentAccess,
    GivesReasons,
    Probe,
    RestoreAccess,
    When,
)
from harness.model.evidence import Seen, StepState
from harness.model.plan import Action, Step
from harness.model.restore_point import RestorePoint
from harness.run import vault
from harness.run.before_start import purge, refuse_while_running, rewire
from harness.run.canary_writer import canaries_of
from harness.run.capture import Capture
from harness.run.inventory import compare_inventories
from harness.run.inventory_lines import hold_against, write_inventory
from harness.run.journal import plain
from harness.run.observer import Observer
from harness.run.restored_portal import RestoredPortal
from harness.run.sandbox import Sandbox
from harness.run.session import Session
from harness.run.source import run_preflight
from harness.run.steps import Do, run_steps, side_by_side


class Recovery:
    """One recovery of a restore point into a sandbox of its own."""

    def __init__(self, session: Session, folder: Path, point: RestorePoint, capture: Capture | None) -> None:
        self.session, self.capture = session, capture
        self.stack = session.new_stack("sandbox")
        self.box = Sandbox(session, folder, point, self.stack, point.canaries)
        self._portal = RestoredPortal(self.box)
        self._torn_down = False
        self._states: dict[str, StepState] = {}

    def run(self) -> None:
        """All planned steps up to the tests beside the drill file; what comes after those belongs to the end."""
        for steps in side_by_side(s for s in self.session.plan.recover if not _after_the_end(s)):
            self._run(steps)
            self.session.interrupts.raise_lost()

    def tear_down(self) -> None:
        """The sandbox is removed and what is left is looked for; also after a Ctrl-C."""
        if not self._torn_down:
            self._torn_down = True
            last = [step for step in self.session.plan.recover if _after_the_end(step)]
            try:
                self._run([step for step in last if step.subject == When.TESTED])
            finally:  # an interrupt while it is looked must not leave the sandbox behind
                self._run([step for step in last if step.subject != When.TESTED])

    @property
    def is_up(self) -> bool:
        """Whether the portal came up, so that it can be looked at."""
        return self._states.get(Action.START_PORTAL) is StepState.ENDED

    def _run(self, steps: list[Step]) -> None:
        do: dict[Action, Do] = {
            Action.VERIFY_ARTEFACTS: self._verify,
            Action.PREFLIGHT: self._preflight,
            Action.DISASTER: self._disaster,
            Action.CREATE_TARGET: self._create_target,
            Action.LAUNCH_SERVICE: lambda step: self.stack.start(step.subject),
            Action.START_SERVICE: self._start_service,
            Action.RESTORE: self._restore,
            Action.INVENTORY_RESTORED: self._inventory_restored,
            Action.PURGE: lambda step: purge(self.box, step),
            Action.REWIRE: lambda step: rewire(self.box, step),
            Action.START_PORTAL: self._portal.start,
            Action.FIRST_SEARCH: self._portal.first_search,
            Action.REBUILD: self._portal.rebuild,
            Action.OBSERVE: Observer(self.box).observe,
            Action.TEAR_DOWN: self._tear_down,
        }
        journal, progress = self.session.journal, self.session.progress
        self._states = run_steps("recover", steps, do, journal, progress, self._states, self.box.troubles)

    # ---------------------------------------------------------------- before the portal starts

    def _verify(self, step: Step) -> None:
        point = self.box.point
        wrong = [*point.foreign_to(self.session.drill), *point.contradictions()]
        wrong += vault.disagreements(self.box.folder, point)
        self.session.journal.observe("restore_point", {"disagreements": [*wrong], "nonce": point.nonce})
        if wrong:
            raise StepFailed(f"the artefacts are not what was sealed: {wrong[0]}")
        self.session.journal.mark("artefacts_verified")

    def _preflight(self, step: Step) -> None:
        """Before the disaster: the sandbox can start, and has room for at least the artefacts themselves."""
        run_preflight(self.session, sum(artefact.size_bytes for artefact in self.box.point.artefacts))

    def _disaster(self, step: Step) -> None:
        """From the mark on no source is reachable; the canary writer's last write stays indeterminate."""
        if self.capture is not None:
            self.capture.end()
            left = self.capture.stack.remove()
            if left:
                raise HarnessBroken(f"the source could not be destroyed: {left[0]}")
        self.session.journal.mark("disaster")
        if self.capture is not None:
            self.capture.writer.join(60)
            self.box.canaries = tuple(canaries_of(self.session.journal.so_far()))

    def _create_target(self, step: Step) -> None:
        network = self.stack.create()
        self.session.litter(self.stack)
        found = {volume: names for volume, names in self.stack.proved_empty().items() if names}
        facts = {"cut_from_host": network.cut_from_host, **self.stack.free_of_fs()}
        self.session.journal.observe("network", facts, subject="sandbox")
        if found:
            raise StepFailed(f"the target is not empty: {found}")
        self.session.journal.mark("target_created")
        self.session.journal.mark("restore_started")

    def _start_service(self, step: Step) -> None:
        """Wait until a server can be asked, started here unless it was launched; its data is empty, or restored."""
        if f"{Action.LAUNCH_SERVICE}:{step.subject}" not in step.needs:
            self.stack.start(step.subject)
        users = [c for c in self.session.plan.components if c.service == step.subject]
        asked = [c for c in users if registry.component(c.kind).NEEDS_SERVICE]

        def ask() -> Probe:
            if not self.stack.is_running(step.subject):
                return self.box.stopped(step.subject)
            for component in asked:
                held = registry.component(component.kind).proved_empty(ComponentAccess(component, self.stack))
                if held:
                    return Probe(step.subject, False, f"no {component.name} before its restore", held, final=True)
            return Probe(step.subject, True, "ready", "ready")

        probe = self.box.wait_for(ask, step.deadline_s)
        if not probe.ok:
            raise StepFailed(f"{step.subject}: expected {probe.expected}, found {probe.found}")
        self.session.journal.mark("service_ready", step.subject)

    def _restore(self, step: Step) -> None:
        component = self.session.plan.component(step.subject)
        artefact = self.box.point.artefact(component.name)
        if artefact is None:
            raise StepFailed(f"the restore point has no artefact of {component.name}")
        refuse_while_running(self.box, component)
        folder = vault.artefact_folder(self.box.folder, component.name).resolve()
        access = RestoreAccess(component, self.stack, folder, artefact.pairing_id, artefact.facts, step.deadline_s)
        registry.engine(component.engine).restore(access)
        self.session.journal.mark("component_restored", component.name)

    def _inventory_restored(self, step: Step) -> None:
        """What the restored component holds, against both inventories of the source."""
        component = self.session.plan.component(step.subject)
        kind, access = registry.component(component.kind), ComponentAccess(component, self.stack)
        refs = [ref for moment in ("before", "after") if (ref := self.box.point.inventory(component.name, moment))]
        paths = [self.box.folder / ref.path for ref in refs if (self.box.folder / ref.path).exists()]
        if len(paths) < 2:
            reason = "the restore point lacks the source's inventories"
            self.session.journal.observe(
                "difference", None, subject=component.name, seen=Seen.COULD_NOT_ASK, reason=reason
            )
            return
        restored = self.session.folder / "inventories" / f"{component.name}.restored.jsonl.gz"
        try:
            for path, ref in zip(paths, refs, strict=True):
                hold_against(path, ref)
            count, digest = write_inventory(kind.inventory(access), component.classes, restored)
            options = registry.options(kind, component.options)
            prefixes = kind.prefix_digests if isinstance(kind, ComparesPrefixes) else None
            difference = compare_inventories(
                component,
                paths[0],
                paths[1],
                restored,
                (lambda sizes: prefixes(access, sizes)) if prefixes else None,
                self.box.meanwhile(component),
                partial(kind.why, options) if isinstance(kind, GivesReasons) else None,
            )
        except (CouldNotAsk, CommandFailed) as error:
            self.session.journal.observe(
                "difference", None, subject=component.name, seen=Seen.COULD_NOT_ASK, reason=str(error)
            )
            return
        self.box.differences[component.name] = difference
        self.session.journal.observe(
            "inventory", {"count": count, "sha256": digest}, subject=f"{component.name} restored"
        )
        self.session.journal.observe("difference", plain(difference), subject=component.name)

    # ---------------------------------------------------------------- the end

    def _tear_down(self, step: Step) -> None:
        if self.session.keep:
            self.session.journal.mark("kept")
            self.stack.remove_tools()
            return
        with self.session.interrupts.put_off():
            left = self.stack.remove()
            if self.capture is not None:
                self.capture.end()
                left += self.capture.stack.remove()
            self.box.leftovers = left
            self.session.journal.mark("sandbox_removed", leftovers=[*left])


def _after_the_end(step: Step) -> bool:
    return step.action is Action.TEAR_DOWN or (
        step.action is Action.OBSERVE and step.subject in (When.TESTED, When.TORN_DOWN)
    )
