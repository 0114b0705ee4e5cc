"""What the people of this shop know of it, asked of the restored database. See "Tests of your own" in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from harness.containers.restored import Restored


@pytest.fixture(scope="module")
def shop(restored: Restored) -> Iterator[psycopg.Connection[Any]]:
    """A connection for all tests of this file; the password is the stack's."""
    password = restored.environment("db")["POSTGRES_PASSWORD"]
    with restored.sql("db", database="shop", user="postgres", password=password) as connection:
        yield connection


@pytest.mark.parametrize("word", ["Straße", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🐘", "line breaks"])
def test_product_is_found_by_its_name(shop: psycopg.Connection[Any], word: str) -> None:
    assert shop.execute("SELECT count(*) FROM stock.product WHERE name = %s", (word,)).fetchone() == (1,)


def test_reports_see_this_year_and_nobody_else_does(shop: psycopg.Connection[Any]) -> None:
    """Rights and row security came back, and work: the role may read two columns, of this year's rows."""
    with shop.transaction(force_rollback=True):
        shop.execute("SET LOCAL ROLE reporting")
        assert shop.execute("SELECT min(happened) >= '2026-01-01' FROM stock.movement").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), shop.transaction():
            shop.execute("SELECT note FROM stock.movement")


def test_invoices_go_on_where_they_stopped(shop: psycopg.Connection[Any]) -> None:
    """A number that was given already must never be given again."""
    (number,) = shop.execute("SELECT nextval('stock.invoice_number')").fetchone() or (0,)
    assert number > 4711


def test_server_belongs_to_its_own_user(restored: Restored) -> None:
    data = restored.host("db").file("/var/lib/postgresql/data")
    assert data.is_directory
    assert (data.user, data.mode) == ("postgres", 0o700)
