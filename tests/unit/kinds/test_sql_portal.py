"""The portal that is a database: its writes by psql, its reads by SQL, with handles in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import PASSWORD, FakeShell, FakeStack

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import PortalAccess, Query
from harness.kinds.portals import sql
from harness.model.drill import Portal
from harness.model.evidence import Instant, Mark
from harness.model.restore_point import Canary

MARK = Mark(name="canary_written", at=Instant(monotonic_s=1, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one"))
ROWS = [(1, "nonce1", "nonce"), (2, "x1 x3", "canary"), (3, "x2", "canary")]


class FakeSql:
    def __init__(self, rows: list[tuple[int, str, str]] | None) -> None:
        self.held = rows

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        if "to_regclass" in query:
            yield (self.held is not None,)
        elif "ANY (string_to_array" in query:
            yield from ((number,) for number, words, _ in self.held or () if parameters[0] in words.split())
        elif "kind = 'nonce'" in query:
            yield from ((words,) for _, words, kind in self.held or () if kind == "nonce")
        elif "count(*) FROM pg_tables" in query:
            yield ("shop", 0 if self.held is None else 9)
        else:
            yield from ((number, words) for number, words, _ in self.held or ())


class Database(FakeStack):
    def __init__(self, rows: list[tuple[int, str, str]] | None = None, shell: FakeShell | None = None) -> None:
        super().__init__(shell)
        self.held = rows

    @contextmanager
    def sql(self, service: str, *, database: str, user: str, password: str) -> Iterator[FakeSql]:
        assert (service, database, user, password) == ("db", "shop", "postgres", PASSWORD)
        yield FakeSql(self.held)


def access(stack: Database) -> PortalAccess:
    return PortalAccess(Portal(kind="sql", service="db", port=5432, options={"database": "shop"}), stack, None)  # type: ignore[arg-type]


def canary(number: int, token: str, ref: str | None) -> Canary:
    refs = {"database": ref} if ref else {}
    return Canary(number=number, token=token, refs=refs, acknowledged=True, mark=MARK)


@pytest.mark.parametrize(("rows", "ok"), [(ROWS, True), ([], True), (None, False)])
def test_database_without_a_table_is_not_healthy(rows: Any, ok: bool) -> None:
    assert sql.healthy(access(Database(rows))).ok is ok


def test_write_carries_values_as_variables_and_no_password() -> None:
    stack = Database(shell=FakeShell({("psql",): (0, "17\n", "")}))
    assert list(sql.write_canary(access(stack), 4, "tok'en")) == [("database", "17")]
    (argv,) = stack.the_shell.commands
    assert "words=tok'en" in argv and "ON_ERROR_STOP=1" in argv
    assert not any(PASSWORD in word for word in argv)
    assert stack.the_shell.environments[0]["PGPASSWORD"] == PASSWORD
    assert b"tok'en" not in (stack.the_shell.inputs[0] or b"")


@pytest.mark.parametrize(("code", "error"), [(1, CommandFailed), (3, CommandFailed), (2, CouldNotAsk)])
def test_lost_connection_is_indeterminate_and_anything_else_refused(code: int, error: type[Exception]) -> None:
    stack = Database(shell=FakeShell({("psql",): (code, "", "server closed the connection")}))
    with pytest.raises(error, match="server closed"):
        list(sql.write_canary(access(stack), 4, "token"))


def test_canary_is_kept_by_its_row_and_its_token() -> None:
    canaries = [
        canary(1, "x1", "2"),
        canary(2, "x2", "2"),
        canary(3, "x3", "2"),
        canary(4, "x4", "9"),
        canary(5, "x", None),
    ]
    found = list(sql.kept_canaries(access(Database(ROWS)), canaries))
    assert found == [
        (1, "database", True),
        (2, "database", False),
        (3, "database", True),
        (4, "database", False),
    ]


def test_without_the_table_everything_is_lost_and_nothing_crashes() -> None:
    stack = Database(None)
    assert list(sql.kept_canaries(access(stack), [canary(1, "x1", "2")])) == [(1, "database", False)]
    assert sql.read_nonces(access(stack)) == ()
    assert sql.search(access(stack), "x1") == frozenset()
    assert list(sql.queries(access(stack))) == []
    assert list(sql.items(access(stack))) == []


def test_searches_find_what_the_queries_ask_for() -> None:
    stack = Database(ROWS)
    queries = list(sql.queries(access(stack)))
    assert queries[0] == Query("x2", frozenset({"write:000000000003"}))
    assert all(sql.search(access(stack), query.word) == query.must for query in queries)
    assert sql.read_nonces(access(stack)) == ("nonce1",)


def test_canary_that_was_never_acknowledged_is_not_searched() -> None:
    assert sql.canary_query(canary(1, "x1", "2")) == Query("x1", frozenset({"write:000000000002"}))
    assert sql.canary_query(canary(1, "x1", None)) is None
