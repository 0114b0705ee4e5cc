"""All the data is there and nothing else: rows, sequences, roles, schema objects, files, index documents.

Compared with the source's own inventories, taken before and after the backup on a path of their own.
Requirements: LR-8, LR-9, LR-12, LR-21, LR-22, LR-31, LR-D1, LR-D6, GEN-D3 to GEN-D8, GEN-D10, GEN-D15 to
GEN-D18, design facts 5 (nothing extra) and 7 (modes, owners, links).
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from harness.kinds.contracts import Judgement, KindOptions, Record, When, joined
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


class Options(KindOptions):
    max_transient_percent: float = Field(
        default=1.0, ge=0, le=100, description="More items than this that changed while the backup ran: UNKNOWN."
    )
    always_transient: int = Field(
        default=10, ge=0, description="So many may change in a small component, if half of its items are compared."
    )


def loosened(options: Options) -> Iterator[str]:
    default = Options().max_transient_percent
    if options.max_transient_percent > default:
        yield f"up to {options.max_transient_percent:g} % of the items may change during the backup, not {default:g} %"


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: missing, extra or changed. UNKNOWN: a component without a comparison, empty on both sides, or with
    more transient items than the bracket may excuse."""
    only = record.plan.only_components
    components = [
        c for c in record.plan.components if c.name not in record.drill.rebuilt() and (not only or c.name in only)
    ]
    outcomes, named, count, compared, ignored = list[Outcome](), list[list[str]](), 0, 0, 0
    for component in components:
        difference = record.differences.get(component.name)
        if difference is None:
            outcomes.append(Outcome.UNKNOWN)
            seen = record.evidence.observation("difference", component.name)
            reason = seen.reason if seen else "no inventory of what was restored"
            named.append([f"{component.name}: not compared: {reason}"])
            continue
        ignored += sum(difference.ignored.values())
        compared += max(0, difference.source_count - sum(difference.ignored.values()))
        outcomes.append(_outcome(component, difference, options))
        named.append(list(_names(component, difference, outcomes[-1], options)))
        count += difference.missing.count + difference.extra.count + difference.changed.count
    outcome, names = worst(outcomes), _fairly(named)
    if outcome is Outcome.PASS and not compared and not all(component.may_be_empty for component in components):
        outcome, names = Outcome.UNKNOWN, [f"none of {ignored:,} items is of a class that is judged"]
    if not components:
        names = ["the drill has no component that could be compared"]
    good = f"{compared:,} items of {len(components)} components are equal"
    good += f"; {ignored:,} are of classes that are not judged" if ignored else ""
    return Judgement(
        outcome=outcome,
        expected="every item of the source, equal; nothing extra",
        found=good if outcome is Outcome.PASS else joined(names),
        names=names,
        count=max(count, len(names)),
    )


def _fairly(named: list[list[str]]) -> list[str]:
    """The first names of every component, so that one of which much is wrong hides no other; then the rest."""
    share = FIRST // max(1, sum(map(bool, named)))
    return [name for names in named for name in names[:share]] + [n for names in named for n in names[share:]]


def _outcome(component: Component, difference: Difference, options: Options) -> Outcome:
    if not difference.equal:
        return Outcome.FAIL
    if difference.source_count == 0 and difference.restored_count == 0:
        return Outcome.PASS if component.may_be_empty else Outcome.UNKNOWN
    return Outcome.UNKNOWN if difference.transient.count > _allowed(difference, options) else Outcome.PASS


def _allowed(difference: Difference, options: Options) -> float:
    """One item is more than 1 % of a component of fifty; but of the smallest, half must have been compared."""
    few = min(options.always_transient, difference.source_count / 2)
    return max(few, difference.source_count * options.max_transient_percent / 100)


def _names(component: Component, difference: Difference, outcome: Outcome, options: Options) -> Iterator[str]:
    for word, named in (
        ("missing", difference.missing),
        ("changed", difference.changed),
        ("extra", difference.extra),
    ):
        for name in named.first:
            yield f"{component.name}: {word} {name}"
        if named.count > len(named.first):
            yield f"{component.name}: {word} {named.count - len(named.first)} more"
    if outcome is Outcome.UNKNOWN and difference.source_count == 0:
        yield f"{component.name}: empty on both sides"
    elif outcome is Outcome.UNKNOWN:
        share = 100 * difference.transient.count / max(difference.source_count, 1)
        yield (
            f"{component.name}: {difference.transient.count} items ({share:.1f} %) changed while the backup ran, "
            f"over the {_allowed(difference, options):.0f} that may: {joined(difference.transient.first, 3)}"
        )
