"""The search index agrees with the content, in both directions, by id and revision (design fact 3).

Twice: the database's list against the engine's own list (a portal's search may hide ghosts), and searches
through the portal as a plain user against sets worked out from the database alone.
Requirements: LR-26 to LR-28, LR-32, LR-D1, GEN-D13, GEN-D14.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from harness import at_once
from harness.kinds.checks._in_flight import MOST, TOLERANCE, Window, changed_meanwhile, window_of
from harness.kinds.checks._lists import agree, merged, titled
from harness.kinds.contracts import CheckAccess, ContentItem, Judgement, KindOptions, ListsIndex, Record, When, joined
from harness.model.drill import Drill
from harness.model.frozen import JsonValue
from harness.model.inventory import Names
from harness.model.verdict import Outcome

WHEN = When.AS_RESTORED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = True
ALWAYS = False
REQUIREMENTS = ("LR-26", "LR-27", "LR-28", "LR-32", "GEN-D13", "GEN-D14")
FIRST = 20
AT_ONCE = 4  # searches, as of a few users: one after the other they took most of a drill


class Options(KindOptions):
    floor: int = Field(default=1, ge=1, description="Fewer items than this in the database: UNKNOWN.")


def loosened(options: Options) -> tuple[str, ...]:
    return ()  # a higher floor asks for more


def moment(drill: Drill) -> When:
    """A rebuilt index is judged after the rebuild, a restored one before anything can repair it (LR-32)."""
    return When.AFTER_REBUILD if drill.rebuilt() else When.AS_RESTORED


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """Counts and first names: missing, ghost and stale by the engine's list; missing and unexpected by search;
    what differs only because it was written inside the group's capture interval is `skew`."""
    window = window_of(access)
    kinds = {
        name: Names(FIRST) for name in ("missing", "ghost", "stale", "skew", "search_missing", "search_unexpected")
    }
    data: dict[str, JsonValue] = {"engine_list": isinstance(access.portal_kind, ListsIndex)}
    excused: set[str] = set()
    if isinstance(access.portal_kind, ListsIndex):
        listed = access.portal_kind.index_items(access.portal)
        suspects = list[_Pair]()
        counts = _merge(access.portal_kind.items(access.portal), listed, window, kinds, excused, suspects)
        _sort_out(suspects, changed_meanwhile(access, window, map(_key, suspects)), kinds, excused)
        data |= {"database_count": counts[0], "engine_count": counts[1]}
    queries, reached = _ask(access, window, kinds, excused)
    data |= {name: found.data() for name, found in kinds.items()}
    return data | {"queries": queries, "covered_by_queries": reached}


def _ask(access: CheckAccess, window: Window | None, kinds: dict[str, Names], excused: set[str]) -> tuple[int, int]:
    """Search every query; returns how many there were, and how many items they must find."""
    wrong, reached = list[tuple[str, str, str]](), set[str]()
    queries = access.queries()
    found = at_once.each(lambda query: access.portal_kind.search(access.portal, query.word), queries, AT_ONCE)
    for query, hits in zip(queries, found, strict=True):
        reached |= query.must
        wrong += [("search_missing", key, query.word) for key in sorted(query.must - hits - excused)]
        wrong += [("search_unexpected", key, query.word) for key in sorted(hits - query.must - query.may - excused)]
    moved = changed_meanwhile(access, window, (key for _, key, _ in wrong))
    for kind, key, word in wrong:
        if key not in moved:
            kinds[kind].add(f"{key} by “{word}”")
    for key in sorted(moved):
        kinds["skew"].add(key)
    return len(queries), len(reached)


_Pair = tuple[ContentItem | None, ContentItem | None]


def _key(pair: _Pair) -> str:
    one = pair[1] or pair[0]
    assert one is not None
    return one.key


def _merge(
    database: Iterable[ContentItem],
    engine: Iterable[ContentItem],
    window: Window | None,
    kinds: dict[str, Names],
    excused: set[str],
    suspects: list[_Pair],
) -> tuple[int, int]:
    """Merge-join of two lists in order of key; constant memory but for what differs, of which the first are kept
    to be looked up."""
    counts = [0, 0]
    for mine, theirs in merged(database, engine):
        counts[0] += mine is not None
        counts[1] += theirs is not None
        if mine and theirs and agree(mine, theirs):
            continue
        if window and window.excuses(mine, theirs):
            kinds["skew"].add(_key((mine, theirs)))
            excused.add(_key((mine, theirs)))
        elif len(suspects) < MOST:
            suspects.append((mine, theirs))
        else:
            _count(mine, theirs, kinds)
    return counts[0], counts[1]


def _sort_out(suspects: list[_Pair], changed: frozenset[str], kinds: dict[str, Names], excused: set[str]) -> None:
    for mine, theirs in suspects:
        if (key := _key((mine, theirs))) in changed:
            kinds["skew"].add(key)
            excused.add(key)
        else:
            _count(mine, theirs, kinds)


def _count(mine: ContentItem | None, theirs: ContentItem | None, kinds: dict[str, Names]) -> None:
    if theirs is None:
        assert mine is not None
        kinds["missing"].add(titled(mine))
    elif mine is None:
        kinds["ghost"].add(titled(theirs))
    else:
        other = f"revision {theirs.revision}" if theirs.revision != mine.revision else f"the title “{theirs.title}”"
        kinds["stale"].add(f"{titled(mine)} has {other} in the index, in the database revision {mine.revision}")


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: anything missing, ghost, stale, or not found as it must be. UNKNOWN: nothing to compare."""
    seen = record.evidence.observation("index_consistency")
    when = moment(record.drill)
    expected = "the index holds exactly the content's ids and revisions, and searches find exactly them"
    if seen is None or not isinstance(seen.data, dict):
        return Judgement(Outcome.UNKNOWN, expected, "the index was not looked at", when=when)
    data = seen.data
    names, count = list[str](), 0
    for kind in ("missing", "ghost", "stale", "search_missing", "search_unexpected"):
        part = data[kind]
        assert isinstance(part, dict) and isinstance(part["first"], list)
        count += int(str(part["count"]))
        names += [f"{kind.replace('_', ' ')}: {name}" for name in part["first"]]
    skewed = data["skew"]
    assert isinstance(skewed, dict)
    moved_s = record.restore_point.evidence.clock_moved_s() if record.restore_point else 0.0
    if moved_s > TOLERANCE.total_seconds() and (count or skewed["count"]):
        found = (
            f"the clock was set by {moved_s:g} s during the backup: what was written then cannot be told by its time"
        )
        return Judgement(Outcome.UNKNOWN, expected, f"{found}; {joined(names, 3)}", names, count, when)
    if count:
        return Judgement(Outcome.FAIL, expected, f"{count} differences: {joined(names, 3)}", names, count, when)
    in_database, queries = int(str(data.get("database_count", 0))), int(str(data["queries"]))
    if not data["covered_by_queries"] or (data["engine_list"] and in_database < options.floor):
        found = f"{in_database} items in the database, {queries} queries: nothing that could disagree"
        return Judgement(Outcome.UNKNOWN, expected, found, when=when)
    reached = int(str(data["covered_by_queries"]))
    found = f"{in_database:,} items in both lists; {queries} searches find all they must, {reached:,} items among them"
    if skewed["count"]:
        found += f"; {skewed['count']} written while the backup ran (skew)"
    return Judgement(Outcome.PASS, expected, found, when=when)
