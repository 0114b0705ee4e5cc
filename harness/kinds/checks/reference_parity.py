"""Rows that name files and the files themselves agree: every row has its file, in its size, and every file its row.

The database is captured first and its files after it, so that direction matters (LR-33, design fact 2): a file that
was born in between has no row yet and is listed; a row without its file is a loss, whoever is to blame.
Requirements: LR-9, LR-18, LR71-11, GEN-D8. Files are listed, not read: `data_parity` compares their content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import groupby

from pydantic import Field

from harness.errors import CouldNotAsk
from harness.kinds.checks._reference_join import Join, Window, pairs
from harness.kinds.contracts import (
    CheckAccess,
    HoldsReferences,
    Judgement,
    KindOptions,
    ListsFiles,
    Record,
    SourceAccess,
    When,
    joined,
)
from harness.model.evidence import AT_SOURCE, Observation
from harness.model.frozen import JsonValue
from harness.model.inventory import Difference
from harness.model.verdict import Outcome

WHEN = When.AT_REST
OUTCOMES = frozenset(Outcome)
PROVES_DATA = True
ALWAYS = False
REQUIREMENTS = ("LR-9", "LR-18", "LR-33", "GEN-D8")
EXPECTED = "every row's file is there in its size, and every file has its row"


class Options(KindOptions):
    tolerance_s: float = Field(
        default=5.0, ge=0, description="How much earlier than its row's transaction a file may be stored."
    )


def loosened(options: Options) -> Iterator[str]:
    if options.tolerance_s > Options().tolerance_s:
        yield f"a file may be {options.tolerance_s:g} s older than its row, not {Options().tolerance_s:g} s"


def look(access: SourceAccess, options: Options) -> JsonValue:
    """The same join at the source, before the backup: what did not agree there either."""
    return _joined(access, {}, {}, at_source=True)


def observe(access: CheckAccess, options: Options) -> JsonValue:
    """Per component counts and first names: missing, size, orphan; what changed while the backup ran; undecided."""
    looked = access.restore_point.evidence.observation("reference_parity", AT_SOURCE)
    windows: dict[str, Window] = {}
    for component in access.plan.components:
        rows = access.restore_point.artefact(access.portal_kind.CONTENT_TIER)
        files = access.restore_point.artefact(component.name)
        if rows and files:
            start = rows.started.at.utc - timedelta(seconds=options.tolerance_s)
            in_order = rows.started.at.utc <= files.started.at.utc
            looked_utc = looked.at.utc if looked else None
            windows[component.name] = Window(start, files.finished.at.utc, in_order, looked_utc)
    return _joined(access, windows, access.differences)


def _joined(
    access: SourceAccess,
    windows: Mapping[str, Window],
    differences: Mapping[str, Difference],
    *,
    at_source: bool = False,
) -> JsonValue:
    kind = access.portal_kind
    if not isinstance(kind, HoldsReferences):
        return {"refusal": "this portal's adapter does not know which rows name files"}
    data: dict[str, JsonValue] = {}
    named = {c.name: c for c in access.plan.components if c.name in kind.REFERENCED}
    if len(named) < len(kind.REFERENCED):
        lacking = sorted(kind.REFERENCED.keys() - named.keys())
        return {"refusal": f"rows name files of {', '.join(lacking)}, which this drill does not back up"}
    by_component = groupby(kind.references(access.portal), key=lambda one: one.component)
    rows = next(by_component, None)
    for name in sorted(named):
        lister = access.component_kinds[name]
        if not isinstance(lister, ListsFiles):
            return {"refusal": f"the files of {name} cannot be listed"}
        join = Join(named[name], kind.REFERENCED[name], windows.get(name), differences.get(name), at_source)
        references = rows[1] if rows and rows[0] == name else iter(())
        for references_of_key, file in pairs(references, lister.files(access.on(named[name]))):
            join.take(references_of_key, file)
        data[name] = {**join.data()}
        if rows and rows[0] == name:
            rows = next(by_component, None)
    if rows is not None:
        raise CouldNotAsk(f"rows name files of {rows[0]}, out of order or not declared as referenced")
    return data


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a row without its file, another size, a file without row that had one at the source. UNKNOWN: not
    compared, no rows at all, or too much that changed while the backup ran to tell it from a loss."""
    seen, source = _data(record.seen("reference_parity")), _data(record.at_source("reference_parity"))
    if not seen or "refusal" in seen:
        return Judgement(
            Outcome.UNKNOWN, EXPECTED, str((seen or {}).get("refusal", "rows and files were not compared"))
        )
    parts = [part for part in seen.values() if isinstance(part, dict)]
    before = [part for part in (source or {}).values() if isinstance(part, dict)]
    rows, files = sum(_count(part, "rows") for part in parts), sum(_count(part, "files") for part in parts)
    wrong = list(_losses(parts, before))
    count = sum(_of(part, kind)[0] for part in parts for kind in ("missing", "size"))
    orphans, orphan_count = _orphans(parts, before)
    wrong += [f"file without row: {name}" for name in orphans]
    unclear = [f"undecided: {name}" for part in parts for name in _of(part, "undecided")[1]]
    unclear_count = sum(_of(part, "undecided")[0] for part in parts) + orphan_count - len(orphans)
    if wrong:
        found = f"{count + len(orphans)} do not agree: {joined(wrong, 3)}"
        return Judgement(Outcome.FAIL, EXPECTED, found, wrong, count + len(orphans))
    if unclear_count:
        found = f"{unclear_count} of which it cannot be told whether the backup or its restore lost them or their row"
        return Judgement(
            Outcome.UNKNOWN, EXPECTED, f"{found}: {joined(unclear, 3)}" if unclear else found, unclear, unclear_count
        )
    if not rows:
        return Judgement(
            Outcome.UNKNOWN, EXPECTED, f"no row names a file ({files:,} files): nothing that could disagree"
        )
    good = f"{rows:,} rows name files that are all there, in their size"
    for kind, words in (("transient", "changed while the backup ran"), ("orphan", "had no row at the source either")):
        if listed := [name for part in parts for name in _of(part, kind)[1]]:
            good += f"; {sum(_of(part, kind)[0] for part in parts)} {words}: {joined(listed, 2)}"
    return Judgement(Outcome.PASS, EXPECTED, good)


