"""Lists of content, of the index and of hits, to their stated totals; words to search for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryFile

from harness.errors import CouldNotAsk
from harness.kinds.contracts import ContentItem, PortalAccess, Query
from harness.kinds.portals._installation import rows, subquery
from harness.kinds.portals.http.client import Client, path_of
from harness.kinds.portals.http.extract import PLACE, Answer, Unmatched, Values, filled, find, find_list
from harness.kinds.portals.http.options import Content, Listing, Options, Paged, Searching
from harness.kinds.portals.http.requests import Request
from harness.kinds.queries import choose_queries

DIGITS = 12
BY_NUMBER = frozenset({"after", "offset", "page"})


def item_key(kind: str, item_id: str) -> str:
    """`page:000000000017`: numbers are padded, so that byte order is their order; other ids stand as they are."""
    return f"{kind}:{item_id.zfill(DIGITS) if item_id.isdecimal() and item_id.isascii() else item_id}"


def places(request: Request) -> frozenset[str]:
    """Every name that stands in braces in the request."""
    body = json.dumps([request.body, request.headers, request.form], ensure_ascii=False)
    files = [text for one in (request.files or {}).values() for text in (one.name, one.content)]
    return frozenset(PLACE.findall("\n".join((request.path, body, *files))))


def inventory_keys(options: Options, key: str) -> dict[str, str]:
    """Where the inventories have an item of a list, by tier."""
    kind, _, padded = key.partition(":")
    item_id = str(int(padded)) if padded.isdecimal() and padded.isascii() else padded
    wanted = next(one.inventory for one in options.content if one.type == kind)
    return {tier: filled(template, {"id": item_id}) for tier, template in wanted.items()}


def items(access: PortalAccess) -> Iterator[ContentItem]:
    client = Client(access)
    yield from _sorted(client, client.options.content)


def index_items(access: PortalAccess) -> Iterator[ContentItem]:
    client = Client(access)
    yield from _sorted(client, client.options.index)


def _sorted(client: Client, listings: Sequence[Listing]) -> Iterator[ContentItem]:
    """In byte order of key. Raises: CouldNotAsk if an item comes twice, or a list misses its stated total."""
    yield from sorted((one for listing in listings for _, one in listed(client, listing)), key=lambda one: one.key)


def listed(
    client: Client, listing: Listing, account: str | None = None, *, at_work: bool = False
) -> Iterator[tuple[Answer, ContentItem]]:
    """Every item of one list, as its own account or another one, in the application's order; `at_work`: of a source
    on which people write and delete meanwhile, so that no total holds."""
    request = listing.model_copy(update={"account": account}) if account else listing
    for answer, item_id in _every(client, request, at_work):
        yield answer, _item(listing, answer, item_id)


def _item(listing: Listing, answer: Answer, item_id: str) -> ContentItem:
    when = _instant(find(answer, listing.committed)) if listing.committed else None
    title = find(answer, listing.title) if listing.title else None
    return ContentItem(item_key(listing.type, item_id), find(answer, listing.revision), when, title)


def _instant(text: str) -> datetime:
    """ISO 8601 (without a zone: UTC), or seconds since 1970."""
    try:
        when = datetime.fromtimestamp(float(text), UTC) if _is_number(text) else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise Unmatched(f"{text!r} is no time: {error}") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _every(client: Client, listing: Listing, at_work: bool) -> Iterator[tuple[Answer, str]]:
    """Pages until one is empty, the list has ended or no link leads on; then the stated total must be reached."""
    seen: set[str] = set()
    total: str | None = None
    for page in _pages(client, listing, {}):
        if listing.total:
            total = find(page.answer, listing.total)
        for answer in page.items:
            item_id = find(answer, listing.id)
            if item_id in seen:
                raise CouldNotAsk(f"the list of {listing.type} gives {item_id} twice: are its pages asked for rightly?")
            seen.add(item_id)
            yield answer, item_id
        page.last = item_id if page.items else ""
    if total is not None and str(len(seen)) != total and not at_work:
        raise CouldNotAsk(f"the list of {listing.type} gave {len(seen)} items and stated {total}")


@dataclass
class _Page:
    """One page; the reader says in `last` which id was its last one."""

    answer: Answer
    items: list[Answer]
    last: str = ""


def _pages(client: Client, request: Paged, values: Values) -> Iterator[_Page]:
    """Pages in turn. `{offset}` counts the items so far."""
    by_number = bool(places(request) & BY_NUMBER)
    after, offset, number = str(request.first), 0, 1
    while True:
        placed = {**values, "after": after, "offset": str(offset), "page": str(number)}
        answer = client.send(request, placed, also=request.end)
        if answer.reply.status in request.end:
            return
        page = _Page(answer, find_list(answer, request.items))
        yield page
        link = _link(answer, request)
        if link is not None:
            request = request.model_copy(update={"request": f"{request.method} {path_of(link, request.path)}"})
        elif request.next is not None or not by_number or not page.items:
            return
        after, offset, number = page.last, offset + len(page.items), number + 1


def _link(answer: Answer, request: Paged) -> str | None:
    """The next page's address; None without one. That it is absent is how a list says that it ends."""
    if request.next is None:
        return None
    try:
        return find(answer, request.next) or None
    except Unmatched:
        return None


