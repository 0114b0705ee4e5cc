"""What the source itself changed between its two inventories is no fault of its backup, and no more is excused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.model.drill import Component
from harness.model.inventory import Difference, Item, ItemClass, Lines
from harness.run.inventory import began_anew, compare_inventories, highest_keys, traced
from harness.run.inventory_lines import write_inventory
from harness.run.tally import Meanwhile

STATE, APPEND, MONOTONE = ItemClass.STATE, ItemClass.APPEND, ItemClass.MONOTONE
FILES = Component(name="files", kind="file_tree", service="web", engine="tar")


def written(folder: Path, **inventories: list[Item]) -> list[Path]:
    for name, items in inventories.items():
        write_inventory(sorted(items, key=lambda one: one.sort_key), (), folder / name)
    return [folder / name for name in inventories]


def parts(difference: Difference) -> dict[str, tuple[str, ...]]:
    named = {name: getattr(difference, name) for name in ("missing", "extra", "changed", "transient")}
    return {name: part.first for name, part in named.items() if part.count}


def sequence(last: int | str, highest: int | str) -> Item:
    return Item("s", MONOTONE, "", {"last": str(last), "highest": str(highest)})


@pytest.mark.parametrize(
    ("before", "after", "restored", "good"),
    [
        # behind an id that somebody wrote long ago; others write further ids of their own during the backup
        ((5, 100), (5, 101), (5, 101), True),
        ((5, 100), (8, 100), (6, 100), True),
        ((5, 100), (8, 100), (4, 100), False),
        (("never asked", "none"), ("never asked", 3), ("never asked", 3), True),
        # an id beyond the sequence is written for the first time during the backup
        ((10, 10), (11, 500), (11, 500), True),
        ((10, 10), (11, 500), (10, 11), False),  # 11 was given by the sequence
        # given by the sequence in mid-backup: a dump reads sequences after its rows
        ((10, 10), (14, 14), (13, 12), True),
        ((10, 10), (14, 14), (12, 13), False),
        (("never asked", "none"), (3, 3), ("never asked", 2), False),
        # TRUNCATE … RESTART IDENTITY, or a sequence that cycles
        ((100, 100), (3, 3), (2, 2), True),
        ((100, 100), (3, 3), (100, 100), True),
        ((100, 100), (3, 3), (2, 3), False),
        ((100, 100), (120, 120), (99, 99), False),
        # somebody set it right during the backup
        ((5, 100), (120, 120), (5, 100), True),
        ((5, 100), (120, 120), (120, 100), True),
    ],
)
def test_sequence_may_stand_where_the_source_let_it_stand(
    tmp_path: Path,
    before: tuple[int | str, int | str],
    after: tuple[int | str, int | str],
    restored: tuple[int | str, int | str],
    good: bool,
) -> None:
    paths = written(tmp_path, b=[sequence(*before)], a=[sequence(*after)], r=[sequence(*restored)])
    assert compare_inventories(FILES, *paths).equal is good


def test_sequence_that_cycles_may_have_done_so_between_the_inventories(tmp_path: Path) -> None:
    stands = [sequence(last, "none") for last in (4, 7, 1)]
    cycles = [one._replace(attributes=one.attributes | {"cycles": "yes"}) for one in stands]
    paths = written(tmp_path, b=stands[:1], a=stands[1:2], r=stands[2:])
    assert parts(compare_inventories(FILES, *paths)).keys() == {"changed"}
    paths = written(tmp_path, b=cycles[:1], a=cycles[1:2], r=cycles[2:])
    assert parts(compare_inventories(FILES, *paths)) == {}


def log(digest: str, size: int, key: str = "log", **more: str) -> Item:
    return Item(key, APPEND, digest, {"type": "f", "size": str(size), "mode": "0644", **more})


def no_prefix(sizes: Mapping[str, int]) -> Mapping[str, str]:
    return {}


@pytest.mark.parametrize(
    ("after", "rotated", "found"),
    [
        (log("new", 3), (), "transient"),  # cut: the source's own log became shorter
        (log("new", 30), ("log",), "transient"),  # cut and written on, as the capture saw
        (log("new", 30), (), "changed"),
        (log("new", 30), ("other",), "changed"),
        (log("unreadable", 30), (), "transient"),
        (log("grown", 30, mode="0600"), (), "transient"),  # its mode was changed meanwhile
    ],
)
def test_log_that_the_source_began_anew_is_not_held_to_its_beginning(
    tmp_path: Path, after: Item, rotated: tuple[str, ...], found: str
) -> None:
    paths = written(tmp_path, b=[log("old", 10)], a=[after], r=[log("other", 2)])
    difference = compare_inventories(FILES, *paths, no_prefix, Meanwhile(frozenset(rotated)))
    assert parts(difference).keys() == {found}


def test_log_that_could_not_be_read_before_is_transient_and_must_exist(tmp_path: Path) -> None:
    paths = written(tmp_path, b=[log("unreadable", 10)], a=[log("grown", 20)], r=[log("grew", 15)], gone=[])
    assert parts(compare_inventories(FILES, *paths[:3], no_prefix)) == {"transient": ("log",)}
    assert parts(compare_inventories(FILES, paths[0], paths[1], paths[3], no_prefix)) == {"missing": ("log",)}


def test_rotated_log_must_exist(tmp_path: Path) -> None:
    paths = written(tmp_path, b=[log("old", 10)], a=[log("new", 3)], r=[])
    assert parts(compare_inventories(FILES, *paths, no_prefix)) == {"missing": ("log",)}


def test_folder_of_logs_whose_mode_changed_meanwhile_is_transient(tmp_path: Path) -> None:
    old, new = (Item("logs", APPEND, "", {"type": "d", "mode": mode}) for mode in ("0755", "0750"))
    other = Item("logs", APPEND, "", {"type": "d", "mode": "0700"})
    paths = written(tmp_path, b=[old], a=[new], r=[old], o=[other])
    assert parts(compare_inventories(FILES, *paths[:3])) == {"transient": ("logs",)}
    assert parts(compare_inventories(FILES, paths[0], paths[0], paths[3])).keys() == {"changed"}


def test_logs_that_began_anew_are_asked_for_their_beginnings(tmp_path: Path) -> None:
    before = [log("old", 10, key) for key in ("anew", "cut", "gone", "grown", "same", "unread")]
    before[5] = log("unreadable", 10, "unread")
    after = [log("new", 50, "anew"), log("new", 3, "cut"), log("more", 20, "grown"), log("old", 10, "same")]
    after += [log("new", 50, "unread"), log("new", 1, "born"), Item("state", STATE, "d", {})]
    asked: list[Mapping[str, int]] = []

    def prefixes(sizes: Mapping[str, int]) -> Mapping[str, str]:
        asked.append(dict(sizes))
        return {"anew": "of the new one", "grown": "old"}

    assert began_anew(*written(tmp_path, b=before, a=after), prefixes) == ("anew",)
    assert asked == [{"anew": 10, "grown": 10}]


def test_nothing_is_asked_where_no_log_grew(tmp_path: Path) -> None:
    def never(sizes: Mapping[str, int]) -> Mapping[str, str]:
        raise AssertionError(sizes)

    assert began_anew(*written(tmp_path, b=[log("old", 10)], a=[log("old", 10)]), never) == ()


def test_traces_are_of_the_wanted_keys_in_every_inventory(tmp_path: Path) -> None:
    one, other = Item("a", STATE, "1", {}), Item("b", STATE, "2", {})
    paths = written(tmp_path, b=[one, other], a=[other._replace(digest="3")], r=[other])
    assert dict(traced(frozenset({"a", "b", "c"}), *paths)) == {"a": ["1", None, None], "b": ["2", "3", "2"]}
    assert dict(traced(frozenset({"c"}), *paths)) == {}


def row(key: str, digest: str = "d") -> Item:
    return Item(key, STATE, digest, {})


@pytest.mark.parametrize(
    ("deleted", "found"),
    [
        ({"row/a/": 3}, {"transient": ("row/a/1", "row/a/5", "row/a/6")}),  # one was there before, two came and went
        ({"row/a/": 9, "row/": 9}, {"transient": ("row/a/1", "row/a/5", "row/a/6")}),
        ({"row/a/": 2}, {"transient": ("row/a/1",), "extra": ("row/a/5", "row/a/6")}),
        ({"row/b/": 9}, {"transient": ("row/a/1",), "extra": ("row/a/5", "row/a/6")}),
        ({}, {"transient": ("row/a/1",), "extra": ("row/a/5", "row/a/6")}),
    ],
)
def test_row_that_only_the_backup_saw_needs_a_deletion_that_the_source_counted(
    tmp_path: Path, deleted: dict[str, int], found: dict[str, tuple[str, ...]]
) -> None:
    kept = row("row/a/2")
    paths = written(tmp_path, b=[row("row/a/1"), kept], a=[kept], r=[kept, row("row/a/5"), row("row/a/6")])
    assert parts(compare_inventories(FILES, *paths, None, Meanwhile(deletions=deleted))) == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ((3000, 3001), "transient"),
        ((3000, 17), "undecided"),  # deleted last year: a table that counts its rows gives no such key again
        ((1, 2), "undecided"),
        (("x", "y"), "undecided"),
        ((1, 2, 3), "extra"),
    ],
)
def test_row_that_may_have_been_deleted_long_ago_is_not_excused_by_deletions(
    tmp_path: Path, keys: tuple[object, ...], found: str
) -> None:
    kept = [row(f"row/a/{n}") for n in (*range(1000, 2999, 7), 2999)]
    restored = [*kept, *(row(f"row/a/{key}") for key in keys)]
    paths = written(tmp_path, b=kept, a=kept, r=restored)
    difference = compare_inventories(FILES, *paths, None, Meanwhile(deletions={"row/a/": 2, "row/b/": 9}))
    counts = {name: getattr(difference, name).count for name in ("transient", "undecided", "extra")}
    above = sum(isinstance(key, int) and key > 2999 for key in keys) if found == "undecided" else 0
    assert counts == {"transient": above, "undecided": 0, "extra": 0} | {found: len(keys) - above}


def test_keys_of_a_table_that_are_no_integers_say_nothing_of_age(tmp_path: Path) -> None:
    kept = [row("row/a/10"), row("row/a/x")]
    paths = written(tmp_path, b=kept, a=kept, r=[row("row/a/1"), *kept])
    assert parts(compare_inventories(FILES, *paths, None, Meanwhile(deletions={"row/a/": 1}))).keys() == {"transient"}


def test_highest_keys_are_read_from_bundles_too(tmp_path: Path) -> None:
    bundles = b'[2,"row/a/#04d2","state",{"-7":"d","12":"d"}]\n[1,"row/b/#04d2","state",{"x":"d"}]\n'
    write_inventory([Lines(bundles), row("row/c/5")], (), tmp_path / "b")
    assert highest_keys(tmp_path / "b", ["row/a/", "row/b/"]) == {"row/a/": 12}


def test_deletions_that_may_be_of_after_the_second_inventory_decide_nothing(tmp_path: Path) -> None:
    kept = row("row/a/x")
    paths = written(tmp_path, b=[kept], a=[kept], r=[kept, row("row/a/y"), row("row/a/z")])
    for sooner, later, found in ((2, 0, "transient"), (1, 1, "undecided"), (0, 2, "undecided"), (0, 1, "extra")):
        seen = Meanwhile(deletions={"row/a/": sooner}, later_deletions={"row/a/": later})
        difference = compare_inventories(FILES, *paths, None, seen)
        assert getattr(difference, found).count == 2, (sooner, later)


@pytest.mark.parametrize(
    ("written_at", "found"),
    [
        (100.0, "transient"),
        (150.0, "transient"),
        (200.0, "transient"),
        (99.0, "extra"),
        (201.0, "extra"),
        (None, "extra"),
    ],
)
def test_file_that_only_the_backup_saw_must_say_that_it_was_written_meanwhile(
    tmp_path: Path, written_at: float | None, found: str
) -> None:
    def times(keys: object) -> Mapping[str, float]:
        assert keys == ["brief"]
        return {} if written_at is None else {"brief": written_at}

    paths = written(tmp_path, b=[row("a")], a=[row("a")], r=[row("a"), row("brief")])
    seen = Meanwhile(written=times, window_unix_s=(100.0, 200.0))
    assert parts(compare_inventories(FILES, *paths, None, seen)) == {found: ("brief",)}


def test_more_files_than_can_be_looked_up_are_too_many(tmp_path: Path) -> None:
    paths = written(tmp_path, b=[row("a")], a=[row("a")], r=[row("a"), *(row(f"b{n:05}") for n in range(1200))])
    seen = Meanwhile(written=lambda keys: dict.fromkeys(keys, 1.0), window_unix_s=(0.0, 2.0))
    difference = compare_inventories(FILES, *paths, None, seen)
    assert (difference.transient.count, difference.extra.count) == (1000, 200)
