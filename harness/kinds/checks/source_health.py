"""The source was well before its backup: a backup of a broken portal is no backup (GEN-D28).

Asked before anything is written: the portal's own probes, each component's opinion of its soundness, and whether
the search index agrees with the content already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from harness.errors import CommandFailed
from harness.kinds.checks._lists import agree, merged, titled
from harness.kinds.contracts import (
    ContentItem,
    Judgement,
    KindOptions,
    ListsIndex,
    Probe,
    Record,
    SourceAccess,
    Verifies,
    When,
    joined,
)
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.AT_SOURCE
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("GEN-D28",)
FIRST = 20
STILL_UNDER_WAY = timedelta(minutes=1)  # an index follows the content after a while


class Options(KindOptions):
    pass


def look(access: SourceAccess, options: Options) -> JsonValue:
    """`probes`: each a name, whether it is as expected, and both values; `differences` of index and content."""
    found: list[JsonValue] = []
    for whose, probes in _asked(access):
        try:
            found += [
                {"name": f"{whose} {p.name}", "ok": p.ok, "expected": p.expected, "found": p.found[:500]}
                for p in probes
            ]
        except CommandFailed as error:
            found.append({"name": whose, "ok": False, "expected": "an answer", "found": str(error)[:500]})
    return {"probes": found, **_agreement(access)}


def _asked(access: SourceAccess) -> Iterator[tuple[str, Iterable[Probe]]]:
    """Every asker's probes; nothing is asked before the probes are iterated."""
    yield "portal", _of_portal(access)
    for component in access.plan.components:
        kind = access.component_kinds[component.name]
        if isinstance(kind, Verifies):
            yield component.name, kind.verify(access.on(component))


def _of_portal(access: SourceAccess) -> Iterator[Probe]:
    yield access.portal_kind.healthy(access.portal)
    yield from access.portal_kind.probes(access.portal, access.portal_kind.facts(access.portal))


def _agreement(access: SourceAccess) -> dict[str, JsonValue]:
    """The oldest differences of both lists, oldest first, for a young one may be under way. What differs is looked at
    twice: what a job moves or deletes between the one list and the other differs for the moment, however old it is."""
    kind = access.portal_kind
    if not isinstance(kind, ListsIndex):
        return {}
    try:
        count, different, wrong = _differences(access, kind)
        if wrong:
            count, different, again = _differences(access, kind)
            lasting = [one for one in again if one in wrong]
            different, wrong = different - len(again) + len(lasting), lasting
    except CommandFailed as error:
        return {"refused": str(error)[:500]}
    first: list[JsonValue] = [[when, text] for when, text in wrong[:FIRST]]
    return {"items": count, "different": different, "differences": first}


def _differences(access: SourceAccess, index: ListsIndex) -> tuple[int, int, list[tuple[str, str]]]:
    """How many items there are, how many differ, and the oldest of these."""
    wrong, count, different = list[tuple[str, str]](), 0, 0
    for mine, theirs in merged(access.portal_kind.items(access.portal), index.index_items(access.portal)):
        count += mine is not None
        if mine is None or theirs is None or not agree(mine, theirs):
            different += 1
            wrong.append(_difference(mine, theirs))
            wrong = sorted(wrong)[: 50 * FIRST] if len(wrong) > 100 * FIRST else wrong
    return count, different, sorted(wrong)


def _difference(mine: ContentItem | None, theirs: ContentItem | None) -> tuple[str, str]:
    """When the newer of both was written (ISO, "" if nobody knows), and what differs."""
    one = mine or theirs
    assert one is not None
    known = [item.committed_utc for item in (mine, theirs) if item and item.committed_utc]
    word = "ghost in the index" if mine is None else "missing in the index" if theirs is None else "stale in the index"
    return max(known).isoformat() if known else "", f"{word}: {titled(one)}"


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a probe is not as expected, or index and content differ for longer than a minute. UNKNOWN: none asked."""
    seen = record.at_source("source_health")
    data = seen.data if seen and isinstance(seen.data, dict) else {}
    listed, differences = data.get("probes", []), data.get("differences", [])
    assert isinstance(listed, list) and isinstance(differences, list)
    probes = [probe for probe in listed if isinstance(probe, dict)]
    wrong = [f"{p['name']}: expected {p['expected']}, found {p['found']}" for p in probes if not p["ok"]]
    if data.get("refused"):
        wrong.append(f"the index: {data['refused']}")
    if seen is not None:
        latest = seen.at.utc - STILL_UNDER_WAY
        old = [str(d[1]) for d in differences if isinstance(d, list) and _before(str(d[0]), latest)]
        wrong += old
        if len(old) == FIRST:  # the list was cut off: the others are counted
            wrong += [f"and others: {data['different']} differences in all"] * (int(str(data["different"])) > FIRST)
    outcome = Outcome.UNKNOWN if not probes else Outcome.FAIL if wrong else Outcome.PASS
    good = f"{len(probes)} of {len(probes)} probes good" if probes else "no probe was asked"
    if probes and "items" in data:
        good += f"; the index agrees with the content, {int(str(data['items'])):,} items"
        good += f" ({data['different']} of the last minute are under way)" * bool(data["different"])
    return Judgement(
        outcome=outcome,
        expected="the source is well before its backup",
        found=joined(wrong, 3) if wrong else good,
        names=wrong,
    )


def _before(when: str, latest: datetime) -> bool:
    """What nobody knows the time of is not young."""
    return not when or datetime.fromisoformat(when) < latest
