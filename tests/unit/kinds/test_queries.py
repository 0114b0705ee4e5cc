"""Words to search for: what must be found is certain, what may be found is not judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.kinds.contracts import Query
from harness.kinds.queries import MOST, choose_queries


def queries(texts: dict[str, str], avoid: frozenset[str] = frozenset()) -> dict[str, Query]:
    return {query.word: query for query in choose_queries(lambda: texts.items(), avoid)}


def test_word_between_blanks_must_be_found_and_inside_a_word_may_be() -> None:
    found = queries({"1": "the backup of today", "2": "no backups here", "3": "back-up", "4": "nothing"})
    assert found["backup"] == Query("backup", frozenset({"1"}), frozenset({"2"}))


@pytest.mark.parametrize("text", ["a word.", "word, a b", "(word) x", "x word;", "WORD", "a\nword\na"])
def test_word_beside_a_sign_that_ends_words_is_certain(text: str) -> None:
    assert queries({"1": text, "2": "some words"})["word"].must == {"1"}


@pytest.mark.parametrize("text", ["word's", "word-like", "word_like", "a.word", "word@example", "Wörd", "word2"])
def test_word_beside_a_sign_that_may_join_words_is_never_certain(text: str) -> None:
    found = queries({"1": text, "2": "the word"})["word"]
    assert found.must == {"2"}


def test_words_cover_every_item_that_has_a_certain_word() -> None:
    texts = {f"{n:03}": f"own{chr(97 + n % 26)}{chr(97 + n // 26)}word common{chr(97 + n % 5)}" for n in range(100)}
    found = queries(texts)
    assert set().union(*(query.must for query in found.values())) == set(texts)
    assert len(found) <= MOST


def test_words_to_avoid_are_never_chosen() -> None:
    assert "backup" not in queries({"1": "backup restore"}, frozenset({"backup"}))


def test_no_text_gives_no_query() -> None:
    assert queries({}) == {}
    assert queries({"1": "", "2": "a b c 1 2 3"}) == {}


@pytest.mark.parametrize(("room", "readings"), [(10_000, 1), (10, 3)])
def test_texts_are_read_once_if_there_is_room_and_else_anew_each_time(
    monkeypatch: pytest.MonkeyPatch, room: int, readings: int
) -> None:
    texts = {str(number): f"common word and own{'abcdefgh'[number]}word, Common" for number in range(8)}
    read = list[int]()

    def reading() -> Iterator[tuple[str, str]]:
        read.append(1)
        yield from texts.items()

    monkeypatch.setattr("harness.kinds.queries.KEPT", room)
    found = list(choose_queries(reading))
    assert len(read) == readings
    monkeypatch.undo()
    assert found == list(choose_queries(lambda: texts.items()))
