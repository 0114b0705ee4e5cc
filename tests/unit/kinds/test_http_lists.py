"""Lists and searches of a described portal, to their ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from described import LIST, PORTAL, Answers, asking, reply

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import (
    Query,
)

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
