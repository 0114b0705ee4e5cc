"""Whose rows are judged how: those of partitions, and of materialised views that a restore makes anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench
from sample_postgresql import sql

from harness.kinds.contracts import ComponentAccess
from harness.model.frozen import JsonValue
from harness.model.inventory import ItemClass
from harness.run.inventory_lines import read_inventory, write_inventory

pytestmark = [pytest.mark.engine, pytest.mark.parametrize("kind", ["postgresql"])]

VIEW, OF_IT = "row/public.per_condition/", "row/public.of_it/"
SWAP = "UPDATE stock.product SET condition = (SELECT max(condition) FROM stock.product) WHERE id = 1"
BACK = "UPDATE stock.product SET condition = (SELECT min(condition) FROM stock.product) WHERE id = 1"
REFRESH = "REFRESH MATERIALIZED VIEW public.per_condition"


@pytest.fixture
def filled(bench: Bench) -> Iterator[Bench]:
    bench.hold()
    sql(bench.target, "ALTER TABLE stock.product DISABLE TRIGGER USER", BACK, REFRESH)
    yield bench
    bench.held, bench.latest = "", None


def classes(inventory: Path, beginning: str) -> set[ItemClass]:
    found = {item.item_class for item in read_inventory(inventory) if item.key.startswith(beginning)}
    assert found
    return found


def test_a_rule_for_a_partitioned_table_holds_for_its_partitions(filled: Bench, tmp_path: Path) -> None:
    for name in ("visit", "stock.visit"):
        rule: dict[str, JsonValue] = {"table": name, "where": "page = '/page/150'", "item_class": "disposable"}
        options: dict[str, JsonValue] = {"database": "shop", "rows": [rule | {"reason": "counted elsewhere"}]}
        access = ComponentAccess(filled.component(options=options), filled.target)
        write_inventory(filled.kind.inventory(access), (), tmp_path / name)
        assert classes(tmp_path / name, "row/stock.visit_2026/") == {ItemClass.STATE, ItemClass.DISPOSABLE}


def test_a_view_that_is_stale_at_the_source_may_be_refreshed_and_what_is_made_of_it(filled: Bench) -> None:
    sql(filled.target, "CREATE MATERIALIZED VIEW public.of_it AS SELECT max(products) FROM public.per_condition")
    assert classes(filled.inventory(), VIEW) == classes(filled.inventory(), OF_IT) == {ItemClass.STATE}
    sql(filled.target, SWAP)
    stale = filled.inventory()
    assert classes(stale, VIEW) == classes(stale, OF_IT) == {ItemClass.DISPOSABLE}
    sql(filled.target, REFRESH, "REFRESH MATERIALIZED VIEW public.of_it")
    difference = filled.difference(stale, stale, filled.inventory())
    assert difference.equal and sum(difference.ignored.values()) >= 2, difference


def test_a_view_that_was_fresh_at_the_source_is_not_excused(filled: Bench) -> None:
    fresh = filled.inventory()
    sql(filled.target, SWAP, REFRESH, BACK)
    difference = filled.difference(fresh, fresh, filled.inventory())
    assert difference.changed.first == (f"{VIEW}all (content)",), difference
    assert difference.missing.count == difference.extra.count == 0, difference


def test_a_view_whose_query_fails_is_not_excused(filled: Bench) -> None:
    sql(filled.target, "CREATE MATERIALIZED VIEW public.of_it AS SELECT 1 / id AS x FROM stock.never_used",
        "INSERT INTO stock.never_used VALUES (0)")  # fmt: skip
    assert classes(filled.inventory(), VIEW) == {ItemClass.STATE}
