"""The restored portal: its regular start, the first correct search, the rebuild of its index (DESIGN 3, 6)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from harness import at_once
from harness.errors import StepFailed
from harness.kinds.contracts import ContentItem, ListsIndex, Probe, Query, RebuildsAtStart, Reindexes, TracesItems
from harness.model.plan import Step
from harness.run.journal import plain
from harness.run.sandbox import Sandbox

AT_ONCE = 4  # searches, as of a few users
SAMPLE = 5  # queries of the first correct search, besides the newest surviving canary


class RestoredPortal:
    """Starts what the restore has put in place, and asks it as a user would."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self._looked_up: dict[str, bool] = {}

    def start(self, step: Step) -> None:
        """Start what does not run yet; fails if the portal never answers, healthy or not."""
        started = time.monotonic()
        for service in self.box.session.plan.services:
            if not service.profiles and not self.box.stack.is_running(service.name):
                self.box.stack.start(service.name)
        self.box.session.journal.mark("product_started")
        portal = self.box.session.drill.portal.service

        def ask() -> Probe:
            if not self.box.stack.is_running(portal):
                return self.box.stopped(portal)
            self._see_built()
            return self.box.kind.healthy(self.box.access)

        within_s = step.deadline_s - (time.monotonic() - started)
        probe = self.box.wait_for(ask, within_s)
        if probe.ok:
            self.box.session.journal.mark("product_healthy")
        elif not self.box.stack.is_running(portal):
            raise StepFailed(f"{portal} does not run: {self.box.stack.exit_state(portal)}")
        elif probe.name == "answer":
            raise StepFailed(f"{portal} does not answer: {probe.found}")
        else:  # it answers, but not well: what is wrong is for the checks to say
            self.box.session.journal.mark("product_unwell", found=f"{probe.name}: {probe.found}"[:500])

    def _see_built(self) -> None:
        """An index that the start itself builds anew is a stage of its own, before the portal serves."""
        kind, journal = self.box.kind, self.box.session.journal
        for name in self.box.session.drill.rebuilt():
            seen = journal.so_far().mark("index_rebuilt", name)
            if isinstance(kind, RebuildsAtStart) and not seen and kind.index_built(self.box.access).ok:
                journal.mark("index_rebuilt", name)

    def first_search(self, step: Step) -> None:
        """Wait until a sample of queries, the newest surviving canary's among them, returns exactly what it must."""
        journal = self.box.session.journal
        journal.mark("observing_started", step.id)
        try:
            choosing = at_once.begin(self.box.queries)
            self._see_canaries()
            choosing()
            queries, newest = self._sample()
        finally:
            journal.mark("observing_ended", step.id)

        def ask() -> Probe:
            found_now = at_once.each(lambda query: self.box.kind.search(self.box.access, query.word), queries, AT_ONCE)
            for query, hits in zip(queries, found_now, strict=True):
                missing, others = query.must - hits, hits - query.must - query.may
                # The newest canary survived in every tier, so that its search has no excuse.
                excused = self._in_flight(missing | others) if query is not newest else frozenset[str]()
                if (missing | others) - excused:
                    found = f"{len(query.must) - len(missing)} of {len(query.must)}, {len(others)} others"
                    return Probe(f"search “{query.word}”", False, f"exactly {len(query.must)} items", found)
            return Probe("search", bool(queries), "queries", f"{len(queries)} queries")

        probe = self.box.wait_for(ask, step.deadline_s)
        if probe.ok:
            journal.mark("first_correct_search", queries=len(queries))
        else:
            journal.mark("search_incorrect", found=f"{probe.name}: expected {probe.expected}, found {probe.found}")

    def _sample(self) -> tuple[list[Query], Query | None]:
        """A few queries, and as the last one that of the newest canary that survived, if there is one."""
        queries = [*self.box.queries()[:SAMPLE]]
        for canary in reversed(self.box.canaries):
            alive = all(self.box.survived.get((canary.number, tier)) for tier in canary.refs)
            newest = self.box.kind.canary_query(canary) if alive and canary.edit_of is None else None
            if newest is not None:
                return [*queries, newest], newest
        return queries, None

    def _in_flight(self, keys: frozenset[str]) -> frozenset[str]:
        """Items that changed in both tiers between the source's own inventories: content and index were captured one
        after the other, so that no search will ever agree on them. `index_consistency` judges which way they differ."""
        kind = self.box.kind
        if not keys - self._looked_up.keys() or not isinstance(kind, TracesItems) or kind.INDEX_TIER is None:
            return frozenset(key for key in keys if self._looked_up.get(key))
        named = {key: kind.inventory_keys(key) for key in keys - self._looked_up.keys()}
        changed = dict.fromkeys(named, True)
        for tier in (kind.CONTENT_TIER, kind.INDEX_TIER):
            traces = self.box.trace(tier, frozenset(names[tier] for names in named.values()))
            for key, names in named.items():
                trace = traces.get(names[tier])
                changed[key] &= trace is not None and trace.before != trace.after
        self._looked_up |= changed
        return frozenset(key for key in keys if self._looked_up[key])

    def _see_canaries(self) -> None:
        """Which canaries survived, tier by tier. Written once as the observation `canaries`."""
        seen = list(self.box.kind.kept_canaries(self.box.access, self.box.canaries))
        self.box.survived = {(number, tier): kept for number, tier, kept in seen}
        data = [{"number": number, "tier": tier, "kept": kept} for number, tier, kept in seen]
        self.box.session.journal.observe("canaries", plain(data))

    def rebuild(self, step: Step) -> None:
        """Rebuild the derived index by the vendor's command, or see that the start did: a stage of its own (LR-26,
        XLR-13)."""
        kind, journal = self.box.kind, self.box.session.journal
        self._see_built()  # it may have said so after the last look
        if isinstance(kind, Reindexes):
            kind.reindex(self.box.access, step.deadline_s)
            journal.mark("index_rebuilt", step.subject)
        elif not isinstance(kind, RebuildsAtStart):
            raise StepFailed(f"the portal {self.box.session.drill.portal.kind} offers no way to rebuild its index")
        elif not journal.so_far().mark("index_rebuilt", step.subject):
            raise StepFailed(f"the portal did not say that its start built {step.subject} anew")
        if not isinstance(self.box.kind, ListsIndex):
            return

        def ask() -> Probe:
            same = _agree(self.box.kind.items(self.box.access), listing.index_items(self.box.access))
            return Probe("index", same, "the content's ids and revisions", "as expected" if same else "others")

        listing: ListsIndex = self.box.kind
        if self.box.wait_for(ask, step.deadline_s).ok:
            journal.mark("index_consistent", step.subject)


def _agree(database: Iterable[ContentItem], index: Iterable[ContentItem]) -> bool:
    return all(
        one is not None and other is not None and (one.key, one.revision) == (other.key, other.revision)
        for one, other in itertools.zip_longest(database, index)
    )
