"""PostgreSQL by its bridge address: the handle `Sql`."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from harness.clock import remaining_s
from harness.errors import CommandFailed, CouldNotAsk

PORT = 5432
CONNECT_TIMEOUT_S = 10
MOST_S = 1800.0  # one connection that is used outside of any step
ROWS_AT_ONCE = 10_000

# Pinned, because the text of a row depends on them (DESIGN 4); given at connection, which overrides what a
# role or a database sets. Source: PostgreSQL 15 documentation, 20.11 Client Connection Defaults.
SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_read_only": "on",
}

# Classes and codes of SQLSTATE by which a server says that it cannot answer now, not what the answer is:
# connection, resources, intervention; lock not available. Source: PostgreSQL 15, appendix A.
NO_ANSWER = ("08", "53", "57", "55P03")
NOT_NOW = ("starting up", "shutting down", "recovery mode", "too many", "remaining connection slots")
NO_TIME = "no answer by the deadline"
CURSOR_WORDS = ("select", "values", "with", "table")


class BridgeSql:
    """One connection in one read-only snapshot (repeatable read), begun by its first query.

    A query that fails ends the snapshot; the next one begins another.
    """

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], where: str, cut: threading.Event) -> None:
        self._connection = connection
        self._where = where
        self._cut = cut

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Streamed rows, 10,000 at once. Raises: CommandFailed if the server refuses, CouldNotAsk if it
        cannot be reached or cannot answer now."""
        try:
            yield from self._streamed(query, parameters)
        except psycopg.Error as error:
            if not self._connection.closed:
                self._connection.rollback()
            said = NO_TIME if self._cut.is_set() else str(error).strip()
            text = f"{self._where}: {said} (query: {' '.join(query.split())[:200]})"
            answered = is_answer(error.sqlstate) and not self._cut.is_set()
            raise (CommandFailed if answered else CouldNotAsk)(text) from error

    def _streamed(self, query: str, parameters: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        text, values = query.encode(), tuple(parameters) or None
        words = query.split(maxsplit=1)
        if not words or words[0].lower() not in CURSOR_WORDS:
            yield from self._connection.execute(text, values)
            return
        with _server_cursor(self._connection) as cursor:
            cursor.itersize = ROWS_AT_ONCE
            yield from cursor.execute(text, values)


@contextmanager
def _server_cursor(
    connection: psycopg.Connection[tuple[Any, ...]],
) -> Iterator[psycopg.ServerCursor[tuple[Any, ...]]]:
    """Closed at the end, also if the line is cut: closing it asks the server, unless the connection is closed first."""
    cursor = connection.cursor(name="portal_drill")
    try:
        yield cursor
    finally:
        try:
            cursor.close()
        except psycopg.Error:
            connection.close()
            cursor.close()


def open_connection(
    address: str, *, database: str, user: str, password: str, port: int = PORT, **settings: Any
) -> psycopg.Connection[tuple[Any, ...]]:
    """Given up by the deadline. Raises: psycopg.OperationalError."""
    return psycopg.connect(
        host=address,
        port=port,
        dbname=database,
        user=user,
        password=password,
        connect_timeout=round(remaining_s(CONNECT_TIMEOUT_S, least_s=2)),  # libpq knows no less
        **settings,
    )


@contextmanager
def connected(address: str, *, database: str, user: str, password: str, where: str) -> Iterator[BridgeSql]:
    """A connection that is closed at the end.

    Raises: CouldNotAsk if there is no way to the server; CommandFailed if it refuses the database or login.
    """
    within_s = remaining_s(math.inf, least_s=0.1)
    within_s = MOST_S if within_s == math.inf else within_s
    settings = {**SESSION, "statement_timeout": f"{within_s * 1000:.0f}ms"}
    options = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in settings.items())
    try:
        connection = open_connection(
            address,
            database=database,
            user=user,
            password=password,
            application_name="portal-drill",
            client_encoding="UTF8",
            sslmode="prefer",
            options=options,
        )
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        raise (CommandFailed if is_refusal(said) else CouldNotAsk)(f"{where}: {said}") from error
    cut = threading.Event()
    timer = threading.Timer(within_s, _cut_off, (connection, cut))
    timer.daemon = True
    timer.start()
    try:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield BridgeSql(connection, where, cut)
    finally:
        timer.cancel()
        connection.close()


def _cut_off(connection: psycopg.Connection[tuple[Any, ...]], cut: threading.Event) -> None:
    """Ends the waiting for a server that is frozen: its own time-out is frozen too."""
    with contextlib.suppress(OSError, psycopg.Error):  # it was closed meanwhile
        cut.set()
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


def is_answer(sqlstate: str | None) -> bool:
    """True if the server said what is wrong; no code at all means that the connection broke."""
    return sqlstate is not None and not sqlstate.startswith(NO_ANSWER)


def is_refusal(said: str) -> bool:
    """True if the server itself refused the connection for good (login, database): libpq gives no code here."""
    return "FATAL:" in said and not any(words in said for words in NOT_NOW)
