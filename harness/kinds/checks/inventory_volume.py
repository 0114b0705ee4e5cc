"""How much there is and how much was backed up, against the last restore point that is a measure (HCL-16).

A backup that is suddenly a tenth of the last one succeeded, and is worth nothing: an exclude too wide (GEN-D19, LR-14),
a full disk (GEN-D2), a source that was emptied. Judged are items (of the source's own inventory) and bytes (of the
artefact), component by component, without what may be many today and few tomorrow: caches, temporary files, logs.
Their items are counted apart; of their bytes only the size at the source is known, not whether they are in the
artefact, so that a change is judged that they cannot explain. What the capture recorded stands in the restore point,
so that a later recovery judges the same. The measure is the newest whose volumes passed in a run of which no check
failed: after a night with a loss the next one is held against what was there before it. A change that was meant is
allowed by `within`, for the one run that passes with it.
Requirements: HCL-16, LR-14, GEN-D2, GEN-D19.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field, field_validator

from harness.kinds.contracts import Judgement, KindOptions, Record, When, counted, in_bytes, joined
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.AT_SOURCE
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("HCL-16", "LR-14", "GEN-D2", "GEN-D19")
_MEANT = "a change that was meant is allowed by a wider `within` for one run, which then is the measure"

_Found = tuple[Outcome, str]  # PASS: a note
_Volumes = Mapping[str, JsonValue]


class Options(KindOptions):
    within: list[float] = Field(
        default=[0.5, 2.0],
        description="Smallest and largest ratio to the last restore point in whose run no check failed.",
    )
    floor_items: int = Field(default=20, ge=0, description="A change by fewer items than this is not judged.")
    floor_bytes: int = Field(default=1_000_000, ge=0, description="A change by fewer bytes than this is not judged.")

    @field_validator("within")
    @classmethod
    def _two_ratios(cls, value: list[float]) -> list[float]:
        if len(value) != 2 or not 0 <= value[0] <= 1 <= value[1]:
            raise ValueError("two ratios, such as [0.5, 2.0]: the first at most 1, the second at least 1")
        return value


def loosened(options: Options) -> Iterator[str]:
    usual = Options()
    if options.within[0] < usual.within[0] or options.within[1] > usual.within[1]:
        yield f"volumes may change by {options.within}, not {usual.within}"
    if options.floor_items > usual.floor_items or options.floor_bytes > usual.floor_bytes:
        yield f"changes by fewer than {options.floor_items} items or {options.floor_bytes} bytes are not judged"


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: items or bytes of a component outside the ratios, by more than the floor, or all of it gone. UNKNOWN: no
    record of the volumes. A first run has nothing to compare with: it is judged that there is something at all. As long
    as no restore point is a measure, it is compared with the oldest."""
    seen = record.at_source("inventory_volume")
    data = seen.data if seen and isinstance(seen.data, dict) else {}
    now, last = _part(data, "components"), _part(data, "previous")
    if not now:
        found: list[_Found] = [(Outcome.UNKNOWN, "the capture recorded no volumes")]
    else:
        found = [*_judge_now(record, now), *_judge_change(record, now, last, options)]
        found += _not_in_both(now, last)
    wrong = [text for outcome, text in found if outcome is Outcome.FAIL]
    unknown = [text for outcome, text in found if outcome is Outcome.UNKNOWN]
    named = wrong or unknown
    notes = [text for outcome, text in found if outcome is Outcome.PASS]
    return Judgement(
        outcome=Outcome.FAIL if wrong else Outcome.UNKNOWN if unknown else Outcome.PASS,
        expected=f"{options.within[0]:g} to {options.within[1]:g} times the items and bytes of the measure",
        found=f"{joined(wrong)}; {_MEANT}" if wrong else joined(unknown or [_good(now, last), *notes]),
        names=named,
    )


def _judge_now(record: Record, now: _Volumes) -> Iterator[_Found]:
    """Every component that is backed up holds something, and its artefact does."""
    wanted = [step.subject for step in record.plan.capture if step.action == "back_up"]
    for component in map(record.plan.component, wanted):
        volumes = _part(now, component.name)
        for what in ("items", "bytes"):
            count = _number(volumes, what)
            if count is None:
                yield Outcome.UNKNOWN, f"{component.name}: it is not known how many {what} it has"
            elif count == 0 and not component.may_be_empty:
                yield Outcome.UNKNOWN, f"{component.name}: has no {what}: there is nothing to measure"


def _judge_change(record: Record, now: _Volumes, last: _Volumes, options: Options) -> Iterator[_Found]:
    allowed = {component.name: component.may_be_empty for component in record.plan.components}
    before = _part(last, "components")
    for name in sorted(now.keys() & before.keys() & allowed.keys()):
        for what, floor in (("items", options.floor_items), ("bytes", options.floor_bytes)):
            new, old = _lasting(_part(now, name), what), _lasting(_part(before, name), what)
            if new is None or old is None or not old[1]:
                continue  # said above, or grown from nothing
            few = new[1] < options.within[0] * old[0] and old[0] - new[1] >= floor
            many = new[0] > options.within[1] * old[1] and new[0] - old[1] >= floor
            if few or many or (new[1] == 0 and not allowed[name]):
                one, other = (new[1], old[0]) if not many else (new[0], old[1])
                times = f"{one / other:.3g} times as many" if other else "not as many"
                yield Outcome.FAIL, f"{name}: {one:,} {what}, {times} as the {other:,} of {_named(last)}"


def _lasting(volumes: _Volumes, what: str) -> tuple[int, int] | None:
    """The least and the most that there may be without what is volatile."""
    count, volatile = _number(volumes, what), _number(volumes, f"volatile_{what}") or 0
    if count is None:
        return None
    return max(0, count - volatile), count if what == "bytes" else max(0, count - volatile)


def _not_in_both(now: _Volumes, last: _Volumes) -> Iterator[_Found]:
    """Named and not judged: what a drill no longer backs up is for `coverage` and its waivers to say."""
    before = _part(last, "components")
    if before and (new := sorted(now.keys() - before.keys())):
        yield Outcome.PASS, f"{joined(new)} was not in it"
    for name in sorted(before.keys() - now.keys()):
        held = _number(_part(before, name), "items") or 0
        yield Outcome.PASS, f"{name}, of which it held {held:,} items, is no longer backed up"


def _good(now: _Volumes, last: _Volumes) -> str:
    items, size = (sum(_number(_part(now, name), what) or 0 for name in now) for what in ("items", "bytes"))
    held = f"{counted(items, 'item')}, {in_bytes(size)} in {counted(len(now), 'component')}"
    if not last:
        return f"{held}: the first restore point in this vault, compared with nothing; it becomes the measure"
    return f"{held}, compared with {_named(last)}"


def _named(last: _Volumes) -> str:
    """The measure, its time, and what it is worth. Records of older versions have its id alone."""
    time = f" of {last['captured_utc']} UTC" if "captured_utc" in last else ""
    return f"{last.get('id')}{time}" + (
        ", the oldest: no run of all checks has ended without a failed one" if last.get("passed") is False else ""
    )


def _part(data: _Volumes, key: str) -> _Volumes:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


def _number(volumes: _Volumes, what: str) -> int | None:
    found = volumes.get(what)
    return found if isinstance(found, int) else None
