"""Which rows are not plain state, which columns are not compared, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from harness.kinds.contracts import KindOptions
from harness.model.plan import NOT_COMPARED

_STALE = "a materialised view that is stale at the source: a dump does not hold its rows, and a restore makes them anew"


class RowRule(KindOptions):
    """Rows of `table` for which the SQL condition `where` holds have this class."""

    table: str = Field(description="The table, with or without its schema; of a partitioned one, all partitions.")
    where: str = Field(default="true", description="SQL condition on the row's columns; without it all rows.")
    item_class: Literal["canary", "disposable", "state"] = Field(
        description="`disposable`: not judged; `canary`: written by the drill, judged by number; `state`: equal."
    )
    reason: str = Field(description="Why; stands in the report.")


class IgnoredColumns(KindOptions):
    """Columns of `table` that are left out of a row's digest."""

    table: str = Field(description="The table, with or without its schema; of a partitioned one, all partitions.")
    columns: list[str] = Field(description="Names of the columns; they may differ, all others must be equal.")
    reason: str = Field(description="Why; stands in the report.")


def rules(rows: list[RowRule], columns: list[IgnoredColumns]) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        where = f" where {row.where}" if row.where != "true" else ""
        yield f"rows of {row.table}{where}", row.item_class, row.reason
    for left in columns:
        yield f"columns {', '.join(left.columns)} of {left.table}", NOT_COMPARED, left.reason


def why(rows: list[RowRule], key: str) -> str:
    """By the table that the key names. A partition's name does not tell whose it is: then all reasons there are."""
    disposable = [row for row in rows if row.item_class == "disposable"]
    table = key.removeprefix("row/").partition("/")[0]
    mine = [row for row in disposable if f".{table}".endswith(f".{row.table}")]
    if not mine and key.endswith("/all"):
        return _STALE
    return ", or ".join(dict.fromkeys(row.reason for row in mine or disposable))
