"""Lines that a tool made: bundles of rows, classes by rule, what is equal and need not be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import CouldNotAsk
from harness.kinds.records import whole_lines
from harness.model.drill import Component
from harness.model.inventory import FORM, ClassRule, Difference, InventoryRef, Item, ItemClass, Lines
from harness.run.inventory import compare_inventories, traced
from harness.run.inventory_lines import (
    classified,
    hold_against,
    keep_items,
    kept_items,
    read_inventory,
    write_inventory,
)
from harness.run.source_inventory import Volatile

STATE, CANARY, DISPOSABLE = ItemClass.STATE, ItemClass.CANARY, ItemClass.DISPOSABLE


def bundle(name: str, members: dict[str, str], item_class: ItemClass = STATE) -> bytes:
    return json.dumps([len(members), name, item_class, members], separators=(",", ":")).encode() + b"\n"


def line(key: str, digest: str = "d", **attributes: str) -> bytes:
    return json.dumps([key, STATE, digest, attributes], separators=(",", ":")).encode() + b"\n"


def component(*rules: ClassRule) -> Component:
    return Component(name="it", kind="any", service="db", engine="any", classes=rules)


def compared(
    folder: Path, before: list[bytes], after: list[bytes], restored: list[bytes], *rules: ClassRule
) -> Difference:
    paths = [folder / name for name in ("before", "after", "restored")]
    for path, lines in zip(paths, (before, after, restored), strict=True):
        write_inventory([Lines(b"".join(lines))], rules, path)
    return compare_inventories(component(*rules), *paths)


def test_kept_items_are_those_that_were_kept_or_nobody_can_tell(tmp_path: Path) -> None:
    items = [Item(f"release {number}", STATE, "", {"archive": f"row/{number}"}) for number in range(3)]
    kept = keep_items(tmp_path, "moved", items)
    assert [*kept_items(tmp_path, kept)] == items
    keep_items(tmp_path, "moved", items[:2])
    with pytest.raises(CouldNotAsk, match=r"moved\.jsonl\.gz is not the one that was recorded"):
        next(kept_items(tmp_path, kept))
    with pytest.raises(CouldNotAsk, match="out of order"):
        keep_items(tmp_path, "moved", reversed(items))


def test_items_of_a_bundle_are_counted_and_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "one"
    text = bundle("row/a.b/#0000", {"1": "x", '2":"': "y"}) + line("sequence/s")
    count, digest = write_inventory([Lines(text)], (), path)
    assert count == 3
    assert list(read_inventory(path)) == [
        Item("row/a.b/1", STATE, "x", {}),
        Item('row/a.b/2":"', STATE, "y", {}),
        Item("sequence/s", STATE, "d", {}),
    ]
    hold_against(path, InventoryRef(component="it", moment="before", path="one", count=count, sha256=digest, form=FORM))


def test_row_that_changed_is_missing_or_extra_is_named(tmp_path: Path) -> None:
    same = bundle("row/a.b/#0000", {"7": "x"})
    source = [same, bundle("row/a.b/#0001", {"1": "x", "2": "x"})]
    restored = [same, bundle("row/a.b/#0001", {"3": "x", "1": "y"})]
    found = compared(tmp_path, source, source, restored)
    assert (found.changed.first, found.missing.first) == (("row/a.b/1 (content)",), ("row/a.b/2",))
    assert (found.extra.first, found.source_count, found.restored_count) == (("row/a.b/3",), 3, 3)


@pytest.mark.parametrize("lost", ["before", "restored"])
def test_bundle_that_is_not_there_is_as_rows_that_are_not_there(tmp_path: Path, lost: str) -> None:
    one, other = bundle("row/a.b/#0001", {"1": "x", "2": "y"}), bundle("row/a.b/#0002", {"3": "z"})
    sides = {"before": [one, other], "after": [one, other], "restored": [one, other]}
    sides[lost] = [other]
    found = compared(tmp_path, **sides)  # type: ignore[arg-type]
    names = ("row/a.b/1", "row/a.b/2")
    assert (found.missing if lost == "restored" else found.transient).first == names
    assert (found.source_count, found.restored_count) == (3, 1 if lost == "restored" else 3)


def test_rows_of_other_classes_are_never_passed_over(tmp_path: Path) -> None:
    lines = [bundle("row/a.b/#0001", {"1": "x"}, CANARY), bundle("row/a.b/#0001", {"2": "y"})]
    found = compared(tmp_path, lines, lines, lines)
    assert (found.canary_count, found.source_count, found.equal) == (1, 2, True)
    changed = compared(tmp_path, lines, lines, [lines[0], bundle("row/a.b/#0001", {"2": "z"})])
    assert changed.changed.first == ("row/a.b/2 (content)",)


def test_equal_items_that_could_not_be_read_are_no_answer(tmp_path: Path) -> None:
    with pytest.raises(CouldNotAsk, match="could not be read"):
        compared(tmp_path, *[[line("a", "unreadable")]] * 3)


def test_name_that_looks_like_a_class_hides_nothing(tmp_path: Path) -> None:
    tricky = '","state","'
    canary = line(tricky).replace(b',"state","d"', b',"canary","d"')
    assert compared(tmp_path, [canary], [canary], [canary]).canary_count == 1


def test_rules_give_classes_to_lines_and_to_rows_of_bundles(tmp_path: Path) -> None:
    rules = (
        ClassRule(match="logs/**", item_class=DISPOSABLE, reason="because"),
        ClassRule(match="row/a.session/*", item_class=DISPOSABLE, reason="because"),
        ClassRule(match="row/a.b/1*", item_class=CANARY, reason="because"),
    )
    text = line("logs/a") + line("other") + bundle("row/a.b/#0001", {"1": "x", "2": "y"})
    write_inventory([Lines(text + bundle("row/a.session/#0001", {"1": "x"}))], rules, tmp_path / "one")
    assert [(one.key, one.item_class) for one in read_inventory(tmp_path / "one")] == [
        ("logs/a", DISPOSABLE),
        ("other", STATE),
        ("row/a.b/1", CANARY),
        ("row/a.b/2", STATE),
        ("row/a.session/1", DISPOSABLE),
    ]


def test_what_comes_and_goes_is_counted_in_lines_as_well() -> None:
    rules = (ClassRule(match="logs/**", item_class=DISPOSABLE, reason="because"),)
    volatile = Volatile()
    lines = [Lines(line("logs/a", size="7") + line("logs/b", size="5") + line("other", size="100"))]
    assert len(list(volatile.counting(classified(lines, rules)))) == 1
    assert (volatile.items, volatile.bytes) == (2, 12)


def test_bundle_that_lost_a_row_on_the_way_is_no_answer(tmp_path: Path) -> None:
    write_inventory([Lines(b'[2,"row/a.b/#0001","state",{"1":"x"}]\n')], (), tmp_path / "one")
    with pytest.raises(CouldNotAsk, match="should have 2 rows, and has 1"):
        list(read_inventory(tmp_path / "one"))


def test_lines_out_of_order_are_no_answer_where_they_differ(tmp_path: Path) -> None:
    good, bad = [line("a"), line("b"), line("c")], [line("c"), line("b"), line("a")]
    with pytest.raises(CouldNotAsk, match="out of order"):
        compared(tmp_path, good, good, bad)


def test_traces_see_what_is_equal_and_what_is_in_bundles(tmp_path: Path) -> None:
    write_inventory([Lines(bundle("row/a.b/#0001", {"1": "x", "2": "y"}))], (), tmp_path / "one")
    write_inventory([Lines(bundle("row/a.b/#0001", {"1": "x"}))], (), tmp_path / "two")
    paths = tmp_path / "one", tmp_path / "two"
    wanted = frozenset({"row/a.b/1", "row/a.b/2", "row/a.b/3"})
    assert dict(traced(wanted, *paths)) == {"row/a.b/1": ["x", "x"], "row/a.b/2": ["y", None]}


def test_lines_come_whole_however_they_are_cut() -> None:
    assert b"".join(one.text for one in whole_lines([b"ab", b"c\nd", b"e\n", b"f\n"])) == b"abc\nde\nf\n"
    assert all(one.text.endswith(b"\n") for one in whole_lines([b"ab", b"c\nd", b"e\n"]))
    with pytest.raises(CouldNotAsk, match="in the middle of a line"):
        list(whole_lines([b"a\nb"]))


rows = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["one", "two"]), max_size=8)


@settings(max_examples=200)
@given(before=rows, after=rows, restored=rows)
def test_bundles_are_compared_as_their_rows_one_by_one(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], restored: dict[str, str]
) -> None:
    """`a` to `d` lie in one bundle, the others in another one."""
    sides, plain = [], []
    for held in (before, after, restored):
        parts = [{k: v for k, v in held.items() if (k < "e") is early} for early in (True, False)]
        sides.append([bundle(f"t/#{n}", part) for n, part in enumerate(parts) if part])
        plain.append([line(f"t/{key}", digest) for key, digest in sorted(held.items())])
    assert compared(tmp_path, *sides) == compared(tmp_path, *plain)
