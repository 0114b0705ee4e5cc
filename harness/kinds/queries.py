"""Chooses words to search for, with what must be found, from the content's own text alone.

A search engine's tokeniser and ours agree on a word that stands between blanks; where it stands inside
another word, or beside a sign that may join words, the item may or may not be found, and is not judged.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator

from harness.kinds.contracts import Query

MOST = 64
COMMON, RARE = 400, 8
VOCABULARY = 200_000
KEPT = 8 * 1024 * 1024  # characters
# Between a blank, comma, semicolon, parenthesis or the text's own ends; after it a full stop that ends a sentence may
# stand. Said by what must not stand there: it is all that the texts are searched for, again and again.
_CERTAIN = re.compile(r"(?<![^\s(,;])[a-z]{4,20}(?![^\s),;.])(?![.][^\s\d])")

Texts = Callable[[], Iterable[tuple[str, str]]]


def choose_queries(texts: Texts, avoid: Container[str] = ()) -> Iterator[Query]:
    """Greedily the words that cover most items not covered yet, and a few rare ones for exactness.

    Given: `texts` yields (key, text) and can be called again. Shape: at most 64 queries; memory is bounded by
    the vocabulary, by COMMON sets of keys, and by KEPT characters of text that are not read again.
    """
    once = _Once(texts)
    texts = once.texts
    frequency: Counter[str] = Counter()
    for _, words in once.words():
        frequency.update(sorted(words))  # so that every run chooses alike
        if len(frequency) > VOCABULARY:
            frequency = Counter(dict(frequency.most_common(VOCABULARY // 2)))
    listed = [word for word, _ in frequency.most_common() if word not in avoid]
    rare = [word for word in reversed(listed) if frequency[word] > 1][:RARE]
    candidates = dict.fromkeys((*listed[:COMMON], *rare), None)
    must: dict[str, set[str]] = {word: set() for word in candidates}
    uncovered: set[str] = set()
    for key, words in once.words():
        uncovered.add(key)
        for word in words & must.keys():
            must[word].add(key)
    chosen = _greedy(must, uncovered)
    if uncovered:  # few words in common: a sample of their own ones
        must |= _own_words(once, uncovered, avoid)
        chosen += _greedy(must, uncovered, MOST - RARE - len(chosen))
    chosen += [word for word in rare if word not in chosen][: max(0, MOST - len(chosen))]
    yield from _with_doubtful(texts, {word: must[word] for word in chosen})


class _Once:
    """Texts and their words, read once as far as they fit into memory; the rest anew each time."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._kept: list[tuple[str, str, set[str]]] | None = None

    def texts(self) -> Iterator[tuple[str, str]]:
        yield from ((key, text) for key, text, _ in self._read())

    def words(self) -> Iterator[tuple[str, set[str]]]:
        yield from ((key, words) for key, _, words in self._read())

    def _read(self) -> Iterator[tuple[str, str, set[str]]]:
        if self._kept is not None:
            yield from self._kept
            return
        kept, size = list[tuple[str, str, set[str]]](), 0
        for key, text in self._texts():
            one = key, text, _words(text)
            if (size := size + len(text)) <= KEPT:
                kept.append(one)
            else:
                kept.clear()
            yield one
        if size <= KEPT:
            self._kept = kept


def _words(text: str) -> set[str]:
    return set(map(sys.intern, _CERTAIN.findall(text.lower())))  # of words that many texts have there is one


def _own_words(once: _Once, uncovered: set[str], avoid: Container[str]) -> dict[str, set[str]]:
    """Words of items that no common word covers, with all items that have them."""
    words: set[str] = set()
    for key, its_words in once.words():
        if key in uncovered and len(words) < MOST * 4:
            words |= {word for word in its_words if word not in avoid}
    found: dict[str, set[str]] = {word: set() for word in sorted(words)}
    for key, its_words in once.words():
        for word in its_words & words:
            found[word].add(key)
    return found


def _greedy(must: dict[str, set[str]], uncovered: set[str], most: int = MOST - RARE) -> list[str]:
    chosen: list[str] = []
    while uncovered and len(chosen) < most:
        word = max(must, key=lambda word: len(must[word] & uncovered), default="")
        if not word or not must[word] & uncovered:
            break
        chosen.append(word)
        uncovered -= must[word]
    return chosen


def _with_doubtful(texts: Texts, must: dict[str, set[str]]) -> Iterator[Query]:
    may: dict[str, set[str]] = {word: set() for word in must}
    for key, text in texts():
        lowered = text.lower()
        for word, keys in must.items():
            if key not in keys and word in lowered:
                may[word].add(key)
    for word in sorted(must, key=lambda word: (len(must[word]), word)):
        yield Query(word, frozenset(must[word]), frozenset(may[word]))
