"""Three inventories, one comparison: every class of item, names of every kind, files that cannot be read."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import CouldNotAsk
from harness.model.drill import Component
from harness.model.inventory import FORM, ClassRule, Difference, InventoryRef, Item, ItemClass, Lines, Named, rule_of
from harness.run.inventory import began_anew, compare_inventories
from harness.run.inventory_lines import classified, hold_against, read_inventory, write_inventory
from harness.run.source_inventory import Volatile
from harness.run.tally import Meanwhile

STATE, APPEND, MONOTONE = ItemClass.STATE, ItemClass.APPEND, ItemClass.MONOTONE
REBUILDABLE, DISPOSABLE, CANARY = ItemClass.REBUILDABLE, ItemClass.DISPOSABLE, ItemClass.CANARY


def item(key: str, digest: str = "d", item_class: ItemClass = STATE, **attributes: str) -> Item:
    return Item(key, item_class, digest, attributes)


def component(*rules: ClassRule) -> Component:
    return Component(name="files", kind="file_tree", service="web", engine="tar", classes=rules)


def rule(match: str, item_class: ItemClass) -> ClassRule:
    return ClassRule(match=match, item_class=item_class, reason="because")


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[object]:
    def made(
        before: list[Item],
        after: list[Item],
        restored: list[Item],
        *rules: ClassRule,
        prefixes: object = None,
        meanwhile: Meanwhile | None = None,
        why: object = None,
    ) -> Difference:
        paths = []
        for name, items in (("before", before), ("after", after), ("restored", restored)):
            paths.append(tmp_path / f"{name}.jsonl.gz")
            write_inventory(sorted(items, key=lambda one: one.sort_key), rules, paths[-1])
        return compare_inventories(component(*rules), *paths, prefixes, meanwhile, why)  # type: ignore[arg-type]

    yield made


# ---------------------------------------------------------------- writing and reading


def test_items_are_read_as_they_were_written(tmp_path: Path) -> None:
    items = [
        item("", mode="755"),
        item('a\nb\\c"d\x00e'),
        item(os.fsdecode(b"caf\xe9"), target=os.fsdecode(b"\xff")),
        item("häuser/🐘", "e", APPEND, size="12"),
    ]
    items.sort(key=lambda one: one.sort_key)
    path = tmp_path / "deep" / "one.jsonl.gz"
    count, digest = write_inventory(items, (), path)
    assert (count, len(digest)) == (4, 64)
    assert list(read_inventory(path)) == items


def test_digest_is_of_the_lines_and_not_of_their_compression(tmp_path: Path) -> None:
    one = write_inventory([item("a")], (), tmp_path / "one")
    assert one == write_inventory([item("a")], (), tmp_path / "two")
    assert one != write_inventory([item("a", "other")], (), tmp_path / "three")


def test_order_is_by_bytes(tmp_path: Path) -> None:
    keys = ["Z", "a", "a-b", "a/b", "a0", "é", "\ufb01", "\U00010000"]
    assert write_inventory([item(key) for key in keys], (), tmp_path / "one")[0] == 8


@pytest.mark.parametrize("keys", [["b", "a"], ["a", "a"], ["é", "z"], ["\U00010000", "\ufb01"]])
def test_keys_that_do_not_ascend_cannot_be_compared(tmp_path: Path, keys: list[str]) -> None:
    with pytest.raises(CouldNotAsk, match="out of order"):
        write_inventory([item(key) for key in keys], (), tmp_path / "one")


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_inventory_cut_short_cannot_be_compared(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "one.jsonl.gz"
    write_inventory([item(f"{n:03}", str(hash(n))) for n in range(100)], (), path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(CouldNotAsk, match=r"one\.jsonl\.gz cannot be read"):
        list(read_inventory(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip at all",
        gzip.compress(b"no json\n"),
        gzip.compress(b"[1]\n"),
        gzip.compress(b'["a","odd","d",{}]\n'),
        gzip.compress(b'["a","state","d",{}]\n')[:-6],
        gzip.compress(b'["a","state","d",{}]\n')[:10] + b"\xff" * 40,
        gzip.compress(b'{"a": 1}\n'),
        gzip.compress(b"17\n"),
    ],
    ids=[
        "nothing",
        "no gzip",
        "no json",
        "too short",
        "no such class",
        "no trailer",
        "a flipped bit",
        "no list",
        "a number",
    ],
)
def test_unreadable_inventory_is_no_answer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "one.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(CouldNotAsk):
        list(read_inventory(path))


def test_missing_inventory_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(CouldNotAsk):
        list(read_inventory(tmp_path / "none"))


# ---------------------------------------------------------------- against the record


def recorded(path: Path, count: int, sha256: str) -> InventoryRef:
    return InventoryRef(component="files", moment="before", path=path.name, count=count, sha256=sha256, form=FORM)


def test_inventory_that_is_the_recorded_one_is_held_good(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl.gz"
    hold_against(path, recorded(path, *write_inventory([item("a"), item("b")], (), path)))
    hold_against(path, recorded(path, *write_inventory([], (), path)))


def test_inventory_of_another_form_is_not_compared(tmp_path: Path) -> None:
    path = tmp_path / "one"
    ref = recorded(path, *write_inventory([item("a")], (), path))
    for form in ("", "sha256"):
        with pytest.raises(CouldNotAsk, match="another version of portal-drill made it; take a new backup"):
            hold_against(path, ref.model_copy(update={"form": form}))


def test_inventory_that_is_not_the_recorded_one_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl.gz"
    ref = recorded(path, *write_inventory([item("a"), item("b")], (), path))
    for changed in ({"count": 3}, {"sha256": "0" * 64}):
        with pytest.raises(CouldNotAsk, match=r"one\.jsonl\.gz is not the one that was recorded at capture"):
            hold_against(path, ref.model_copy(update=changed))
    for items in ([item("a")], [item("a"), item("b", "other")], [item("a"), item("b"), item("c")], []):
        write_inventory(items, (), path)
        with pytest.raises(CouldNotAsk, match="is not the one that was recorded"):
            hold_against(path, ref)


def test_inventory_that_cannot_be_read_is_held_against_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl.gz"
    ref = recorded(path, *write_inventory([item(f"{n:03}", str(n)) for n in range(100)], (), path))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CouldNotAsk, match="cannot be read"):
        hold_against(path, ref)
    path.unlink()
    with pytest.raises(CouldNotAsk, match="cannot be read"):
        hold_against(path, ref)


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize(
    ("glob", "key", "matches"),
    [
        ("logs/**", "logs/a/b.log", True),
        ("logs/**", "logs", False),
        ("logs/*", "logs/a/b.log", False),
        ("*.pid", "server.pid", True),
        ("*.pid", "run/server.pid", False),
        ("**/*.pid", "run/server.pid", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("a[bc]", "a[bc]", True),
        ("**", "any\nthing/at all", True),
    ],
)
def test_glob(glob: str, key: str, matches: bool) -> None:
    assert (rule_of(key, [rule(glob, DISPOSABLE)]) is not None) is matches


def test_first_rule_that_matches_counts_and_an_item_that_has_a_class_keeps_it(tmp_path: Path) -> None:
    rules = (rule("logs/keep", STATE), rule("logs/**", APPEND))
    items = [item("logs/canary", item_class=CANARY), item("logs/keep"), item("logs/x")]
    write_inventory(items, rules, tmp_path / "one")
    assert [one.item_class for one in read_inventory(tmp_path / "one")] == [CANARY, STATE, APPEND]


# ---------------------------------------------------------------- comparing


def names(difference: Difference) -> dict[str, tuple[str, ...]]:
    parts = ("missing", "extra", "changed", "transient")
    return {part: found.first for part in parts if (found := getattr(difference, part)).count}


def test_equal_inventories_have_no_difference(compare) -> None:  # type: ignore[no-untyped-def]
    items = [item("a"), item("b", mode="644")]
    difference = compare(items, items, items)
    assert (difference.equal, difference.source_count, difference.restored_count) == (True, 2, 2)
    assert names(difference) == {}


def test_missing_extra_and_changed_are_named(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item("a"), item("b"), item("c", mode="644", owner="0"), item("d")]
    difference = compare(source, source, [item("b", "x"), item("c", mode="600", owner="0"), item("d"), item("e")])
    assert names(difference) == {
        "missing": ("a",),
        "extra": ("e",),
        "changed": ("b (content)", "c (mode 644 → 600)"),
    }
    assert not difference.equal


def test_attribute_that_is_gone_is_a_change(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item("a", mode="644")]
    assert names(compare(source, source, [item("a")])) == {"changed": ("a (mode 644 → none)",)}


@pytest.mark.parametrize(
    ("before", "after", "restored", "attributes", "changed"),
    [
        (("d", "7"), ("d", "7"), ("d", "6"), ("k (mode 7 → 6)",), ("k (mode 7 → 6)",)),
        (("d", "7"), ("d", "7"), ("e", "6"), ("k (mode 7 → 6)",), ("k (content, mode 7 → 6)",)),
        (("d", "7"), ("d", "7"), ("e", "7"), (), ("k (content)",)),
        (("d", "7"), ("e", "7"), ("e", "6"), ("k (mode 7 → 6)",), ("k (mode 7 → 6)",)),  # written while it ran
        (("d", "7"), ("e", "7"), ("e", "7"), (), ()),
        (("d", "7"), ("d", "6"), ("d", "5"), (), ()),  # its mode was changed while it ran
    ],
)
@pytest.mark.parametrize("item_class", [STATE, APPEND])
def test_mode_that_differs_is_never_hidden_by_a_change_of_content(
    compare, item_class: ItemClass, before: Any, after: Any, restored: Any, attributes: Any, changed: Any  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    items = [[item("k", digest, item_class, mode=mode)] for digest, mode in (before, after, restored)]
    made = compare(*items, prefixes=lambda sizes: {"k": "d"})
    assert made.attributes.first == attributes
    if item_class is STATE:
        assert made.changed.first == changed


def test_size_and_target_of_a_link_are_no_permissions(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item("a", size="1"), item("b", link="x"), item("c", owner="0:0", **{"user.note": "0x1"})]
    made = compare(source, source, [item("a", size="2"), item("b", link="y"), item("c", owner="1:1")])
    assert made.changed.count == 3
    assert made.attributes.first == ("c (owner 0:0 → 1:1, user.note 0x1 → none)",)


def test_root_without_a_name_is_called_dot(compare) -> None:  # type: ignore[no-untyped-def]
    assert names(compare([item("")], [item("")], [])) == {"missing": (".",)}


@pytest.mark.parametrize(
    ("before", "after", "restored", "where"),
    [
        ("unreadable", "unreadable", "unreadable", "after its restore"),
        ("d", "d", "unreadable", "after its restore"),
        ("", "", "unreadable", "after its restore"),
        ("unreadable", "unreadable", "d", "on the source"),
        ("unreadable", "unreadable", "", "on the source"),
    ],
)
def test_item_that_could_not_be_read_is_no_answer(
    compare, before: str, after: str, restored: str, where: str  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    with pytest.raises(CouldNotAsk, match=f"'a' could not be read {where}"):
        compare(*([item("a", digest)] if digest else [] for digest in (before, after, restored)))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [("unreadable", "d", {"transient": ("a",)}), ("d", "unreadable", {"transient": ("a",)})],
)
def test_item_that_could_be_read_once_on_the_source_is_transient(
    compare, before: str, after: str, found: object  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    assert names(compare([item("a", before)], [item("a", after)], [item("a")])) == found
    assert names(compare([item("a", before)], [item("a", after)], [])) == {"missing": ("a",)}


@pytest.mark.parametrize(
    ("before", "after", "restored", "found"),
    [
        ("", "n", "", {"transient": ("k",)}),
        ("", "n", "n", {"transient": ("k",)}),
        ("", "n", "o", {"transient": ("k",)}),
        ("o", "", "", {"transient": ("k",)}),
        ("o", "", "o", {"transient": ("k",)}),
        ("o", "n", "o", {"transient": ("k",)}),
        ("o", "n", "n", {"transient": ("k",)}),
        ("o", "n", "between", {"transient": ("k",)}),
        ("o", "n", "", {"missing": ("k",)}),
        ("o", "o", "", {"missing": ("k",)}),
        ("o", "o", "n", {"changed": ("k (content)",)}),
        ("", "", "n", {"extra": ("k",)}),
    ],
)
def test_what_changed_while_the_backup_ran(
    compare, before: str, after: str, restored: str, found: dict[str, tuple[str, ...]]  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    made = compare(*([item("k", digest)] if digest else [] for digest in (before, after, restored)))
    assert names(made) == found


@pytest.mark.parametrize("item_class", [DISPOSABLE, REBUILDABLE])
@pytest.mark.parametrize("restored", [[], [item("tmp/a", "other")], [item("tmp/a"), item("tmp/b")]])
def test_what_is_not_judged_is_counted_by_reason(compare, item_class: ItemClass, restored: list[Item]) -> None:  # type: ignore[no-untyped-def]
    difference = compare([item("tmp/a")], [item("tmp/a")], restored, rule("tmp/**", item_class))
    assert (difference.equal, difference.ignored) == (True, {f"{item_class}: because": max(1, len(restored))})


def test_an_item_that_has_its_class_from_the_component_has_its_reason_too(compare) -> None:  # type: ignore[no-untyped-def]
    rows = [item("row/session/1", item_class=DISPOSABLE), item("row/visit/1", item_class=DISPOSABLE), item("tmp/a")]
    rules = (rule("tmp/**", DISPOSABLE), rule("row/**", APPEND))
    reasons = {"row/session/1": "people log in again", "row/visit/1": ""}
    difference = compare(rows, rows, rows, *rules, why=reasons.__getitem__)
    assert difference.ignored == {
        "disposable: as the component says": 1,
        "disposable: because": 1,
        "disposable: people log in again": 1,
    }


def test_canaries_are_counted_and_judged_elsewhere(compare) -> None:  # type: ignore[no-untyped-def]
    one, two = item("a", item_class=CANARY), item("b", item_class=CANARY)
    difference = compare([], [one, two], [one])
    assert (names(difference), difference.canary_count) == ({}, 2)


@pytest.mark.parametrize(
    ("before", "after", "restored", "found"),
    [
        ((5, 5), (5, 5), (5, 5), {}),
        ((5, 5), (8, 8), (7, 7), {}),
        ((5, 5), (8, 8), (9, 3), {}),
        ((5, 5), (8, 8), (4, 4), {"changed": ("s (set back from 5 to 4)",)}),
        ((5, 5), (8, 8), (6, 7), {"changed": ("s (at 6, but 7 is in use)",)}),
        ((0, 0), (0, 0), (0, 0), {}),
        # downwards, counted in the sequence's direction: greater is further
        ((-5, -5), (-2, -2), (-3, -3), {}),
        ((-5, -5), (-2, -2), (-6, -6), {"changed": ("s (set back from -5 to -6)",)}),
        ((-5, -5), (-2, -2), (-4, -3), {"changed": ("s (at -4, but -3 is in use)",)}),
        # behind the ids in use already on the source
        ((5, 9), (5, 9), (5, 9), {}),
        ((5, 9), (5, 9), (4, 9), {"changed": ("s (set back from 5 to 4)",)}),
        # never asked, and no id in use
        (("never asked", "none"), ("never asked", "none"), ("never asked", "none"), {}),
        (("never asked", "none"), (3, 3), (2, 2), {}),
        (("never asked", "none"), (3, 3), ("never asked", "none"), {}),
        (("never asked", "none"), (3, 3), ("never asked", 2), {"changed": ("s (at never asked, but 2 is in use)",)}),
        ((5, 5), (5, 5), ("never asked", 5), {"changed": ("s (set back from 5 to never asked)",)}),
        ((5, "none"), (5, "none"), (5, "none"), {}),
    ],
)
def test_sequence_is_never_set_back_and_never_newly_behind_what_is_in_use(
    compare, before: tuple[object, object], after: tuple[object, object], restored: tuple[object, object], found: object  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    streams = [
        [item("s", "", MONOTONE, last=str(last), highest=str(highest))] for last, highest in (before, after, restored)
    ]
    assert names(compare(*streams)) == found


def test_monotone_item_that_is_no_sequence_is_compared_as_state(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item("s", "a", MONOTONE)]
    assert names(compare(source, source, source)) == {}
    assert names(compare(source, source, [item("s", "b", MONOTONE)])) == {"changed": ("s (content)",)}


def test_missing_sequence_is_missing(compare) -> None:  # type: ignore[no-untyped-def]
    one = [item("s", "", MONOTONE, last="1", highest="1")]
    assert names(compare(one, one, [])) == {"missing": ("s",)}


def log(digest: str, size: int, **more: str) -> Item:
    return item("log", digest, APPEND, type="f", size=str(size), **more)


def test_log_that_grew_is_asked_for_its_beginning(compare) -> None:  # type: ignore[no-untyped-def]
    asked: list[Mapping[str, int]] = []

    def prefixes(sizes: Mapping[str, int]) -> Mapping[str, str]:
        asked.append(dict(sizes))
        return {"log": "begin"}

    found = compare([log("begin", 10)], [log("after", 15)], [log("now", 12)], prefixes=prefixes)
    assert (names(found), found.grown) == ({}, Named(count=1, first=("log",)))  # what follows it, nobody saw
    assert (found.between.count, found.as_read_count, found.compared_count) == (0, 0, 0)
    assert asked == [{"log": 10}]


@pytest.mark.parametrize("begin", [0, 10])
def test_log_as_long_as_after_the_backup_is_that_one(compare, begin: int) -> None:  # type: ignore[no-untyped-def]
    logs = [log("begin", begin)], [log("after", 20)], [log("garbage", 20)]
    found = names(compare(*logs, prefixes=lambda sizes: dict.fromkeys(sizes, "begin")))
    assert found == {"changed": ("log (other content: 20 bytes, at the source 20 after the backup)",)}


@pytest.mark.parametrize("begin", [0, 10])
def test_log_longer_than_after_the_backup_began_anew_and_nobody_verified_it(compare, begin: int) -> None:  # type: ignore[no-untyped-def]
    """It was empty, or a header that every new one begins with: its beginning does not tell that it was rotated."""
    logs = [log("begin", begin)], [log("after", 20)], [log("of before the rotation", 21)]
    found = compare(*logs, prefixes=lambda sizes: dict.fromkeys(sizes, "begin"))
    assert (names(found), found.between.first) == ({"transient": ("log",)}, ("log",))
    assert (found.grown.count, found.as_read_count, found.compared_count) == (0, 0, 0)


@pytest.mark.parametrize("begin", [0, 10])
def test_log_longer_than_one_that_never_changed_is_undecided(compare, begin: int) -> None:  # type: ignore[no-untyped-def]
    """Rotated and empty once more, or garbage: nothing at the source says that it was rotated."""
    same = [log("begin", begin)]
    found = compare(same, same, [log("more", 21)], prefixes=lambda sizes: dict.fromkeys(sizes, "begin"))
    assert (names(found), found.undecided.first) == ({}, ("log",))
    assert (found.between.count, found.grown.count, found.compared_count) == (0, 0, 0)


def test_longer_log_that_begins_otherwise_is_changed(compare) -> None:  # type: ignore[no-untyped-def]
    logs = [log("begin", 10)], [log("after", 20)], [log("garbage", 21)]
    found = names(compare(*logs, prefixes=lambda sizes: {"log": "other"}))
    assert found == {"changed": ("log (does not begin with what it held before)",)}


def test_log_that_was_empty_has_no_beginning_that_could_verify_it(compare) -> None:  # type: ignore[no-untyped-def]
    found = compare([log("", 0)], [log("after", 20)], [log("any", 12)], prefixes=lambda sizes: {"log": ""})
    assert (names(found), found.grown.count) == ({"transient": ("log",)}, 0)


def test_what_is_volatile_is_counted_on_its_way() -> None:
    rules = (ClassRule(match="cache/**", item_class=ItemClass.REBUILDABLE, reason="made again"),)
    items = [item("cache/a", size="70"), item("cache/b", type="d"), log("begin", 10), item("state", size="5")]
    volatile = Volatile()
    passed = list(volatile.counting(classified(items, rules)))
    assert [one.key for one in passed] == [one.key for one in items]
    assert (volatile.items, volatile.bytes) == (3, 80)


def test_log_that_equals_either_source_inventory_is_not_asked_for_its_beginning(compare) -> None:  # type: ignore[no-untyped-def]
    def never(sizes: Mapping[str, int]) -> Mapping[str, str]:
        raise AssertionError(sizes)

    before, after = [log("begin", 10)], [log("after", 12)]
    assert names(compare(before, after, before, prefixes=never)) == {}
    assert names(compare(before, after, after, prefixes=never)) == {}


@pytest.mark.parametrize("answer", [{}, {"log": "other"}])
def test_log_that_begins_otherwise_or_became_shorter_is_changed(compare, answer: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    found = names(compare([log("begin", 10)], [log("begin", 10)], [log("now", 4)], prefixes=lambda sizes: answer))
    assert found == {"changed": ("log (does not begin with what it held before)",)}


def test_log_that_cannot_be_asked_for_its_beginning_is_changed(compare) -> None:  # type: ignore[no-untyped-def]
    assert names(compare([log("begin", 10)], [log("after", 12)], [log("now", 15)])).keys() == {"changed"}


def test_log_with_another_owner_is_changed(compare) -> None:  # type: ignore[no-untyped-def]
    same = [log("begin", 10, owner="0")]
    assert names(compare(same, same, [log("begin", 10, owner="7")])) == {"changed": ("log (owner 0 → 7)",)}


def test_log_that_is_missing_is_missing(compare) -> None:  # type: ignore[no-untyped-def]
    assert names(compare([log("begin", 10)], [log("begin", 10)], [])) == {"missing": ("log",)}


def test_prefixes_are_asked_in_batches(compare) -> None:  # type: ignore[no-untyped-def]
    logs = [item(f"{n:05}", "begin", APPEND, type="f", size="1") for n in range(2500)]
    grown = [one._replace(digest="now", attributes=one.attributes | {"size": "2"}) for one in logs]
    sizes: list[int] = []

    def prefixes(asked: Mapping[str, int]) -> Mapping[str, str]:
        sizes.append(len(asked))
        return dict.fromkeys(asked, "begin")

    after = [one._replace(digest="later", attributes=one.attributes | {"size": "3"}) for one in logs]
    found = compare(logs, after, grown, prefixes=prefixes)
    assert (found.equal, found.grown.count, found.transient.count) == (True, 2500, 0)
    assert sizes == [1000, 1000, 500]


def test_only_the_first_names_are_kept_and_all_are_counted(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item(f"{n:03}") for n in range(50)]
    difference = compare(source, source, [])
    assert (difference.missing.count, len(difference.missing.first)) == (50, 20)


def test_names_that_are_not_unicode_can_be_shown(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item(os.fsdecode(b"caf\xe9"))]
    difference = compare(source, source, [])
    assert difference.missing.first == ("caf\\udce9",)
    assert "caf" in difference.model_dump_json()


def test_change_of_a_name_that_is_not_unicode_can_be_shown(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item("link", target=os.fsdecode(b"caf\xe9"))]
    assert compare(source, source, [item("link", target="x")]).model_dump_json()


def test_inventory_cut_short_is_never_compared(compare, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = [item(f"{n:03}") for n in range(50)]
    compare(source, source, source)
    paths = [tmp_path / f"{name}.jsonl.gz" for name in ("before", "after", "restored")]
    paths[2].write_bytes(paths[2].read_bytes()[:-9])
    with pytest.raises(CouldNotAsk):
        compare_inventories(component(), *paths)


def most_memory(path: Path, count: int) -> int:
    write_inventory((item(f"{n:08}", "d" * 64, mode="644") for n in range(count)), (), path)
    tracemalloc.start()
    try:
        assert compare_inventories(component(), path, path, path).source_count == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_items_need_the_same_memory(tmp_path: Path) -> None:
    most_memory(tmp_path / "warm", 10)
    assert most_memory(tmp_path / "many", 30_000) < most_memory(tmp_path / "few", 3_000) + 100_000


# ---------------------------------------------------------------- what is judged at all


def test_row_that_came_back_as_neither_inventory_has_it_is_counted(compare) -> None:  # type: ignore[no-untyped-def]
    before = [item(f"row/t/{n}") for n in range(40)]
    after = [one._replace(digest="edited") if n < 20 else one for n, one in enumerate(before)]
    made = compare(before, after, [one._replace(digest="empty") if n < 20 else one for n, one in enumerate(before)])
    assert (made.equal, made.transient.count, made.between.count, made.as_read_count) == (True, 20, 20, 0)
    assert (made.judged_count, made.compared_count) == (40, 20)


@pytest.mark.parametrize(
    ("before", "after", "restored", "between"),
    [
        ("o", "n", "o", 0),
        ("o", "n", "n", 0),
        ("o", "n", "x", 1),
        ("", "n", "n", 0),
        ("", "n", "", 0),
        ("", "n", "x", 1),
        ("o", "", "o", 0),
        ("o", "", "", 0),
        ("o", "", "x", 1),
        ("unreadable", "n", "n", 0),
    ],
)
def test_what_came_back_as_before_or_after_is_not_in_between(
    compare, before: str, after: str, restored: str, between: int  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    made = compare(*([item("k", digest)] if digest else [] for digest in (before, after, restored)))
    assert (made.between.count, made.as_read_count) == (between, 1 - between)


def test_sequence_that_moved_on_is_neither_transient_nor_in_between(compare) -> None:  # type: ignore[no-untyped-def]
    stands = [[item("s", "", MONOTONE, last=str(last), highest=str(last))] for last in (3, 9, 5)]
    made = compare(*stands)
    assert (made.equal, made.transient.count, made.between.count, made.compared_count) == (True, 0, 0, 1)


def test_root_canaries_and_ignored_items_are_not_judged(compare) -> None:  # type: ignore[no-untyped-def]
    source = [item("", type="d"), item("cache/a"), item("canary", item_class=CANARY)]
    wrong = [source[0], item("canary", "wrong", CANARY)]
    made = compare(source, source, wrong, rule("cache/**", DISPOSABLE))
    assert (made.equal, made.source_count, made.judged_count, made.compared_count) == (True, 3, 0, 0)
    assert names(compare([item("", mode="755")], [item("", mode="755")], [item("", mode="700")])) == {
        "changed": (". (mode 755 → 700)",)
    }


# ---------------------------------------------------------------- against a naive comparison

keys = st.sampled_from(["", "a", "a-b", "a/b", "a0", "B", "é", "\U00010000", "\udce9"])
inventories = st.dictionaries(keys, st.sampled_from(["one", "two"]), max_size=9)
restored_ones = st.dictionaries(keys, st.sampled_from(["one", "two", "three"]), max_size=9)


@settings(max_examples=200)
@given(before=inventories, after=inventories, restored=restored_ones)
def test_merge_join_is_as_a_comparison_of_dictionaries(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], restored: dict[str, str]
) -> None:
    paths = [tmp_path / name for name in ("before", "after", "restored")]
    for path, held in zip(paths, (before, after, restored), strict=True):
        items = [item(key, digest) for key, digest in held.items()]
        write_inventory(sorted(items, key=lambda one: one.sort_key), (), path)
    difference = compare_inventories(component(), *paths)
    stable = {key for key in before.keys() & after.keys() if before[key] == after[key]}
    in_both, known = before.keys() & after.keys(), before.keys() | after.keys()
    assert difference.missing.count == len(in_both - restored.keys())
    assert difference.extra.count == len(restored.keys() - known)
    assert difference.changed.count == sum(key in restored and restored[key] != after[key] for key in stable)
    assert difference.transient.count == len(known - in_both) + len((in_both - stable) & restored.keys())
    assert difference.gone.count == len(before.keys() - after.keys())
    excused = (known - in_both) | ((in_both - stable) & restored.keys())
    neither = {key for key in excused & restored.keys() if restored[key] not in (before.get(key), after.get(key))}
    assert (difference.between.count, difference.as_read_count) == (len(neither), len(excused - neither))
    assert difference.judged_count == len(after.keys() - {""})
    assert difference.compared_count == len(after.keys() - excused - {""})
    assert (difference.source_count, difference.restored_count) == (len(after), len(restored))
    if difference.equal:
        assert all(restored.get(key) == after[key] for key in stable)


@pytest.mark.parametrize("seen", [("good", "unreadable"), ("unreadable", "good")])
def test_file_that_was_read_once_is_held_to_that(compare, seen: tuple[str, str]) -> None:  # type: ignore[no-untyped-def]
    before, after = ([item("a", digest)] for digest in seen)
    assert "changed" not in names(compare(before, after, [item("a", "good")]))
    with pytest.raises(CouldNotAsk, match="'a' could not be read on the source"):
        compare(before, after, [item("a", "bad")])


@pytest.mark.parametrize("of", [CANARY, DISPOSABLE, REBUILDABLE])
def test_damage_makes_no_item_one_that_is_not_judged(compare, of: ItemClass) -> None:  # type: ignore[no-untyped-def]
    """Classes of rows come from their contents."""
    found = names(compare([item("a")], [item("a")], [item("a", "other", of)]))
    assert found == {"changed": ("a (content)",)}


@pytest.mark.parametrize("of", [STATE, CANARY, DISPOSABLE])
def test_deletion_of_whatever_class_excuses_no_other_row(compare, of: ItemClass) -> None:  # type: ignore[no-untyped-def]
    gone = [item(f"row/t/{n}", item_class=of) for n in range(3)]
    seen = Meanwhile(deletions={"row/t/": 3})
    assert names(compare(gone, [], [item("row/t/9")], meanwhile=seen))["extra"] == ("row/t/9",)


def test_two_items_of_one_key_are_no_inventory(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one", "two", "three")]
    bundle = b'[1,"row/t/#04d2","%s",{"1":"%s"}]\n'
    for path, lines in zip(paths, (b"", b"", bundle % (b"canary", b"a") + bundle % (b"state", b"b")), strict=True):
        write_inventory([Lines(lines)], (), path)
    with pytest.raises(CouldNotAsk, match=r"three has two items 'row/t/1'"):
        compare_inventories(component(), *paths)


def test_many_logs_are_asked_for_their_beginnings_in_batches(tmp_path: Path) -> None:
    sizes: list[int] = []

    def digests(asked: Mapping[str, int]) -> Mapping[str, str]:
        sizes.append(len(asked))
        return dict.fromkeys(asked, "one")

    paths = tmp_path / "before", tmp_path / "after"
    for path, digest in zip(paths, ("one", "two"), strict=True):
        logs = (item(f"{n:05}", digest, APPEND, type="f", size="5") for n in range(2500))
        write_inventory(logs, (), path)
    assert began_anew(*paths, digests) == ()
    assert sizes == [1000, 1000, 500]
