"""Words to search for: what must be found is certain, what may be found is not judged."""

from __future__ import annotations

from collections.abc import Iterable

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


def test_texts_are_read_anew_and_never_held() -> None:
    calls = []

    def texts() -> Iterable[tuple[str, str]]:
        calls.append(True)
        return iter([("1", "restore"), ("2", "restore backup")])

    assert {query.word: set(query.must) for query in choose_queries(texts)}["restore"] == {"1", "2"}
    assert len(calls) >= 2