def _losses(parts: list[dict[str, JsonValue]], before: list[dict[str, JsonValue]]) -> Iterator[str]:
    """Rows without their file and files of another size, with the words that they were so at the source."""
    for kind, words in (("missing", "row without file"), ("size", "size differs")):
        already = {name for part in before for name in _of(part, kind)[1]}
        for part in parts:
            for name in _of(part, kind)[1]:
                yield f"{words}: {name}" + (", already at the source" if name in already else "")


def _orphans(parts: list[dict[str, JsonValue]], before: list[dict[str, JsonValue]]) -> tuple[list[str], int]:
    """Names of files that lost their row on the way; and how many in all are not shown to have had none before."""
    already = {name for part in before for name in _of(part, "orphan")[1]}
    cut = any(_of(part, "orphan")[0] > len(_of(part, "orphan")[1]) for part in before)
    names = [name for part in parts for name in _of(part, "orphan")[1] if name not in already]
    beyond = sum(_of(part, "orphan")[0] - len(_of(part, "orphan")[1]) for part in parts)
    return ([] if cut or not before else names), len(names) + beyond


def _data(seen: Observation | None) -> dict[str, JsonValue] | None:
    return seen.data if seen and isinstance(seen.data, dict) else None


def _count(part: dict[str, JsonValue], name: str) -> int:
    return int(str(part[name]))


def _of(part: dict[str, JsonValue], kind: str) -> tuple[int, list[str]]:
    named = part[kind]
    assert isinstance(named, dict) and isinstance(named["first"], list)
    return int(str(named["count"])), [str(name) for name in named["first"]]
