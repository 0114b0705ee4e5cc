"""What components make of their servers' answers about what lies around them, and about their own soundness."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from fakes import Answer, FakeHttp, FakeShell, FakeStack

from harness.errors import CouldNotAsk
from harness.kinds.components import _file_tree_surroundings as tree
from harness.kinds.components import _opensearch_surroundings as search
from harness.kinds.components import _postgresql_surroundings as database
from harness.kinds.components import git
from harness.kinds.contracts import ComponentAccess, HttpReply, Surrounding
from harness.model.drill import Component

# ---------------------------------------------------------------- a database server


class Server:
    """Answers the first query that holds all words of an entry; everything else with no row."""

    def __init__(self, answers: dict[str, list[tuple[Any, ...]]]) -> None:
        usual: dict[str, list[tuple[Any, ...]]] = {
            "pg_read_file": [("# MAPNAME\n",)],
            "current_setting('hba_file')": [(True,)],
            "current_setting('ident_file')": [(True,)],
        }
        self.answers = usual | answers

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        yield from next((rows for words, rows in self.answers.items() if words in query), [])


def around_database(answers: dict[str, list[tuple[Any, ...]]], in_postgres: int = 0) -> list[Surrounding]:
    @contextmanager
    def connected(name: str) -> Iterator[Server]:
        assert name == "postgres"
        yield Server({"count(*)": [(in_postgres,)]})

    return list(database.surroundings(Server(answers), "db", "shop", connected))


def wrong(found: list[Surrounding]) -> list[str]:
    return [one.name for one in found if not (one.declared or one.excused)]


@pytest.mark.parametrize(("tables", "expected"), [(0, ["database old"]), (1, ["database postgres", "database old"])])
def test_other_databases_are_found_and_an_empty_postgres_is_excused(tables: int, expected: list[str]) -> None:
    listed = [("shop", True), ("postgres", True), ("old", False)]
    assert wrong(around_database({"FROM pg_database WHERE datname NOT": listed}, tables)) == expected


def test_settings_beside_those_of_initdb_are_found() -> None:
    conf, auto = "/data/postgresql.conf", "/data/postgresql.auto.conf"
    listed = [
        ("max_connections", "100", conf),
        ("TimeZone", "Europe/Berlin", conf),
        ("shared_buffers", "8GB", conf),
        ("listen_addresses", "*", conf),
        ("work_mem", "48MB", auto),
        ("datestyle", "iso, mdy", auto),
    ]
    found = around_database({"pg_file_settings": listed})
    assert wrong(found) == ["setting db:shared_buffers", "setting db:work_mem", "setting db:datestyle"]
    assert {one.name: one.why for one in found}["setting db:work_mem"].startswith("set by ALTER SYSTEM")


def test_rules_of_access_beside_those_of_initdb_are_found() -> None:
    listed = [
        ("local", "all", "all", "", "trust"),
        ("host", "all", "all", "127.0.0.1", "255.255.255.255 md5"),
        ("host", "replication", "all", "::1", "trust"),
        ("host", "all", "all", "all", "scram-sha-256"),
        ("host", "shop", "all", "all", "trust"),
        ("local", "all", "backup", "", "peer"),
    ]
    maps = {"pg_read_file": [("# MAPNAME\n\npeople  anna shop # on leave\n",)]}
    expected = ["rule db:host shop all all trust", "rule db:local all backup peer", "rule db:map people anna shop"]
    assert wrong(around_database({"pg_hba_file_rules": listed} | maps)) == expected


def test_rules_outside_the_data_directory_are_files_of_somebody_else() -> None:
    answers = {"current_setting('hba_file')": [(False,)], "pg_hba_file_rules": [("host", "x", "y", "z", "md5")]}
    assert around_database(answers) == []


def test_places_slots_and_files_that_no_dump_holds_are_found() -> None:
    found = around_database(
        {
            "pg_tablespace_location": [("fast", "/mnt/fast")],
            "pg_ls_dir": [("/data", "base"), ("/data", "pg_wal"), ("/data", "pg_hba.conf"), ("/data", "server.key")],
            "pg_replication_slots": [("feed", "logical")],
        }
    )
    assert wrong(found) == ["tablespace fast", "file db:/data/server.key", "slot feed"]


def test_hosts_that_a_database_reads_from_are_found() -> None:
    remote = [
        ("the foreign server far", "host=far.example"),
        ("the foreign server near", "host=/run/postgresql"),
        ("the subscription feed", "host=a.example port=5432 dbname=x hostaddr=10.0.0.7"),
        ("the function f()", "select dblink('host=b.example dbname=y', 'select 1')"),
    ]
    expected = ["host far.example", "host a.example", "host 10.0.0.7", "host b.example"]
    assert wrong(around_database({"pg_foreign_server": remote})) == expected


def verified(answers: dict[str, list[tuple[Any, ...]]]) -> dict[str, bool]:
    usual = {"NOT (indisvalid": [], "checksum_failures": [(0, "off")], "pg_is_in_recovery": [(False,)]}
    return {probe.name: probe.ok for probe in database.verify(Server(usual | answers))}


def test_sound_database_is_sound() -> None:
    assert verified({}) == {"indexes": True, "checksums": True, "recovery": True}


@pytest.mark.parametrize(
    ("answers", "probe"),
    [
        ({"NOT (indisvalid": [("by_name",)]}, "indexes"),
        ({"checksum_failures": [(2, "on")]}, "checksums"),
        ({"pg_is_in_recovery": [(True,)]}, "recovery"),
    ],
)
def test_unsound_database_is_not(answers: dict[str, list[tuple[Any, ...]]], probe: str) -> None:
    assert verified(answers)[probe] is False


# ---------------------------------------------------------------- a search server


def asking(answers: dict[str, Any]) -> FakeHttp:
    def answer(method: str, path: str) -> HttpReply:
        found = next((value for begins, value in answers.items() if path.startswith(begins)), None)
        if found is None:
            return HttpReply(503, {}, b"not now")
        return HttpReply(200, {}, json.dumps(found).encode())

    return FakeHttp(answer)


STATE: dict[str, Any] = {
    "/_cat/indices": [{"index": "shop-1"}, {"index": "notes"}, {"index": ".tasks"}, {"index": ".kibana"}],
    "/_cluster/settings": {"persistent": {"action.auto_create_index": "false"}, "transient": {"a": "b"}},
    "/_cluster/state": {
        "metadata": {
            "templates": {"old": {}},
            "index_template": {"index_template": {"new": {}}},
            "component_template": {"component_template": {"part": {}}},
            "stored_scripts": {"rank": {}},
            "repositories": {"nightly": {}},
            "ingest": {"pipeline": [{"id": "clean"}]},
        }
    },
}


def test_all_that_a_snapshot_leaves_out_is_found() -> None:
    found = list(search.surroundings(asking(STATE), "search", {"shop-1"}))
    assert wrong(found) == [
        "index notes",
        "index .kibana",
        "setting search:action.auto_create_index",
        "template old",
        "template new",
        "template part",
        "script rank",
        "repository nightly",
        "pipeline clean",
    ]
    assert [one.name for one in found if one.declared] == ["index shop-1"]


def test_search_server_that_does_not_answer_was_not_surveyed() -> None:
    with pytest.raises(CouldNotAsk):
        list(search.surroundings(asking({}), "search", set()))


@pytest.mark.parametrize(("said", "excused"), [((0, "196\n", ""), 1), ((0, "230\n", ""), 0), ((1, "", "no"), 0)])
def test_keystore_that_holds_more_than_the_seed_is_not_excused(said: Answer, excused: int) -> None:
    shell = FakeShell({("stat",): said})
    assert len(list(search.keystore(shell, "search", "/etc/opensearch"))) == excused


HEALTHY: dict[str, Any] = {
    "/_cluster/health": {"status": "yellow", "indices": {"shop-1": {"status": "yellow"}}},
    "/_cat/shards": [
        {"index": "shop-1", "shard": "0", "prirep": "p", "state": "STARTED"},
        {"index": "shop-1", "shard": "0", "prirep": "r", "state": "UNASSIGNED"},
    ],
    "/_cat/indices": [{"index": "shop-1", "status": "open"}],
    "/shop-*/_settings": {"shop-1": {"settings": {"index.blocks.write": "true"}}},
}


@pytest.mark.parametrize(
    ("answers", "bad"),
    [
        ({}, []),
        ({"/_cluster/health": {"status": "red", "indices": {"shop-1": {"status": "red"}}}}, ["health"]),
        ({"/_cat/shards": [{"index": "a", "shard": "0", "prirep": "p", "state": "UNASSIGNED"}]}, ["primary shards"]),
        ({"/_cat/shards": []}, ["primary shards"]),
        ({"/_cat/indices": [{"index": "shop-1", "status": "close"}]}, ["open"]),
        (
            {"/shop-*/_settings": {"a": {"settings": {"index.blocks.read_only_allow_delete": "true"}}}},
            ["room"],
        ),
    ],
)
def test_health_of_indexes(answers: dict[str, Any], bad: list[str]) -> None:
    probes = list(search.verify(asking(HEALTHY | answers), "shop-*"))
    assert [probe.name for probe in probes if not probe.ok] == bad
    assert len(probes) == 4


# ---------------------------------------------------------------- a repository, a tree


def access(stack: FakeStack, kind: str, path: str) -> ComponentAccess:
    one = Component(name="code", kind=kind, service="web", engine="any", options={"path": path})
    return ComponentAccess(one, stack)


def test_what_a_bundle_leaves_out_is_found() -> None:
    said = "hooks/post-receive\nconfig core.bare\nconfig remote.origin.url\nLFS pointers\nworking tree\nolder stashes\n"
    found = list(git.surroundings(access(FakeStack(FakeShell({("around",): (0, said, "")})), "git", "/srv/x.git")))
    assert wrong(found) == [
        "git code:hooks/post-receive",
        "git code:config remote.origin.url",
        "git code:LFS pointers",
        "git code:working tree",
        "git code:older stashes",
    ]


@pytest.mark.parametrize(("said", "ok"), [((0, "", ""), True), ((2, "missing blob 4b825d\n", ""), False)])
def test_repository_that_fsck_complains_of_is_unsound(said: Answer, ok: bool) -> None:
    shell = FakeShell({("fsck",): said})
    assert [probe.ok for probe in git.verify(access(FakeStack(shell), "git", "/srv/x.git"))] == [ok]


def test_links_that_leave_a_tree_are_found_with_where_they_lead() -> None:
    names = ["/opt/home/in", "/opt/home/out", "/opt/home/nowhere", "/opt/home/library"]
    targets = ["/opt/home/a", "/srv/journal", "/srv/war", "/opt/home/data/documents/1"]
    shell = FakeShell(
        {
            ("-print0",): (0, "".join(f"{name}\0" for name in names), ""),
            ("readlink",): (0, "".join(f"{target}\0" for target in targets), ""),
            ("there",): (0, "/srv/journal\0/opt/home/data/documents/1\0", ""),
        }
    )
    found = list(tree.links(shell, "web", "/opt/home", ["data/documents"]))
    assert wrong(found) == ["link web:/opt/home/out", "link web:/opt/home/library"]
    assert [one.place for one in found] == targets[1:]


def test_links_that_change_while_they_are_read_were_not_surveyed() -> None:
    shell = FakeShell({("-print0",): (0, "/opt/home/a\0", "")})
    with pytest.raises(CouldNotAsk, match="change while"):
        list(tree.links(shell, "web", "/opt/home", []))


@pytest.mark.parametrize(
    ("said", "ok"), [((1, "", ""), True), ((0, "head: error reading '/x': Input/output error\n", ""), False)]
)
def test_entry_that_cannot_be_read_is_unsound(said: Answer, ok: bool) -> None:
    shell = FakeShell({("read",): said})
    assert [probe.ok for probe in tree.readable(shell, "/opt/home", [])] == [ok]


def test_tree_that_cannot_be_walked_was_not_asked() -> None:
    with pytest.raises(CouldNotAsk):
        list(tree.readable(FakeShell({("read",): (9, "", "no find")}), "/opt/home", []))
