"""What inventories make of answers: the direction of sequences, classes of documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import FakeHttp, FakeShell, FakeStack

from harness.errors import CouldNotAsk
from harness.kinds.components import file_tree, opensearch, postgresql
from harness.kinds.contracts import ComponentAccess, HttpReply, StoredFile
from harness.model.drill import Component
from harness.model.inventory import Item, ItemClass

# ---------------------------------------------------------------- sequences of a database


class Sequences:
    """Answers the list of sequences, and which id in use is furthest in the direction that is asked for."""

    def __init__(self, last: int | None, increment: int | None, used: Sequence[int] | None) -> None:
        self.listed = ("public", "s", last, increment, "t", "public", None if used is None else "id", False)
        self.used = used or ()

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        if "c.relkind = 'S'" in query:
            yield self.listed
        elif query.startswith('SELECT max("id")'):
            yield (max(self.used, default=None),)
        elif query.startswith('SELECT min("id")'):
            yield (min(self.used, default=None),)


class Server(FakeStack):
    def __init__(self, sql: Sequences) -> None:
        super().__init__()
        self.the_sql = sql

    @contextmanager
    def sql(self, service: str, *, database: str, user: str, password: str) -> Iterator[Sequences]:
        yield self.the_sql


@pytest.mark.parametrize(
    ("last", "increment", "used", "attributes"),
    [
        (7, 1, [3, 7], {"last": "7", "highest": "7"}),
        (7, 10, [3, 9], {"last": "7", "highest": "9"}),
        (-7, -1, [-3, -7], {"last": "7", "highest": "7"}),
        (-5, -1, [-3, -7], {"last": "5", "highest": "7"}),
        (90, -1, [95, 90], {"last": "-90", "highest": "-90"}),
        (None, 1, [], {"last": "never asked", "highest": "none"}),
        (None, -1, [-4], {"last": "never asked", "highest": "4"}),
        (7, 1, None, {"last": "7", "highest": "none"}),
        (None, None, None, {"last": "never asked", "highest": "none"}),
    ],
)
def test_sequence_is_counted_in_its_own_direction(
    last: int | None, increment: int | None, used: list[int] | None, attributes: dict[str, str]
) -> None:
    component = Component(
        name="database", kind="postgresql", service="db", engine="pg_dump", options={"database": "shop"}
    )
    found = list(postgresql.inventory(ComponentAccess(component, Server(Sequences(last, increment, used)))))
    assert [(one.key, one.item_class, one.attributes) for one in found] == [
        ("sequence/public.s", ItemClass.MONOTONE, attributes)
    ]


# ---------------------------------------------------------------- documents of an index

DOCUMENTS = [{"slug": "canary-1"}, {"slug": "cache-1"}, {"slug": "home-canary"}, {"title": "canary"}, {"slug": 7}]
RULES = [
    {"field": "slug", "begins": "canary-", "item_class": "canary", "reason": "written by the drill"},
    {"field": "slug", "begins": "ca", "item_class": "disposable", "reason": "a cache"},
]


def reply(value: Any) -> HttpReply:
    return HttpReply(status=200, headers={}, body=json.dumps(value).encode())


def engine(method: str, path: str) -> HttpReply:
    hits = [{"_id": str(number), "_source": source} for number, source in enumerate(DOCUMENTS)]
    if path.endswith("/_alias"):
        return reply({"pages": {"aliases": {}}})
    if path == "/pages/_search":
        total = {"value": len(hits)}
        return reply(
            {"hits": {"hits": hits, "total": total}, "_shards": {"failed": 0}, "timed_out": False, "_scroll_id": "x"}
        )
    if path == "/pages":
        return reply({"pages": {"mappings": {}, "settings": {"index": {}}, "aliases": {}}})
    return reply({"hits": {"hits": []}, "_shards": {"failed": 0}, "_scroll_id": "x"})


@pytest.mark.parametrize(
    ("rules", "classes"),
    [
        ([], ["state"] * 6),
        (RULES, ["canary", "disposable", "state", "state", "state", "state"]),
        (RULES[::-1], ["disposable", "disposable", "state", "state", "state", "state"]),
    ],
)
def test_documents_have_the_class_of_the_first_rule_whose_letters_they_begin_with(
    rules: list[dict[str, str]], classes: list[str]
) -> None:
    options: dict[str, Any] = {"indices": ["pages"]} | ({"documents": rules} if rules else {})
    component = Component(name="search", kind="opensearch", service="search", engine="snapshot", options=options)
    found = list(opensearch.inventory(ComponentAccess(component, FakeStack(http=FakeHttp(engine)))))
    assert [one.key for one in found] == [*(f"document/pages/{n}" for n in range(5)), "index/pages"]
    assert [str(one.item_class) for one in found] == classes


def inventoried(**hit: Any) -> list[Item]:
    """An index of one document."""

    def answer(method: str, path: str) -> HttpReply:
        if path != "/pages/_search":
            return engine(method, path)
        held = {"hits": [{"_id": "1", **hit}], "total": {"value": 1}}
        return reply({"hits": held, "_shards": {"failed": 0}, "timed_out": False, "_scroll_id": "x"})

    component = Component(name="search", kind="opensearch", service="search", engine="", options={"indices": ["pages"]})
    return list(opensearch.inventory(ComponentAccess(component, FakeStack(http=FakeHttp(answer)))))  # type: ignore[arg-type]


def test_document_that_lies_at_another_shard_is_another_document() -> None:
    plain, routed, other = (
        inventoried(_source={"title": "one"}, **extra)[0].digest for extra in ({}, {"_routing": "a"}, {"_routing": "b"})
    )
    assert len({plain, routed, other}) == 3


def test_index_that_does_not_keep_its_documents_cannot_be_asked() -> None:
    with pytest.raises(CouldNotAsk, match="pages does not keep its documents"):
        inventoried()


# ---------------------------------------------------------------- files of a tree


def test_files_are_listed_with_size_and_time_and_links_that_lead_nowhere_are_not() -> None:
    listing = "a b\x01//f f 3 10.5\0c\x01//N l 9 11\0d\x01//f l 9 12\0e\x01//d l 9 12\0"
    tree = Component(name="files", kind="file_tree", service="web", engine="tar", options={"path": "/srv"})
    found = list(file_tree.files(ComponentAccess(tree, FakeStack(FakeShell({("/srv",): (0, listing, "")})))))
    assert found == [
        StoredFile("a b", 3, datetime.fromtimestamp(10.5, UTC)),
        StoredFile("d", None, datetime.fromtimestamp(12, UTC)),
    ]


# ---------------------------------------------------------------- what lived only between two inventories


def test_deletions_are_counted_by_the_beginning_of_the_keys_of_rows() -> None:
    class Counts(Sequences):
        def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
            assert "pg_stat_user_tables" in query
            yield from [("public", "page", 3), ("odd/schema", "t", 0)]

    component = Component(name="database", kind="postgresql", service="db", engine="", options={"database": "shop"})
    server = Server(Counts(None, None, None))
    found = postgresql.deletions(ComponentAccess(component, server))
    assert found == {"row/public.page/": 3, "row/odd/schema.t/": 0}


def test_deletions_of_an_index_are_counted_by_its_alias() -> None:
    def counting(method: str, path: str) -> HttpReply:
        if path.endswith("/_alias"):
            return reply({"pages_x7": {"aliases": {"pages": {}}}, "new": {"aliases": {}}})
        return reply({"indices": {"pages_x7": {"primaries": {"indexing": {"delete_total": 4}}}}})

    component = Component(name="search", kind="opensearch", service="search", engine="", options={"indices": ["*"]})
    found = opensearch.deletions(ComponentAccess(component, FakeStack(http=FakeHttp(counting))))
    assert found == {"document/pages/": 4}


def test_files_say_when_they_were_written() -> None:
    shell = FakeShell({("bash",): (0, "100\n200\n", "")})
    component = Component(name="files", kind="file_tree", service="web", engine="", options={"path": "/srv"})
    found = file_tree.written_unix_s(ComponentAccess(component, FakeStack(shell)), ["-a b", "caf\udce9"])
    assert found == {"-a b": 100.0, "caf\udce9": 200.0}
    assert shell.inputs == [b"./-a b\0./caf\xe9\0"]
