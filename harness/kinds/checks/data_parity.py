"""All the data is there and nothing else: rows, sequences, roles, schema objects, files, index documents.

Compared with the source's own inventories, taken before and after the backup on a path of their own.
Requirements: LR-8, LR-9, LR-12, LR-21, LR-22, LR-31, LR-D1, LR-D6, GEN-D3 to GEN-D8, GEN-D10, GEN-D15 to
GEN-D18, design facts 5 (nothing extra) and 7 (modes, owners, links).
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from harness.kinds.contracts import Judgement, KindOptions, Record, When, counted, joined
from harness.model.drill import Component
from harness.model.inventory import Difference
from harness.model.verdict import Outcome, worst

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = True
ALWAYS = False
REQUIREMENTS = (
    "LR-8",
    "LR-9",
    "LR-12",
    "LR-21",
    "LR-22",
    "LR-31",
    "LR-D1",
    "GEN-D4",
    "GEN-D5",
    "GEN-D7",
    "GEN-D15",
    "GEN-D16",
)


FIRST = 20
MOST_BETWEEN = 10


class Options(KindOptions):
    max_transient_percent: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="More of the judged items than this that changed while the backup ran: UNKNOWN.",
    )
    always_transient: int = Field(
        default=10, ge=0, description="So many may change in a small component, if half of its items are compared."
    )


def loosened(options: Options) -> Iterator[str]:
    default = Options().max_transient_percent
    if options.max_transient_percent > default:
        yield f"up to {options.max_transient_percent:g} % of the items may change during the backup, not {default:g} %"


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: missing, extra or changed. UNKNOWN: a component without a comparison or without anything that is judged,
    with more transient items than the bracket may excuse, or with more than a few that came back as neither inventory
    of the source has them."""
    only = record.plan.only_components
    components = [
        c for c in record.plan.components if c.name not in record.drill.rebuilt() and (not only or c.name in only)
    ]
    outcomes, named, compared, count = list[Outcome](), list[list[str]](), list[Difference](), 0
    for component in components:
        difference = record.differences.get(component.name)
        if difference is None:
            outcomes.append(Outcome.UNKNOWN)
            seen = record.evidence.observation("difference", component.name)
            reason = seen.reason if seen else "no inventory of what was restored"
            named.append([f"{component.name}: not compared: {reason}"])
            continue
        compared.append(difference)
        unsure = list(_unsure(component, difference, options)) if difference.equal else []
        outcomes.append(Outcome.UNKNOWN if unsure else Outcome.PASS if difference.equal else Outcome.FAIL)
        named.append([*_wrong(component, difference), *unsure])
        count += difference.missing.count + difference.extra.count + difference.changed.count
    outcome, names = worst(outcomes), _fairly(named)
    if not components:
        names = ["the drill has no component that could be compared"]
    return Judgement(
        outcome=outcome,
        expected="every item of the source, equal; nothing extra",
        found=_good(compared) if outcome is Outcome.PASS else joined(names),
        names=names,
        count=max(count, len(names)),
    )


def _good(compared: list[Difference]) -> str:
    """Of what changed meanwhile nothing is called equal: the source had it in several ways."""
    as_read, between = sum(d.as_read_count for d in compared), sum(d.between.count for d in compared)
    unseen, grown = sum(d.transient.count for d in compared) - as_read - between, sum(d.grown.count for d in compared)
    changed = [
        f"{as_read:,} changed meanwhile and are as before or after" if as_read else "",
        f"{between:,} in between" if between else "",
        f"{grown:,} log{'s' if grown > 1 else ''} grew" if grown else "",
        f"{unseen:,} began anew as logs do or came and went" if unseen else "",
    ]
    equal = sum(difference.compared_count for difference in compared)
    ignored = sum(sum(difference.ignored.values()) for difference in compared)
    parts = [
        f"{counted(equal, 'item')} of {counted(len(compared), 'component')} {'is' if equal == 1 else 'are'} equal",
        ", ".join(filter(None, changed)),
        f"{ignored:,} are of classes that are not judged" if ignored else "",
    ]
    return "; ".join(filter(None, parts))


def _fairly(named: list[list[str]]) -> list[str]:
    """The first names of every component, so that one of which much is wrong hides no other; then the rest."""
    share = FIRST // max(1, sum(map(bool, named)))
    return [name for names in named for name in names[:share]] + [n for names in named for n in names[share:]]


def _wrong(component: Component, difference: Difference) -> Iterator[str]:
    for word, named in (
        ("missing", difference.missing),
        ("changed", difference.changed),
        ("extra", difference.extra),
    ):
        for name in named.first:
            yield f"{component.name}: {word} {name}"
        if named.count > len(named.first):
            yield f"{component.name}: {word} {named.count - len(named.first)} more"


def _unsure(component: Component, difference: Difference, options: Options) -> Iterator[str]:
    """Why a component of which nothing is wrong may not be called equal."""
    judged, changed, between = difference.judged_count, difference.transient, difference.between
    if not judged and not changed.count:
        if not component.may_be_empty:
            rest = difference.canary_count + sum(difference.ignored.values())
            of_all = f"none of its {rest:,} items is of a class that is judged"
            yield f"{component.name}: {of_all if rest else 'empty on both sides'}"
        return
    if changed.count > (allowed := _allowed(difference, options)):
        share = 100 * changed.count / max(judged, 1)
        yield (
            f"{component.name}: {changed.count} items ({share:.1f} %) changed while the backup ran, "
            f"over the {allowed:.0f} that may: {joined(changed.first, 3)}"
        )
    # A counter, or a row that was edited twice; a whole repository of another year has two such items.
    if between.count > (most := max(1, min(MOST_BETWEEN, judged // 100))):
        yield (
            f"{component.name}: {between.count} items changed meanwhile and came back as neither reading has them, "
            f"over the {most} that may: {joined(between.first, 3)}"
        )
    if (unknown := difference.undecided).count:
        yield (
            f"{component.name}: {unknown.count} items are in neither reading so, and whether they were so meanwhile "
            f"cannot be told: {joined(unknown.first, 3)}"
        )


def _allowed(difference: Difference, options: Options) -> float:
    """One item is more than 1 % of a component of fifty; but of the smallest, half must have been compared. Logs that
    grew use up nothing of it, and add nothing to it: only their beginnings were compared."""
    judged = difference.judged_count - difference.grown.count
    return max(min(options.always_transient, judged / 2), judged * options.max_transient_percent / 100)
