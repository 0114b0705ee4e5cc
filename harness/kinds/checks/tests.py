"""The tests beside the drill file hold: plain pytest on the restored portal, for what only its people know.

They run last, after all else was observed, and may change the portal. A failed assertion, and a server that says no,
is a FAIL; an error in a fixture, a time-out, a lost connection is UNKNOWN; what was skipped, is marked to fail or was
not chosen was not exercised, and the run is partial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import Field

from harness.kinds.contracts import Judgement, KindOptions, Record, When, joined
from harness.model.evidence import Seen
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.TESTED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("GEN-D2", "LR-31")


class Options(KindOptions):
    within_s: float = Field(
        default=120, gt=0, description="Time allowed to each test; the same again for its fixtures, before and after."
    )


@dataclass
class _Results:
    """What the tests came to, by outcome: names, or a line for each that did not hold."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: at least one does not hold. UNKNOWN: of at least one it is not known, or none was run."""
    results = _results(record)
    known = results.passed and not results.unknown
    outcome = Outcome.FAIL if results.failed else Outcome.PASS if known else Outcome.UNKNOWN
    wrong = results.failed + results.unknown
    counted = f"{len(results.passed)} hold: {joined(results.passed)}" if results.passed else "none holds"
    return Judgement(
        outcome=outcome,
        expected=f"every test in {_file(record)} holds",
        found=f"{joined(wrong, 3)}; {counted}" if wrong else counted,
        names=wrong,
    )


def exercised(record: Record) -> bool:
    results = _results(record)
    return bool(results.passed or results.failed or results.unknown) or not _was_seen(record)


def left_out(record: Record) -> Iterator[str]:
    if record.seen("tests") is None:
        yield f"those of {_file(record)} were not run"
    yield from _results(record).left_out


def _results(record: Record) -> _Results:
    found, ended = _Results(), set[str]()
    for seen in record.evidence.observations("test"):
        ended.add(seen.subject)
        data = seen.data if isinstance(seen.data, dict) else {}
        said = str(seen.reason or data.get("said", "")).partition("\n")[0]  # the rest stands in the evidence
        line = f"{seen.subject}: {said}"
        if seen.seen is not Seen.SEEN:
            found.unknown.append(line)
        elif data.get("outcome") == "passed":
            found.passed.append(seen.subject)
        elif data.get("outcome") == "failed":
            found.failed.append(f"{line} ({data['place']})" if data.get("place") else line)
        else:
            found.left_out.append(line)
    found.unknown += [f"{name}: not run to its end" for name in _named(record, "chosen", ended)]
    found.left_out += [f"{name}: not chosen" for name in _named(record, "not_chosen", ended)]
    return found


def _named(record: Record, key: str, but: set[str]) -> list[str]:
    seen = record.seen("tests")
    names: JsonValue = seen.data.get(key) if seen and isinstance(seen.data, dict) else None
    return [str(name) for name in names if name not in but] if isinstance(names, list) else []


def _was_seen(record: Record) -> bool:
    """False if they were to be run, and could not be."""
    seen = record.seen("tests")
    return seen is None or seen.seen is Seen.SEEN


def _file(record: Record) -> str:
    return next(iter(record.drill.tests), "no file")
