"""Two lists of the same content, one of the database and one of the index, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.kinds.contracts import ContentItem


def merged(
    database: Iterable[ContentItem], index: Iterable[ContentItem]
) -> Iterator[tuple[ContentItem | None, ContentItem | None]]:
    """Merge-join of two lists in order of key, in constant memory: what one lacks is None."""
    mine, theirs = iter(database), iter(index)
    one, other = next(mine, None), next(theirs, None)
    while one or other:
        if other is None or (one is not None and one.key < other.key):
            yield one, None
            one = next(mine, None)
        elif one is None or other.key < one.key:
            yield None, other
            other = next(theirs, None)
        else:
            yield one, other
            one, other = next(mine, None), next(theirs, None)


def agree(one: ContentItem, other: ContentItem) -> bool:
    """Whether two entries of one item are of the same edit, as far as both lists tell."""
    return one.revision == other.revision and (one.title == other.title or None in (one.title, other.title))


def titled(item: ContentItem) -> str:
    return f"{item.key} “{item.title}”" if item.title else item.key
