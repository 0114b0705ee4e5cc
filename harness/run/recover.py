"""recover(RestorePoint) -> Evidence: the disaster, the restore from nothing, and what is seen then (DESIGN 3)."""

from __future__ import annotations

import concurrent.futures
import itertools
import time
from collections.abc import Iterable
from pathlib import Path

from harness.containers.stack import ContainerStack
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, StepFailed
from harness.kinds import registry
from harness.kinds.contracts import (
    CheckAccess,
    CheckKind,
    ChoosesMoment,
    ComparesPrefixes,
    ComponentAccess,
    ContentItem,
    ListsIndex,
    Observes,
    Probe,
    Query,
    Reindexes,
    RestoreAccess,
    ToolImage,
    When,
)
from harness.model.drill import CheckUse
from harness.model.evidence import Seen, StepState
from harness.model.inventory import Difference
from harness.model.plan import Action, Step
from harness.model.restore_point import Canary, RestorePoint
from harness.run import vault
from harness.run.canary_writer import canaries_of
from harness.run.capture import Capture, run_preflight
from harness.run.inventory import compare_inventories, write_inventory
from harness.run.journal import plain
from harness.run.session import Session
from harness.run.steps import Do, run_steps
from harness.run.waiting import wait_for

EVERY_S = 0.1
SAMPLE = 5  # queries of the first correct search, besides the newest surviving canary


