"""The portal that the drill file describes: what it takes from answers, and what it makes of those that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import FakeShell, FakeStack
from pydantic import ValidationError

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds import registry
from harness.kinds.contracts import (
    HoldsReferences,
    HttpReply,
    ListsIndex,
    NamesEndpoints,
    PortalAccess,
    Query,
    Reference,
    Reindexes,
)
from harness.kinds.portals.http import extract, options, requests
from harness.kinds.portals.http.extract import Answer, Find, Holds, NoJson, Unmatched
from harness.model.drill import Component, Portal
from harness.model.evidence import Instant, Mark
from harness.model.restore_point import Canary

MARK = Mark(name="canary_written", at=Instant(monotonic_s=1, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one"))
LIST = {"type": "page", "request": "GET /pages?after={after}", "items": "/items", "id": "/id", "revision": "/rev"}
WRITE = {"request": "POST /pages", "json": {"body": "{token}"}, "values": {"id": "/id"}, "acknowledges": {"db": {}}}
PORTAL: dict[str, Any] = {
    "title": "Pages",
    "content_tier": "db",
    "accounts": {"ann": {"user": "ann", "password": "${env:ANN}"}},
    "health": [{"request": "GET /health", "holds": [{"json": "/db", "is": "up"}]}],
    "facts": [{"request": "GET /about", "values": {"version": "/version", "licence": "/licence"}}],
    "nonce": {
        "write": [{"request": "POST /pages", "json": {"title": "nonce {nonce}"}}],
        "read": {"type": "page", "pattern": r"^nonce (\S+)$"},
    },
    "write": [WRITE],
    "edit": [{"request": "PUT /pages/{id}", "json": {"body": "{token}"}, "acknowledges": {"db": {}}}],
    "read": {"db": {"request": "GET /pages/{id}", "absent": [404], "holds": [{"json": "/body", "text": "{token}"}]}},
    "content": [{**LIST, "title": "/title", "total": "/total"}],
    "search": [{"type": "page", "request": "GET /find?q={query}", "items": "/items", "id": "/id", "total": "/total"}],
    "canary": {"type": "page", "id": "{id}"},
}
Asked = tuple[str, dict[str, Any]]


class Answers:
    """An `Http` that answers by method and path, and keeps what it was asked."""

    def __init__(self, by: Mapping[str, Any] | Callable[[str], Any]) -> None:
        self.by, self.asked = by, list[Asked]()

    def request(self, method: str, path: str, **given: Any) -> HttpReply:
        self.asked.append((f"{method} {path}", given))
        found = self.by(f"{method} {path}") if callable(self.by) else self.by[f"{method} {path}"]
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, HttpReply) else reply(found)


class Stack(FakeStack):
    def __init__(self, answers: Answers, shell: FakeShell | None = None) -> None:
        super().__init__(shell)
        self.answers, self.places = answers, list[tuple[str, int]]()

    def http(self, service: str, port: int) -> Any:
        self.places.append((service, port))
        return self.answers

    def resolved(self, text: str) -> str:
        return text.replace("${env:ANN}", "Ann-4711")


class Drill:
    """What the adapter asks of a drill."""

    def __init__(self, *rebuilt: str) -> None:
        self.components = (
            Component(name="db", kind="file_tree", service="files", engine="tar", options={"path": "/d"}),
        )
        self._rebuilt = rebuilt

    def component(self, name: str) -> Component:
        return next(one for one in self.components if one.name == name)

    def rebuilt(self) -> tuple[str, ...]:
        return self._rebuilt


def reply(body: object, status: int = 200, **headers: str) -> HttpReply:
    return HttpReply(status, headers, body.encode() if isinstance(body, str) else json.dumps(body).encode())


def asking(answers: Any, shell: FakeShell | None = None, drill: Drill | None = None, **changes: Any) -> Any:
    """(kind, access) of the portal with some options changed."""
    given = Answers(answers) if not isinstance(answers, Answers) else answers
    portal = Portal(kind="http", service="web", port=80, options={**PORTAL, **changes})
    access = PortalAccess(portal, Stack(given, shell), drill or Drill())  # type: ignore[arg-type]
    return registry.portal_of(portal), access


def canary(token: str, **values: str) -> Canary:
    return Canary(number=1, token=token, refs={"db": json.dumps(values)}, acknowledged=True, mark=MARK)


# ---------------------------------------------------------------- the language


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("/a/b", "1"), ("/list/1", "two"), ("/a~1b", "slash"), ("/m~0n", "tilde"), ("/flag", "true"), ("/a", '{"b": 1}')],
)
def test_pointer_leads_to_a_value(pointer: str, found: str) -> None:
    body = {"a": {"b": 1}, "list": ["one", "two"], "a/b": "slash", "m~n": "tilde", "flag": True}
    assert extract.find(Answer(reply(body)), Find(json=pointer)) == found


@pytest.mark.parametrize("pointer", ["/b", "/list/2", "/list/x", "/nothing", "/list/-1", "/text/0"])
def test_pointer_that_leads_nowhere_is_no_empty_value(pointer: str) -> None:
    body = {"list": ["one", "two"], "nothing": None, "text": "abc"}
    with pytest.raises(Unmatched):
        extract.find(Answer(reply(body)), Find(json=pointer))


def test_body_that_is_no_json_could_not_be_asked() -> None:
    with pytest.raises(NoJson) as caught:
        extract.find(Answer(reply("<h1>Error</h1>")), Find(json="/a"))
    assert isinstance(caught.value, CouldNotAsk)


def test_pattern_gives_its_group_and_html_as_plain_text() -> None:
    page = reply('<h1 class="t">Ham &amp; eggs</h1>', **{"content-type": "text/html"})
    assert extract.find(Answer(page), Find(pattern="<h1[^>]*>(.*?)</h1>")) == "Ham & eggs"
    assert extract.find(Answer(page), Find(pattern="Ham")) == "Ham"


def test_header_and_pattern_in_it() -> None:
    made = reply("", 201, location="/pages/17")
    assert extract.find(Answer(made), Find(header="Location", pattern="/pages/([0-9]+)")) == "17"
    with pytest.raises(Unmatched):
        extract.find(Answer(made), Find(header="X-Total"))


@pytest.mark.parametrize(
    ("holds", "good"),
    [
        ({"json": "/n", "is": 1}, True),
        ({"json": "/n", "is": 2}, False),
        ({"json": "/flag", "is": True}, True),
        ({"json": "/words", "text": "{token}"}, True),
        ({"json": "/words", "text": "x1"}, False),
        ({"text": "x12"}, True),
        ({"json": "/empty"}, False),
        ({"json": "/gone"}, False),
        ({"pattern": "x{token}"}, False),
    ],
)
def test_what_an_answer_holds(holds: dict[str, Any], good: bool) -> None:
    body = {"n": 1, "flag": True, "words": "first x12 last", "empty": ""}
    said = extract.held(Answer(reply(body)), Holds.model_validate(holds), {"token": "x12"})
    assert (said is None) == good, said


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Find, {}),
        (Find, {"json": "id"}),
        (Find, {"json": "/a~2"}),
        (Find, {"json": "/a", "header": "X"}),
        (Find, {"pattern": "("}),
        (Holds, {}),
        (requests.Request, {"request": "FETCH /"}),
        (requests.Request, {"request": "GET /a b"}),
        (requests.Request, {"request": "POST /a", "json": {}, "form": {"a": "b"}}),
        (requests.Account, {"user": "ann"}),
        (requests.ReadStep, {"request": "GET /", "file": "a"}),
        (requests.Health, {"request": "GET /health", "holds": []}),
        (options.Reindex, {}),
    ],
)
def test_wrong_options_are_refused(model: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(wrong)


# ---------------------------------------------------------------- what the options make of the kind


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


def test_nonces_come_by_time() -> None:
    rows = [(3, "nonce b", "2026-11-21T10:00:00Z"), (1, "nonce c", "2026-11-21T11:00:00Z"), (2, "other", "2026-11-20")]
    page = {"items": [{"id": n, "rev": 1, "title": t, "when": w} for n, t, w in rows]}
    answers = {"GET /pages?after=0": page, "GET /pages?after=2": {"items": []}}
    kind, access = asking(answers, content=[{**LIST, "title": "/title", "committed": "/when"}])
    assert kind.read_nonces(access) == ("b", "c")


# ---------------------------------------------------------------- lists


def numbered(count: int, size: int, way: str) -> Callable[[str], Any]:
    """An application with `count` items, `size` on a page; `way` is the parameter that its pages go by."""

    def answer(asked: str) -> Any:
        given = int(asked.rpartition(f"{way}=")[2] or 0)
        first = {"after": given, "offset": given, "page": (given - 1) * size}.get(way, given)
        page = [{"id": n + 1, "rev": 1, "title": f"t{n}"} for n in range(first, min(count, first + size))]
        more = f"http://elsewhere/pages?next={first + size}" if first + size < count else None
        return {"items": page, "total": count, "more": more}

    return answer


@pytest.mark.parametrize("way", ["after", "offset", "page", "next"])
@pytest.mark.parametrize("count", [0, 3, 20, 21])
def test_every_way_to_the_next_page_reaches_the_end(way: str, count: int) -> None:
    listing = {**LIST, "total": "/total", "request": f"GET /pages?{way}={{{way}}}"}
    if way == "next":
        listing |= {"request": "GET /pages?next=0", "next": "/more"}
    kind, access = asking(numbered(count, 10, way), content=[listing])
    assert [item.key for item in kind.items(access)] == [f"page:{n + 1:012d}" for n in range(count)]


def test_list_that_misses_its_total_could_not_be_asked() -> None:
    answers = {"GET /pages?after=0": {"items": [], "total": 3}}
    kind, access = asking(answers)
    with pytest.raises(CouldNotAsk, match="gave 0 items and stated 3"):
        list(kind.items(access))


def test_list_that_gives_its_first_page_again_could_not_be_asked() -> None:
    kind, access = asking(lambda asked: {"items": [{"id": 1, "rev": 1, "title": ""}], "total": 1})
    with pytest.raises(CouldNotAsk, match="gives 1 twice"):
        list(kind.items(access))


@pytest.mark.parametrize("answer", [{"items": {}}, {"pages": []}, {"items": [{"rev": 1}]}, "<h1>Error</h1>"])
def test_answer_of_another_form_is_never_an_empty_list(answer: Any) -> None:
    kind, access = asking({"GET /pages?after=0": answer}, content=[{**LIST, "title": "/title"}])
    with pytest.raises(CouldNotAsk):
        list(kind.items(access))


def test_refused_list_is_refused_and_a_page_too_far_may_end_it() -> None:
    kind, access = asking({"GET /pages?after=0": reply("", 403)})
    with pytest.raises(CommandFailed):
        list(kind.items(access))
    listing = {**LIST, "request": "GET /pages?page={page}", "total": "/total", "end": [404]}
    answers = {"GET /pages?page=1": {"items": [{"id": "b", "rev": 1}], "total": 1}, "GET /pages?page=2": reply("", 404)}
    kind, access = asking(answers, content=[listing])
    assert [item.key for item in kind.items(access)] == ["page:b"]


def test_list_in_html() -> None:
    rows = "".join(f'<li data-rev="{n}"><a href="/p/{n}">T&eacute;{n}</a></li>' for n in (1, 2))
    page = reply(f"<p>2 pages</p><ul>{rows}</ul>", **{"content-type": "text/html; charset=utf-8"})
    listing = {
        "type": "page",
        "request": "GET /pages",
        "items": {"pattern": "<li.*?</li>"},
        "total": {"pattern": "([0-9]+) pages"},
        "id": {"pattern": 'href="/p/([0-9]+)"'},
        "revision": {"pattern": 'data-rev="([0-9]+)"'},
        "title": {"pattern": ">([^<]+)</a>"},
    }
    kind, access = asking({"GET /pages": page}, content=[listing])
    assert [(item.key, item.revision, item.title) for item in kind.items(access)] == [
        ("page:000000000001", "1", "Té1"),
        ("page:000000000002", "2", "Té2"),
    ]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-11-21T10:00:00+02:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21T10:00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("1795255200.5", datetime(2026, 11, 21, 10, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_times(text: str, when: datetime) -> None:
    answers = {"GET /pages?after=0": {"items": [{"id": 1, "rev": 1, "at": text}]}, "GET /pages?after=1": {"items": []}}
    kind, access = asking(answers, content=[{**LIST, "committed": "/at"}])
    assert [item.committed_utc for item in kind.items(access)] == [when]


# ---------------------------------------------------------------- searches


def test_search_asks_for_every_page_up_to_a_total_that_counts_ghosts() -> None:
    searching = [{**PORTAL["search"][0], "request": "GET /find?q={query}&from={offset}", "size": 2}]
    pages = {"0": [1], "2": [], "4": [5]}  # hits whose items are gone are left out of pages, not of the total
    answers = Answers(lambda asked: {"items": [{"id": n} for n in pages[asked.rpartition("=")[2]]], "total": 5})
    kind, access = asking(answers, search=searching)
    assert kind.search(access, "two words") == {"page:000000000001", "page:000000000005"}
    assert answers.asked[0][0] == "GET /find?q=two%20words&from=0"


def test_search_without_pages_that_states_more_could_not_be_asked() -> None:
    kind, access = asking({"GET /find?q=a": {"items": [{"id": 1}], "total": 2}})
    with pytest.raises(CouldNotAsk, match="gave 1 hits and stated 2"):
        kind.search(access, "a")


def page_of_texts() -> dict[str, Any]:
    texts = ["green apples", "green pears", "yellow pears"]
    items = [{"id": n, "rev": 1, "title": text, "body": "harvest"} for n, text in enumerate(texts, 1)]
    return {"GET /pages?after=0": {"items": items}, "GET /pages?after=3": {"items": []}}


def test_words_are_sought_with_what_must_be_found() -> None:
    listing = {**LIST, "title": "/title", "text": ["/title", "/body"]}
    kind, access = asking(page_of_texts(), content=[listing])
    queries = {query.word: query for query in kind.queries(access)}
    assert queries["harvest"] == Query("harvest", frozenset(f"page:{n:012d}" for n in (1, 2, 3)))


def test_titles_alone_leave_other_listed_hits_open_but_no_ghost() -> None:
    kind, access = asking(page_of_texts(), content=[{**LIST, "title": "/title"}])
    queries = {query.word: query for query in kind.queries(access)}
    assert "harvest" not in queries
    green = queries["green"]
    assert green.must | green.may == {f"page:{n:012d}" for n in (1, 2, 3)} and len(green.must) == 2
    assert "page:000000000004" not in green.may


def test_text_that_the_list_has_not_is_asked_item_by_item_as_the_plain_user() -> None:
    answers = Answers({**page_of_texts(), **{f"GET /pages/{n}": {"body": "harvest"} for n in (1, 2, 3)}})
    listing = {**LIST, "title": "/title", "detail": {"request": "GET /pages/{id}", "text": ["/body"]}}
    kind, access = asking(answers, content=[listing], search=[{**PORTAL["search"][0], "as": "ann", "avoid": ["green"]}])
    assert [query.word for query in kind.queries(access)] == ["harvest"]
    assert {given["auth"] for _, given in answers.asked} == {("ann", "Ann-4711")}


# ---------------------------------------------------------------- around the content


class Rows(Stack):
    """Every query is answered by the same rows."""

    def __init__(self, *rows: tuple[Any, ...], shell: FakeShell | None = None) -> None:
        super().__init__(Answers({}), shell)
        self.held, self.asked = rows, list[str]()

    @contextmanager
    def sql(self, service: str, *, database: str, user: str, password: str) -> Iterator[Any]:
        assert (service, database, password) == ("db", "portal", "Postgres-4711")
        yield self

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        self.asked.append(query)
        yield from self.held


def around(stack: Rows, **options: Any) -> Any:
    drill = Drill()
    rows = Component(name="rows", kind="postgresql", service="db", engine="pg_dump", options={"database": "portal"})
    drill.components = (*drill.components, rows)
    portal = Portal(kind="http", service="web", port=80, options={**PORTAL, **options})
    return registry.portal_of(portal), PortalAccess(portal, stack, drill)  # type: ignore[arg-type]


def test_rows_name_files_in_byte_order() -> None:
    stack = Rows(("b", None, "page/1"), ("a/ä", 7, "page/2"), ("", 1, "page/3"))
    one = {"component": "db", "files": ["**"], "database": "rows", "query": "SELECT 'a%', 1, 'x';"}
    kind, access = around(stack, references=[one])
    assert isinstance(kind, HoldsReferences) and kind.REFERENCED == {"db": ("**",)}
    assert list(kind.references(access)) == [Reference("db", "a/ä", "page/2", 7), Reference("db", "b", "page/1")]
    assert stack.asked == ["SELECT * FROM (SELECT 'a%%', 1, 'x') AS asked (key, size, origin) ORDER BY origin"]


def test_configuration_names_hosts_in_files_and_rows() -> None:
    text = "/d/a.properties\x001:mail.host=mail.example.com\n/d/a.properties\x002:password=Geheim-4711\n"
    stack = Rows(("site/1", "hostname=www.example.com:8443"), shell=FakeShell({("bash",): (0, text, "")}))
    files, rows = {"component": "db", "files": ["*.properties"]}, {"database": "rows", "query": "SELECT 'a', 'b'"}
    kind, access = around(stack, configuration=[files, rows])
    assert isinstance(kind, NamesEndpoints)
    found = [(one.host, one.port, one.where) for one in kind.endpoints(access)]
    assert found == [("mail.example.com", None, "/d/a.properties:1"), ("www.example.com", 8443, "site/1")]
    assert stack.the_shell.commands[0][-2:] == ("/d", "*.properties")


def test_portal_without_them_does_not_offer_them() -> None:
    kind, _ = asking({})
    assert not isinstance(kind, HoldsReferences | NamesEndpoints)
