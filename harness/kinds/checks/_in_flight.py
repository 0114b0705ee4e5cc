"""What may differ between content and index only because people went on working while the two were captured.

Two sorts of evidence, and nothing is excused without one: the time at which a revision was written, and the
source's own inventories of both tiers, for no time tells of what was deleted, moved or unpublished.
Both hold the direction: what was captured later may be ahead, never behind (design facts 3 and 8).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.kinds.contracts import CheckAccess, ContentItem, Trace, TracesItems

TOLERANCE = timedelta(seconds=1)  # between the portal's clock and ours, which is one host's
MOST = 10_000  # differences that are looked up
Span = tuple[datetime, datetime]
Traces = Callable[[str, frozenset[str]], Mapping[str, Trace]]


@dataclass(frozen=True)
class Window:
    """When each side was captured."""

    database: Span
    index: Span

    def excuses(self, mine: ContentItem | None, theirs: ContentItem | None) -> bool:
        """`mine` is the database's item, `theirs` the index's; the newer one says when it was written."""
        known = [i.committed_utc for i in (mine, theirs) if i and i.committed_utc]
        if not known:
            return False
        index_is_ahead = mine is None or (theirs is not None and theirs.committed_utc == max(known))
        behind, ahead = (self.database, self.index) if index_is_ahead else (self.index, self.database)
        return behind[0] - TOLERANCE <= max(known) <= ahead[1] + TOLERANCE

    def ends(self, database: Trace, index: Trace) -> bool:
        """Whether both tiers changed the item between their inventories, and what was captured later holds its last
        state while the other does not: overlapping captures may have it either way."""
        if database.before == database.after or index.before == index.after:
            return False
        index_ahead = index.restored == index.after and database.restored != database.after
        database_ahead = database.restored == database.after and index.restored != index.after
        return (index_ahead and self.index[1] >= self.database[0]) or (
            database_ahead and self.database[1] >= self.index[0]
        )


def window_of(access: CheckAccess) -> Window | None:
    """None if nothing is excused: the index is built from the restored database, or one has no artefact."""
    kind, point = access.portal_kind, access.restore_point
    database, index = point.artefact(kind.CONTENT_TIER), point.artefact(kind.INDEX_TIER or "")
    if database is None or index is None or access.drill.rebuilt():
        return None
    spans = [(artefact.started.at.utc, artefact.finished.at.utc) for artefact in (database, index)]
    return Window(spans[0], spans[1])


def most_looked_up(access: CheckAccess, window: Window | None) -> int:
    """How many differences the source's own inventories are asked after; none where they cannot tell."""
    kind = access.portal_kind
    return MOST if window and kind.INDEX_TIER and isinstance(kind, TracesItems) else 0


def changed_meanwhile(access: CheckAccess, window: Window | None, keys: Collection[str]) -> frozenset[str]:
    """Those of at most `MOST` content keys that the source's own inventories show to have changed between the
    captures."""
    kind, index_tier = access.portal_kind, access.portal_kind.INDEX_TIER
    if window is None or index_tier is None or not isinstance(kind, TracesItems):
        return frozenset()
    named = {key: kind.inventory_keys(key) for key in keys}
    traces = {
        tier: access.trace(tier, frozenset(names[tier] for names in named.values()))
        for tier in (kind.CONTENT_TIER, index_tier)
    }
    nowhere = Trace(None, None, None)
    return frozenset(
        key
        for key, names in named.items()
        if window.ends(*(traces[tier].get(names[tier], nowhere) for tier in (kind.CONTENT_TIER, index_tier)))
    )
