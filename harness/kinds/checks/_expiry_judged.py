"""What is judged of dates that were seen at the source and in the restored copy; no kind of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from harness.kinds.contracts import Judgement, joined
from harness.model.evidence import Observation
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

HINT = "of a store that cannot be read, give the password (`passwords`), or leave it out with a reason (`ignore`)"


@dataclass(frozen=True)
class Validity:
    """What is valid from one instant to another, and where it is."""

    place: str
    file: str
    subject: str
    not_before: datetime | None
    not_after: datetime

    def at(self, instant: datetime) -> bool:
        return (self.not_before is None or self.not_before <= instant) and instant <= self.not_after

    def said(self, instant: datetime) -> str:
        if self.not_before is not None and instant < self.not_before:
            return f"{self.subject} is valid from {self.not_before:%Y-%m-%d %H:%M:%S} UTC on"
        if instant > self.not_after:
            return f"{self.subject} expired on {self.not_after:%Y-%m-%d at %H:%M:%S} UTC"
        return f"{self.subject} on {self.not_after:%Y-%m-%d}, in {in_words(self.not_after - instant)}"


@dataclass
class Side:
    """What was seen on one side, at the instant `at`: dates by place, by file why it could not be read."""

    at: datetime
    trees: int = 0
    files: int = 0
    more: int = 0
    dates: dict[str, Validity] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, seen: Observation | None, is_ignored: Callable[[str], bool]) -> Side | None:
        """None if nobody looked. `is_ignored`: of a path below its component's."""
        if seen is None or not isinstance(seen.data, dict):
            return None
        side = cls(seen.at.utc)
        for tree, data in seen.data.items():
            assert isinstance(data, dict)
            side.trees += 1
            side.files += int(str(data["files"]))
            side.more += int(str(data["more"]))
            for one in _rows(data["dates"], is_ignored):
                file = f"{tree}:{one['file']}"
                place, since = f"{file}, {one['entry']}", one["not_before"]
                not_before = datetime.fromisoformat(str(since)) if since else None
                not_after = datetime.fromisoformat(str(one["not_after"]))
                side.dates[place] = Validity(place, file, str(one["subject"]), not_before, not_after)
            side.unread |= {f"{tree}:{one['file']}": str(one["why"]) for one in _rows(data["unread"], is_ignored)}
            for why, count in data["left"].items() if isinstance(data["left"], dict) else ():
                side.left[why] = side.left.get(why, 0) + int(str(count))
        return side


def _rows(data: JsonValue, is_ignored: Callable[[str], bool]) -> Iterator[dict[str, JsonValue]]:
    assert isinstance(data, list)
    yield from (one for one in data if isinstance(one, dict) and not is_ignored(str(one["file"])))


def judge_sides(before: Side | None, now: Side | None, valid_for: timedelta) -> Judgement:
    expected = "what was valid at the source is valid after its restore"
    expected += f", for {in_words(valid_for)} at least" if valid_for else ""
    if before is None or now is None:
        return Judgement(
            Outcome.UNKNOWN, expected, f"nobody looked at {'the restored copy' if before else 'the source'}"
        )
    if not before.trees:
        return Judgement(Outcome.UNKNOWN, expected, "no component is a tree of files, where certificates may lie")
    wrong = [*_expired(before, now, valid_for), *_lost(before, now)]
    unknown = [*_unknown(before, now)]
    notes = _notes(before, now)
    outcome = Outcome.FAIL if wrong else Outcome.UNKNOWN if unknown else Outcome.PASS
    found = [joined(wrong or unknown, 3)] if wrong or unknown else []
    found += [HINT] if not wrong and (before.unread or now.unread) else []
    return Judgement(outcome, expected, "; ".join([*found, *notes]), wrong or unknown)


def _expired(before: Side, now: Side, valid_for: timedelta) -> Iterator[str]:
    for place, one in now.dates.items():
        then = before.dates.get(place)
        if then is None or not then.at(before.at):
            continue
        if not one.at(now.at):
            yield f"{place}: {one.said(now.at)}, and was valid at the source"
        elif one.not_after < now.at + valid_for:
            yield f"{place}: expires too soon: {one.said(now.at)}"


def _lost(before: Side, now: Side) -> Iterator[str]:
    read = {one.file for one in before.dates.values()} - {*before.unread}
    yield from (f"{file}: could be read at the source: {why}" for file, why in now.unread.items() if file in read)


def _unknown(before: Side, now: Side) -> Iterator[str]:
    for file, why in {**before.unread, **now.unread}.items():
        yield f"{file}: {why}"
    if before.dates and not now.dates:
        yield f"none of {len(before.dates):,} dates of the source is in the copy"
    if more := max(before.more, now.more):
        yield f"{more:,} stores or dates beyond those that are kept were not compared"


def _notes(before: Side, now: Side) -> Iterator[str]:
    """The earliest date is always said: after it, this backup brings up what has expired."""
    valid = [one for one in now.dates.values() if one.at(now.at)]
    if valid:
        yield f"earliest: {min(valid, key=lambda one: one.not_after).said(now.at)}; {len(now.dates):,} dates in all"
    elif not (before.dates or now.dates or now.unread):
        yield f"no certificate and no token in {now.files:,} files"
    old = [one for place, one in now.dates.items() if not one.at(now.at) and _was_old(before, place)]
    if old:
        yield f"{len(old):,} were not valid at the source either: {joined((one.place for one in old), 3)}"
    new = [place for place, one in now.dates.items() if not one.at(now.at) and place not in before.dates]
    if new:
        yield f"{len(new):,} are not valid and were not at the source: {joined(new, 3)}"
    if now.dates and (gone := [place for place in before.dates if place not in now.dates]):
        yield f"{len(gone):,} of the source are not in the copy: {joined(gone, 3)}"
    for why, count in now.left.items():
        yield f"{count:,} text files were not searched for tokens: {why}"


def _was_old(before: Side, place: str) -> bool:
    return place in before.dates and not before.dates[place].at(before.at)


def in_words(span: timedelta) -> str:
    """`62 days`; `36 hours` below three days, `15 minutes` below three hours, `20 seconds` below three minutes."""
    seconds = int(span.total_seconds())
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 3 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
