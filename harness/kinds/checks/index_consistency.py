"""The search index agrees with the content, in both directions, by id and revision (design fact 3).

Twice: the database's list against the engine's own list (a portal's search may hide ghosts), and searches
through the portal as a plain user against sets worked out from the database alone.
Requirements: LR-26 to LR-28, LR-32, LR-D1, GEN-D13, GEN-D14.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from harness import at_once
from harness.kinds.checks._in_flight import TOLERANCE, Window, changed_meanwhile, most_looked_up, window_of
from harness.kinds.checks._lists import agree, merged, titled
from harness.kinds.contracts import (
    CheckAccess,
    ContentItem,
    Judgement,
    KindOptions,
    ListsIndex,
    Record,
    When,
    counted,
    joined,
)
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
WRONG = ("missing", "ghost", "stale", "search_missing", "search_unexpected")
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
    what differs only because it was written inside the group's capture interval is `skew`; `not_looked_up` are the
    differences of which it was not asked whether they are."""
    window = window_of(access)
    kinds = {name: Names(FIRST) for name in (*WRONG, "skew", "not_looked_up")}
    data: dict[str, JsonValue] = {"engine_list": isinstance(access.portal_kind, ListsIndex)}
    excused: set[str] = set()
    if isinstance(access.portal_kind, ListsIndex):
        listed = access.portal_kind.index_items(access.portal)
        suspects = list[_Pair]()
        most = most_looked_up(access, window)
        counts = _merge(access.portal_kind.items(access.portal), listed, window, kinds, excused, suspects, most)
        _sort_out(suspects, changed_meanwhile(access, window, [*map(_key, suspects)]), kinds, excused)
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
    differ, most = sorted({key for _, key, _ in wrong}), most_looked_up(access, window)
    moved, not_asked = changed_meanwhile(access, window, differ[:most]), set(differ[most:] if most else ())
    for kind, key, word in wrong:
        if key not in moved:
            kinds["not_looked_up" if key in not_asked else kind].add(f"{key} by “{word}”")
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
    most: int,
) -> tuple[int, int]:
    """Merge-join of two lists in order of key; constant memory but for what differs, of which the first `most` are
    kept to be looked up."""
    counts = [0, 0]
    for mine, theirs in merged(database, engine):
        counts[0] += mine is not None
        counts[1] += theirs is not None
        if mine and theirs and agree(mine, theirs):
            continue
        if window and window.excuses(mine, theirs):
            kinds["skew"].add(_key((mine, theirs)))
            excused.add(_key((mine, theirs)))
        elif len(suspects) < most:
            suspects.append((mine, theirs))
        elif most:
            kinds["not_looked_up"].add(_key((mine, theirs)))
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
    """FAIL: anything missing, ghost, stale, or not found as it must be. UNKNOWN: nothing to compare, or more differs
    than was looked up."""
    seen = record.evidence.observation("index_consistency")
    when = moment(record.drill)
    expected = "the index holds exactly the content's ids and revisions, and searches find exactly them"
    if seen is None or not isinstance(seen.data, dict):
        return Judgement(Outcome.UNKNOWN, expected, "the index was not looked at", when=when)
    data = seen.data
    names, count = list[str](), 0
    for kind in WRONG:
        part = data[kind]
        assert isinstance(part, dict) and isinstance(part["first"], list)
        count += int(str(part["count"]))
        names += [f"{kind.replace('_', ' ')}: {name}" for name in part["first"]]
    skewed, unasked = data["skew"], data.get("not_looked_up", {"count": 0})
    assert isinstance(skewed, dict) and isinstance(unasked, dict)
    more = f"{unasked['count']} more differ, and were not looked up in the source's inventories"
    moved_s = record.restore_point.evidence.clock_moved_s() if record.restore_point else 0.0
    if moved_s > TOLERANCE.total_seconds() and (count or skewed["count"] or unasked["count"]):
        found = (
            f"the clock was set by {moved_s:g} s during the backup: what was written then cannot be told by its time"
        )
        return Judgement(Outcome.UNKNOWN, expected, f"{found}; {joined(names, 3)}", names, count, when)
    if count:
        found = f"{count} differences: {joined(names, 3)}" + (f"; {more}" if unasked["count"] else "")
        return Judgement(Outcome.FAIL, expected, found, names, count, when)
    if unasked["count"]:
        return Judgement(
            Outcome.UNKNOWN, expected, f"{skewed['count']} were written while the backup ran; {more}", when=when
        )
    in_database, queries = int(str(data.get("database_count", 0))), int(str(data["queries"]))
    if not data["covered_by_queries"] or (data["engine_list"] and in_database < options.floor):
        found = f"{in_database} items in the database, {queries} queries: nothing that could disagree"
        return Judgement(Outcome.UNKNOWN, expected, found, when=when)
    reached = int(str(data["covered_by_queries"]))
    lists = f"{counted(in_database, 'item')} in both lists" if data["engine_list"] else "no index list"
    searched = "1 search finds all it must" if queries == 1 else f"{queries} searches find all they must"
    found = f"{lists}; {searched}, {counted(reached, 'item')} among them"
    if skewed["count"]:
        found += f"; {skewed['count']} written while the backup ran (skew)"
    return Judgement(Outcome.PASS, expected, found, when=when)
