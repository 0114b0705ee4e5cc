"""What the options make of a described portal: its capabilities, its requests, health, facts and writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from described import LIST, PORTAL, WRITE, Answers, Drill, asking, canary, reply
from fakes import FakeShell

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import (
    CommandResult,
    ListsIndex,
    Query,
    Reindexes,
)

# ---------------------------------------------------------------- what the options make of the kind


class CutOff(FakeShell):
    """Everything that it is asked prints more than is kept."""

    def run(self, argv: Sequence[str], **more: Any) -> CommandResult:
        return replace(super().run(argv, **more), truncated=True)


def test_kind_has_what_the_options_give_it() -> None:
    kind, _ = asking({})
    assert (kind.TITLE, kind.TIERS, kind.CONTENT_TIER, kind.INDEX_TIER) == ("Pages", ("db",), "db", None)
    assert not isinstance(kind, ListsIndex | Reindexes)
    kind, _ = asking({}, index=[LIST], reindex={"command": ["rebuild"]})
    assert isinstance(kind, ListsIndex) and isinstance(kind, Reindexes)


def test_index_is_rebuilt_by_command_or_request() -> None:
    shell = FakeShell({("rebuild",): (1, "", "no index")})
    kind, access = asking({}, shell, reindex={"command": ["rebuild", "all"]})
    with pytest.raises(CommandFailed, match="no index"):
        kind.reindex(access, 60)
    answers = Answers({"POST /rebuild": reply("", 202)})
    kind, access = asking(answers, reindex={"request": {"request": "POST /rebuild", "status": [202]}})
    kind.reindex(access, 77)
    assert answers.asked[0][1]["timeout_s"] == 77


# ---------------------------------------------------------------- requests


def test_values_are_encoded_in_addresses_and_plain_elsewhere() -> None:
    answers = Answers({"PUT /pages/a%2Fb%3Fc%26d": {"id": 1}})
    kind, access = asking(answers)
    access.stack.role = "sandbox"
    assert dict(kind.edit_canary(access, canary("x1", id="a/b?c&d"), "x&2")) == {"db": '{"id": "a/b?c&d"}'}
    assert answers.asked[0][1]["body_json"] == {"body": "x&2"}


def test_account_logs_in_once_for_what_it_asks_and_keeps_its_values() -> None:
    login = [
        {"request": "GET /login", "values": {"csrf": {"pattern": 'value="([^"]+)"'}}},
        {"request": "POST /login", "form": {"u": "{user}", "p": "{password}", "c": "{csrf}"}, "status": [302]},
    ]
    person = {"user": "ann", "password": "${env:ANN}", "login": login, "headers": {"X-CSRF": "{csrf}"}}
    page = {"items": [{"id": 1, "rev": 1, "title": "a"}], "total": 1}
    answers = Answers(
        {
            "GET /login": '<input name="c" value="T">',
            "POST /login": reply("", 302),
            "GET /pages?after=0": page,
            "GET /pages?after=1": {"items": [], "total": 1},
        }
    )
    kind, access = asking(answers, accounts={"person": person}, content=[{**LIST, "as": "person", "title": "/title"}])
    assert [item.key for item in kind.items(access)] == ["page:000000000001"]
    asked = [what for what, _ in answers.asked]
    assert asked == ["GET /login", "POST /login", "GET /pages?after=0", "GET /pages?after=1"]
    assert answers.asked[1][1]["form"] == {"u": "ann", "p": "Ann-4711", "c": "T"}
    assert answers.asked[2][1]["headers"] == {"X-CSRF": "T"} and answers.asked[2][1]["auth"] is None


def test_refused_login_is_an_answer() -> None:
    login = [{"request": "POST /login", "form": {"p": "{password}"}, "status": [302]}]
    person = {"user": "ann", "password": "${env:ANN}", "login": login}
    health = [{"request": "GET /health", "as": "person", "holds": [{"text": "up"}]}]
    kind, access = asking({"POST /login": "wrong password"}, accounts={"person": person}, health=health)
    probe = kind.healthy(access)
    assert not probe.ok and "POST /login: HTTP 200, expected 302" in probe.found


# ---------------------------------------------------------------- health and facts


@pytest.mark.parametrize(
    ("answer", "good"),
    [({"db": "up"}, True), ({"db": "down"}, False), ("<h1>Welcome</h1>", False), (reply({"db": "up"}, 503), False)],
)
def test_status_alone_is_no_health(answer: Any, good: bool) -> None:
    kind, access = asking({"GET /health": answer})
    probe = kind.healthy(access)
    assert probe.ok == good and probe.found


def test_health_without_an_answer_could_not_be_asked() -> None:
    kind, access = asking({"GET /health": CouldNotAsk("refused")})
    with pytest.raises(CouldNotAsk):
        kind.healthy(access)


def test_health_that_needs_the_index_waits_for_its_rebuild() -> None:
    health = [*PORTAL["health"], {"request": "GET /find?q=a", "holds": [{"json": "/total"}], "needs_index": True}]
    kind, access = asking({"GET /health": {"db": "up"}}, drill=Drill("search"), health=health)
    with pytest.raises(KeyError):
        kind.healthy(access)  # at the source it is asked
    access.stack.role = "sandbox"
    assert kind.healthy(access).ok


def test_fact_that_is_lost_differs_and_is_a_mistake_at_the_source() -> None:
    kind, access = asking({"GET /about": {"version": "1.0"}})
    with pytest.raises(CouldNotAsk, match="licence"):
        kind.facts(access)
    probes = {probe.name: probe for probe in kind.probes(access, {"version": "1.0", "licence": "valid"})}
    assert probes["version"].ok and not probes["licence"].ok
    assert probes["licence"].found.startswith("nothing: the answer has nothing at /licence")


def test_fact_that_a_restored_portal_has_lost_is_no_reason_to_stop() -> None:
    kind, access = asking({"GET /about": {"version": "1.0"}})
    access.stack.role = "sandbox"
    assert kind.facts(access)["licence"].startswith("nothing:")


def test_refused_fact_does_not_hide_the_others() -> None:
    facts = [*PORTAL["facts"], {"request": "GET /modules", "values": {"modules": "/total"}}]
    answers = {"GET /about": {"version": "1.0", "licence": "valid"}, "GET /modules": reply("", 503)}
    kind, access = asking(answers, facts=facts)
    expected = {"version": "1.0", "licence": "valid", "modules": "3"}
    wrong = [probe.name for probe in kind.probes(access, expected) if not probe.ok]
    assert wrong == ["modules"]


# ---------------------------------------------------------------- writes


def test_tier_acknowledges_by_what_the_answer_holds() -> None:
    proof = {"db": {}, "search": {"json": "/indexed", "is": True}}
    read = {**PORTAL["read"], "search": PORTAL["read"]["db"]}
    for indexed, tiers in ((True, {"db", "search"}), (False, {"db"})):
        answers = {"POST /pages": {"id": 7, "indexed": indexed}, "GET /pages/7": {"body": "x3"}}
        kind, access = asking(answers, write=[{**WRITE, "acknowledges": proof}], read=read, index_tier="search")
        refs = dict(kind.write_canary(access, 3, "x3"))
        assert set(refs) == tiers and json.loads(refs["db"]) == {"number": "3", "id": "7"}
        query = kind.canary_query(canary("x3").model_copy(update={"refs": refs}))
        assert query == (Query("x3", frozenset({"page:000000000007"})) if indexed else None)


def test_write_without_an_id_is_not_known_and_a_refused_one_is_refused() -> None:
    kind, access = asking({"POST /pages": {"ok": True}})
    with pytest.raises(CouldNotAsk):
        dict(kind.write_canary(access, 1, "x1"))
    kind, access = asking({"POST /pages": reply("read only", 503)})
    with pytest.raises(CommandFailed, match="POST /pages: HTTP 503"):
        dict(kind.write_canary(access, 1, "x1"))


def test_read_that_does_not_find_what_the_source_has_taken_is_a_wrong_description() -> None:
    answers = {"POST /pages": {"id": 7}, "GET /pages/7": {"text": "x1"}}
    kind, access = asking(answers)
    with pytest.raises(CouldNotAsk, match="`read` does not find it"):
        dict(kind.write_canary(access, 1, "x1"))
    access.stack.role = "sandbox"  # where the same is a restored portal that loses what it takes
    assert dict(kind.write_canary(access, 1, "x1"))


def test_nonce_that_no_title_has_is_a_wrong_description() -> None:
    page = {"items": [{"id": 1, "rev": 1, "title": "Nonce one"}]}
    answers = {"POST /pages": {"id": 1}, "GET /pages?after=0": page, "GET /pages?after=1": {"items": []}}
    kind, access = asking(answers, content=[{**LIST, "title": "/title"}])
    with pytest.raises(CouldNotAsk, match="one was written, and no title of page has it"):
        kind.write_nonce(access, "one")


def test_nonce_is_found_on_a_source_on_which_people_write_meanwhile() -> None:
    page = {"items": [{"id": 1, "rev": 1, "title": "nonce one"}], "total": 2}
    answers = {"POST /pages": {"id": 1}, "GET /pages?after=0": page, "GET /pages?after=1": {"items": [], "total": 2}}
    kind, access = asking(answers)
    kind.write_nonce(access, "one")
    with pytest.raises(CouldNotAsk, match="gave 1 items and stated 2"):
        kind.read_nonces(access)


def test_use_that_the_source_does_not_offer_is_a_wrong_description() -> None:
    uses = [{"name": "front page", "request": "GET /", "holds": [{"text": "Welcome"}]}]
    answers = {"GET /about": {"version": "1.0", "licence": "valid"}, "GET /": "<h1>It works</h1>"}
    kind, access = asking(answers, uses=uses)
    with pytest.raises(CouldNotAsk, match="front page: no 'Welcome'"):
        kind.facts(access)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [({"body": "x1 x9"}, True), ({"body": "x12"}, False), (reply("", 404), False), ({}, False)],
)
def test_canary_is_kept_if_its_item_holds_the_token(answer: Any, kept: bool) -> None:
    kind, access = asking({"GET /pages/7": answer})
    assert list(kind.kept_canaries(access, [canary("x1", id="7")])) == [(1, "db", kept)]


def test_error_instead_of_an_item_is_not_a_lost_canary() -> None:
    kind, access = asking({"GET /pages/7": "<h1>Something went wrong</h1>"})
    with pytest.raises(CouldNotAsk):
        list(kind.kept_canaries(access, [canary("x1", id="7")]))
    kind, access = asking({"GET /pages/7": reply("", 500)})
    with pytest.raises(CommandFailed):
        list(kind.kept_canaries(access, [canary("x1", id="7")]))


@pytest.mark.parametrize(("said", "kept"), [((0, "x1\n", ""), True), ((0, "", ""), False), ((1, "", "no such"), False)])
def test_canary_in_a_file_is_read_where_the_component_lies(said: tuple[int, str, str], kept: bool) -> None:
    shell = FakeShell({("cat",): said})
    kind, access = asking({}, shell, read={"db": {"file": "up/{id}.txt", "holds": [{"text": "{token}"}]}})
    assert list(kind.kept_canaries(access, [canary("x1", id="7")])) == [(1, "db", kept)]
    assert shell.commands == [("cat", "--", "/d/up/7.txt")]


@pytest.mark.parametrize(
    "shell",
    [FakeShell({("cat",): (137, "", "")}), CutOff({("cat",): (0, "x" * 9, "")})],
    ids=["killed", "cut off"],
)
def test_file_that_was_not_read_to_its_end_is_not_a_lost_canary(shell: FakeShell) -> None:
    kind, access = asking({}, shell, read={"db": {"file": "up/{id}.txt", "holds": [{"text": "{token}"}]}})
    with pytest.raises(CouldNotAsk, match=r"/d/up/7\.txt was not read"):
        list(kind.kept_canaries(access, [canary("x1", id="7")]))


@pytest.mark.parametrize("status", [408, 429, 504])
def test_not_now_is_neither_a_lost_canary_nor_an_unwell_portal(status: int) -> None:
    answers = {"GET /pages/7": reply("busy", status), "GET /health": reply("busy", status)}
    kind, access = asking(answers)
    with pytest.raises(CouldNotAsk, match=f"GET /pages/7: HTTP {status}"):
        list(kind.kept_canaries(access, [canary("x1", id="7")]))
    with pytest.raises(CouldNotAsk, match=f"GET /health: HTTP {status}"):
        kind.healthy(access)
    listed = {**PORTAL["read"]["db"], "absent": [404, status]}  # unless the drill file says what it means
    kind, access = asking(answers, read={"db": listed})
    assert list(kind.kept_canaries(access, [canary("x1", id="7")])) == [(1, "db", False)]


def test_nonces_come_by_time() -> None:
    rows = [(3, "nonce b", "2026-11-21T10:00:00Z"), (1, "nonce c", "2026-11-21T11:00:00Z"), (2, "other", "2026-11-20")]
    page = {"items": [{"id": n, "rev": 1, "title": t, "when": w} for n, t, w in rows]}
    answers = {"GET /pages?after=0": page, "GET /pages?after=2": {"items": []}}
    kind, access = asking(answers, content=[{**LIST, "title": "/title", "committed": "/when"}])
    assert kind.read_nonces(access) == ("b", "c")
