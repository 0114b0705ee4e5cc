"""Why a row or a document is not judged: the reason that its author gave."""

from __future__ import annotations

from typing import Any

import pytest

from harness.kinds.components import opensearch, postgresql


def row(table: str, reason: str, item_class: str = "disposable", **more: str) -> dict[str, str]:
    return {"table": table, "item_class": item_class, "reason": reason, **more}


ROWS = [
    row("session", "people log in again"),
    row("stock.visit", "counted elsewhere"),
    row("visit", "old ones", where="day < now()"),
    row("visit", "written by the drill", "canary"),
]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("row/public.session/17", "people log in again"),
        ("row/stock.visit/17", "counted elsewhere, or old ones"),
        ("row/public.visit/.session/17", "old ones"),
        ("row/stock.revisit/17", "people log in again, or counted elsewhere, or old ones"),  # a partition of any
        ("row/public.session/all", "people log in again"),
        (
            "row/public.per_day/all",
            "a materialised view that is stale at the source: a dump does not hold its rows, and a restore makes them "
            "anew",
        ),
    ],
)
def test_a_row_has_the_reason_of_the_rule_for_its_table(key: str, reason: str) -> None:
    assert postgresql.why(postgresql.Options.model_validate({"database": "shop", "rows": ROWS}), key) == reason


def test_a_database_tells_its_rules_and_the_columns_that_it_leaves_out() -> None:
    columns = [{"table": "public.user", "columns": ["seen", "logins"], "reason": "each login"}]
    options: dict[str, Any] = {"database": "shop", "rows": ROWS[2:], "ignored_columns": columns}
    assert [*postgresql.rules(postgresql.Options.model_validate(options))] == [
        ("rows of visit where day < now()", "disposable", "old ones"),
        ("rows of visit", "canary", "written by the drill"),
        ("columns seen, logins of public.user", "not compared", "each login"),
    ]


def test_a_document_has_the_reasons_of_all_rules_that_may_be_its_own() -> None:
    documents = [
        {"field": "title", "begins": begins, "item_class": item_class, "reason": reason}
        for begins, item_class, reason in [
            ("a", "disposable", "one"),
            ("b", "canary", "ours"),
            ("c", "disposable", "two"),
        ]
    ]
    options = opensearch.Options.model_validate({"indices": ["*"], "documents": documents})
    assert opensearch.why(options, "document/pages/1") == "one, or two"
    assert [*opensearch.rules(options)][1] == ("documents whose title begins with 'b'", "canary", "ours")
