"""What a described portal takes from answers, and options that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from described import reply
from pydantic import ValidationError

from harness.errors import CouldNotAsk
from harness.kinds.portals.http import extract, options, requests
from harness.kinds.portals.http.extract import Answer, Find, Holds, NoJson, Unmatched


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