class Recovery:
    """One recovery of a restore point into a sandbox of its own."""

    def __init__(self, session: Session, folder: Path, point: RestorePoint, capture: Capture | None) -> None:
        self.session, self.folder, self.point, self.capture = session, folder, point, capture
        self.stack: ContainerStack = session.new_stack("sandbox")
        self._kind, self._access = session.portal_kind, session.portal(self.stack)
        self._differences: dict[str, Difference] = {}
        self._canaries: tuple[Canary, ...] = point.canaries
        self._leftovers: tuple[str, ...] = ()
        self._torn_down = False
        self._states: dict[str, StepState] = {}
        self._survived: dict[tuple[int, str], bool] = {}

    def run(self) -> None:
        """All planned steps but the teardown and what is observed after it."""
        self._run([s for s in self.session.plan.recover if not _after_the_end(s)])

    def tear_down(self) -> None:
        """The sandbox is removed and what is left is looked for; also after a Ctrl-C."""
        if not self._torn_down:
            self._torn_down = True
            self._run([step for step in self.session.plan.recover if _after_the_end(step)])

    def _run(self, steps: list[Step]) -> None:
        do: dict[Action, Do] = {
            Action.VERIFY_ARTEFACTS: self._verify,
            Action.PREFLIGHT: lambda step: run_preflight(self.session),
            Action.DISASTER: self._disaster,
            Action.CREATE_TARGET: self._create_target,
            Action.START_SERVICE: self._start_service,
            Action.RESTORE: self._restore,
            Action.INVENTORY_RESTORED: self._inventory_restored,
            Action.REWIRE: self._rewire,
            Action.START_PORTAL: self._start_portal,
            Action.FIRST_SEARCH: self._first_search,
            Action.REBUILD: self._rebuild,
            Action.OBSERVE: self._observe,
            Action.TEAR_DOWN: self._tear_down,
        }
        self._states = run_steps("recover", steps, do, self.session.journal, self.session.progress, self._states)

    # ---------------------------------------------------------------- before the portal starts

    def _verify(self, step: Step) -> None:
        wrong = list(vault.disagreements(self.folder, self.point))
        self.session.journal.observe("restore_point", {"disagreements": [*wrong], "nonce": self.point.nonce})
        if wrong:
            raise StepFailed(f"the artefacts are not what was sealed: {wrong[0]}")
        self.session.journal.mark("artefacts_verified")

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
            self._canaries = tuple(canaries_of(self.session.journal.so_far()))

    def _create_target(self, step: Step) -> None:
        network = self.stack.create()
        found = {volume: names for volume, names in self.stack.proved_empty().items() if names}
        facts = {"cut_from_host": network.cut_from_host, **self.stack.free_of_fs()}
        self.session.journal.observe("network", facts, subject="sandbox")
        if found:
            raise StepFailed(f"the target is not empty: {found}")
        self.session.journal.mark("target_created")
        self.session.journal.mark("restore_started")

    def _start_service(self, step: Step) -> None:
        """Start one server and wait until it can be asked; its data is empty, or restored by earlier steps."""
        self.stack.start(step.subject)
        users = [c for c in self.session.plan.components if c.service == step.subject]
        asked = [c for c in users if registry.component(c.kind).NEEDS_SERVICE]

        def ask() -> Probe:
            if not self.stack.is_running(step.subject):
                return Probe(step.subject, False, "running", self.stack.exit_state(step.subject), final=True)
            for component in asked:
                held = registry.component(component.kind).proved_empty(ComponentAccess(component, self.stack))
                if held:
                    return Probe(step.subject, False, f"no {component.name} before its restore", held, final=True)
            return Probe(step.subject, True, "ready", "ready")

        probe = wait_for(ask, within_s=step.deadline_s, every_s=EVERY_S, progress=self.session.progress)
        if not probe.ok:
            raise StepFailed(f"{step.subject}: expected {probe.expected}, found {probe.found}")
        self.session.journal.mark("service_ready", step.subject)

    def _restore(self, step: Step) -> None:
        component = self.session.plan.component(step.subject)
        artefact = self.point.artefact(component.name)
        if artefact is None:
            raise StepFailed(f"the restore point has no artefact of {component.name}")
        folder = vault.artefact_folder(self.folder, component.name).resolve()
        access = RestoreAccess(component, self.stack, folder, artefact.pairing_id, artefact.facts, step.deadline_s)
        registry.engine(component.engine).restore(access)
        self.session.journal.mark("component_restored", component.name)

    def _inventory_restored(self, step: Step) -> None:
        """What the restored component holds, against both inventories of the source."""
        component = self.session.plan.component(step.subject)
        kind, access = registry.component(component.kind), ComponentAccess(component, self.stack)
        refs = [self.point.inventory(component.name, moment) for moment in ("before", "after")]
        paths = [self.folder / ref.path for ref in refs if ref and (self.folder / ref.path).exists()]
        if len(paths) < 2:
            reason = "the restore point lacks the source's inventories"
            self.session.journal.observe(
                "difference", None, subject=component.name, seen=Seen.COULD_NOT_ASK, reason=reason
            )
            return
        restored = self.session.folder / "inventories" / f"{component.name}.restored.jsonl.gz"
        try:
            count, digest = write_inventory(kind.inventory(access), component.classes, restored)
            prefixes = kind.prefix_digests if isinstance(kind, ComparesPrefixes) else None
            difference = compare_inventories(
                component,
                paths[0],
                paths[1],
                restored,
                (lambda sizes: prefixes(access, sizes)) if prefixes else None,
            )
        except (CouldNotAsk, CommandFailed) as error:
            self.session.journal.observe(
                "difference", None, subject=component.name, seen=Seen.COULD_NOT_ASK, reason=str(error)
            )
            return
        self._differences[component.name] = difference
        self.session.journal.observe(
            "inventory", {"count": count, "sha256": digest}, subject=f"{component.name} restored"
        )
        self.session.journal.observe("difference", plain(difference), subject=component.name)

    def _rewire(self, step: Step) -> None:
        """Replace each declared value exactly where it stands; a value that is not there is an error."""
        for rewire in self.session.drill.rewire:
            component = self.session.plan.component(rewire.component)
            path = f"{component.options['path']}/{rewire.file}"
            with self.stack.tool(component.service, image=ToolImage.TOOLS, writable=True) as shell:
                held = shell.run(["cat", path], timeout_s=step.deadline_s).ok().stdout
                count = held.count(rewire.old.encode())
                if not count:
                    raise StepFailed(f"{path} does not hold {rewire.old!r}")
                text = held.replace(rewire.old.encode(), rewire.new.encode())
                # Written through the file, so that owner and mode stay.
                shell.run(["sh", "-c", 'cat >"$1"', "rewire", path], stdin=text, timeout_s=step.deadline_s).ok()
            self.session.journal.observe(
                "rewired", {"from": rewire.old, "to": rewire.new, "count": count}, subject=path
            )
        self.session.journal.mark("rewired")

    # ---------------------------------------------------------------- the portal

    def _start_portal(self, step: Step) -> None:
        """Start what does not run yet; fails if the portal never answers, healthy or not."""
        started = time.monotonic()
        for service in self.session.plan.services:
            if not service.profiles and not self.stack.is_running(service.name):
                self.stack.start(service.name)
        self.session.journal.mark("product_started")
        portal = self.session.drill.portal.service

        def ask() -> Probe:
            if not self.stack.is_running(portal):
                return Probe(portal, False, "running", self.stack.exit_state(portal), final=True)
            return self._kind.healthy(self._access)

        within_s = step.deadline_s - (time.monotonic() - started)
        probe = wait_for(ask, within_s=within_s, every_s=EVERY_S, progress=self.session.progress)
        if probe.ok:
            self.session.journal.mark("product_healthy")
        elif not self.stack.is_running(portal):
            raise StepFailed(f"{portal} does not run: {self.stack.exit_state(portal)}")
        elif probe.name == "answer":
            raise StepFailed(f"{portal} does not answer: {probe.found}")
        else:  # it answers, but not well: what is wrong is for the checks to say
            self.session.journal.mark("product_unwell", found=f"{probe.name}: {probe.found}"[:500])

    def _first_search(self, step: Step) -> None:
        """Wait until a sample of queries, the newest surviving canary's among them, returns exactly what it must."""
        journal = self.session.journal
        journal.mark("observing_started", step.id)
        try:
            self._see_canaries()
            queries = self._sample()
        finally:
            journal.mark("observing_ended", step.id)

        def ask() -> Probe:
            for query in queries:
                hits = self._kind.search(self._access, query.word)
                if query.must - hits or hits - query.must - query.may:
                    found = (
                        f"{len(hits & query.must)} of {len(query.must)}, {len(hits - query.must - query.may)} others"
                    )
                    return Probe(f"search “{query.word}”", False, f"exactly {len(query.must)} items", found)
            return Probe("search", bool(queries), "queries", f"{len(queries)} queries")

        probe = wait_for(ask, within_s=step.deadline_s, every_s=EVERY_S, progress=self.session.progress)
        if probe.ok:
            journal.mark("first_correct_search", queries=len(queries))
        else:
            journal.mark("search_incorrect", found=f"{probe.name}: expected {probe.expected}, found {probe.found}")

    def _sample(self) -> list[Query]:
        queries = []
        for query in self._kind.queries(self._access):
            queries.append(query)
            if len(queries) >= SAMPLE:
                break
        kept = [c for c in self._canaries if c.edit_of is None and self._survived.get((c.number, "search"))]
        kept = [c for c in kept if self._survived.get((c.number, "database"))] or kept
        newest = kept[-1] if kept else None
        return [*queries, Query(newest.token, frozenset({newest.refs["search"]}))] if newest else queries

    def _see_canaries(self) -> None:
        """Which canaries survived, tier by tier. Written once as the observation `canaries`."""
        seen = list(self._kind.kept_canaries(self._access, self._canaries))
        self._survived = {(number, tier): kept for number, tier, kept in seen}
        data = [{"number": number, "tier": tier, "kept": kept} for number, tier, kept in seen]
        self.session.journal.observe("canaries", plain(data))

    def _rebuild(self, step: Step) -> None:
        """Rebuild the derived index by the vendor's command: a stage of its own (LR-26)."""
        if not isinstance(self._kind, Reindexes):
            raise StepFailed(f"the portal {self.session.drill.portal.kind} offers no way to rebuild its index")
        self._kind.reindex(self._access, step.deadline_s)
        self.session.journal.mark("index_rebuilt", step.subject)
        if not isinstance(self._kind, ListsIndex):
            return

        def ask() -> Probe:
            same = _agree(self._kind.items(self._access), listing.index_items(self._access))
            return Probe("index", same, "the content's ids and revisions", "as expected" if same else "others")

        listing: ListsIndex = self._kind
        if wait_for(ask, within_s=step.deadline_s, every_s=EVERY_S, progress=self.session.progress).ok:
            self.session.journal.mark("index_consistent", step.subject)

    # ---------------------------------------------------------------- checks

    def _observe(self, step: Step) -> None:
        """Every check of this moment observes, each with its own deadline; a crash is UNKNOWN (DESIGN 5)."""
        when = When(step.subject)
        access = CheckAccess(
            drill=self.session.drill,
            plan=self.session.plan,
            stack=self.stack,
            portal=self._access,
            portal_kind=self._kind,
            restore_point=self.point,
            canaries=self._canaries,
            differences=self._differences,
            leftovers=self._leftovers,
        )
        only = self.session.plan.only_checks
        for use in self.session.drill.checks:
            kind = registry.check(use.name)
            if _moment(kind, self.session) is when and isinstance(kind, Observes) and (not only or use.name in only):
                self._observe_one(use, kind, access, step.deadline_s)

    def _observe_one(self, use: CheckUse, kind: CheckKind, access: CheckAccess, within_s: float) -> None:
        journal = self.session.journal
        assert isinstance(kind, Observes)
        pool = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"check-{use.name}")
        future = pool.submit(kind.observe, access, registry.options(kind, use.options))
        try:
            journal.observe(use.name, future.result(timeout=within_s))
        except concurrent.futures.TimeoutError:
            reason = f"no answer within {within_s:g} s"
            journal.observe(use.name, None, seen=Seen.TIMED_OUT, reason=reason)
        except (CouldNotAsk, CommandFailed) as error:
            journal.observe(use.name, None, seen=Seen.COULD_NOT_ASK, reason=str(error))
        except Exception as error:
            journal.observe(use.name, None, seen=Seen.CRASHED, reason=f"{type(error).__name__}: {error}")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    # ---------------------------------------------------------------- the end

    def _tear_down(self, step: Step) -> None:
        if self.session.keep:
            self.session.journal.mark("kept")
            return
        self._leftovers = self.stack.remove()
        if self.capture is not None:
            self.capture.end()
            self._leftovers += self.capture.stack.remove()
        self.session.journal.mark("sandbox_removed", leftovers=[*self._leftovers])


def _agree(database: Iterable[ContentItem], index: Iterable[ContentItem]) -> bool:
    return all(
        one is not None and other is not None and (one.key, one.revision) == (other.key, other.revision)
        for one, other in itertools.zip_longest(database, index)
    )


def _after_the_end(step: Step) -> bool:
    return step.action is Action.TEAR_DOWN or (step.action is Action.OBSERVE and step.subject == When.TORN_DOWN)


def _moment(kind: CheckKind, session: Session) -> When:
    return kind.moment(session.drill) if isinstance(kind, ChoosesMoment) else kind.WHEN