# ---------------------------------------------------------------- searches


def search(access: PortalAccess, query: str) -> frozenset[str]:
    client = Client(access)
    return frozenset(key for one in client.options.search for key in _hits(client, one, query))


def _hits(client: Client, one: Searching, query: str) -> Iterator[str]:
    """Every page up to the stated total, which may count ghosts that the items leave out: pages are then short.

    Raises: CouldNotAsk if a search without pages gives fewer hits than it states.
    """
    asked = places(one)
    if one.size is None or not asked & {"offset", "page"}:
        total, seen = None, set[str]()
        for page in _pages(client, one, {"query": query}):
            total = int(find(page.answer, one.total)) if one.total else None
            ids = [find(answer, one.id) for answer in page.items]
            if ids and seen.issuperset(ids):
                raise CouldNotAsk(f"the search for {one.type} gives a page twice: are its pages asked for rightly?")
            seen.update(ids)
            page.last = ids[-1] if ids else ""
        if total is not None and len(seen) < total and one.next is None and not asked & BY_NUMBER:
            raise CouldNotAsk(f"the search for {query!r} gave {len(seen)} hits and stated {total}")
        yield from (item_key(one.type, item_id) for item_id in seen)
        return
    number, more = 0, True
    while more:
        placed = {"query": query, "offset": str(number * one.size), "page": str(number + 1)}
        answer = client.send(one, placed, also=one.end)
        if answer.reply.status in one.end:
            return
        hits = find_list(answer, one.items)
        yield from (item_key(one.type, find(hit, one.id)) for hit in hits)
        number += 1
        more = number * one.size < int(find(answer, one.total)) if one.total else bool(hits)


def queries(access: PortalAccess) -> Iterator[Query]:
    """Words of what the plain user may read, from the lists and not from the index.

    Where `text` is not all that a search looks at, what else is found among the listed items is not judged.
    """
    client = Client(access)
    whole = all(listing.text or listing.detail or listing.texts for listing in client.options.content)
    avoid = {word for one in client.options.search for word in one.avoid}
    keys: set[str] = set()
    with TemporaryFile("w+", encoding="utf-8") as held:
        for key, text in _texts(client):
            keys.add(key)
            held.write(json.dumps([key, text]) + "\n")

        def texts() -> Iterator[tuple[str, str]]:
            held.seek(0)
            for line in held:
                key, text = json.loads(line)
                yield key, text

        for query in choose_queries(texts, avoid=avoid):
            yield query if whole else Query(query.word, query.must, frozenset(keys - query.must))


def _texts(client: Client) -> Iterator[tuple[str, str]]:
    """(key, text) of every item of a searched type that the plain user may read."""
    account = {one.type: one.account for one in client.options.search}
    for listing in client.options.content:
        if listing.type in account:
            ways = _texts_of_rows if listing.texts else _texts_of_answers
            yield from ways(client, listing, account[listing.type])


def _texts_of_answers(client: Client, listing: Content, account: str | None) -> Iterator[tuple[str, str]]:
    """From the list itself, and from a request for each of its items where it says so."""
    where = listing.text or ([listing.title] if listing.title and not listing.detail else [])
    for answer, item in listed(client, listing, account):
        parts = [find(answer, one) for one in where]
        if listing.detail:
            asked = listing.detail.model_copy(update={"account": account or listing.detail.account})
            whole = client.send(asked, {"id": find(answer, listing.id)})
            parts += [find(whole, one) for one in listing.detail.text]
        yield item.key, "\n".join(parts)


def _texts_of_rows(client: Client, listing: Content, account: str | None) -> Iterator[tuple[str, str]]:
    """Raises: Unmatched if a listed item has no row: all that is found of it would count as a ghost."""
    readable = {item.key for _, item in listed(client, listing, account)}
    if listing.texts:
        for item_id, text in rows(client.access, listing.texts.database, subquery(listing.texts.query, "id, body")):
            if (key := item_key(listing.type, str(item_id))) in readable:
                readable.remove(key)
                yield key, str(text)
    if readable:
        raise Unmatched(f"{len(readable)} items have no row of text, such as {min(readable)}")
