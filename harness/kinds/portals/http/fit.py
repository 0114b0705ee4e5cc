"""Holds the options of a drill file against each other: what is named must exist, and what proves must prove."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from harness.kinds.contracts import Misfit
from harness.kinds.portals.http.extract import PLACE, Holds
from harness.kinds.portals.http.lists import BY_NUMBER, places
from harness.kinds.portals.http.options import Content, Listing, Options, Paged, Searching
from harness.kinds.portals.http.requests import Request, Step, WriteStep
from harness.model.frozen import JsonValue

At = tuple[str | int, ...]
ROWS, TREES = ("postgresql",), ("file_tree", "git")


def misfits(
    options: Mapping[str, JsonValue], components: Mapping[str, str | None], services: Collection[str]
) -> Iterator[Misfit]:
    """Mistakes that no key shows by itself, each with its place below `portal`."""
    given = Options.model_validate(options)
    for at, request in _requests(given, ()):
        if request.account is not None and request.account not in given.accounts:
            yield Misfit((*at, "as"), request.account, "an account", tuple(given.accounts))
    for at, service in _services(given):
        if service is not None and service not in services:
            yield Misfit(at, service, "a service of the stack", tuple(services))
    yield from _names(given)
    yield from _tiers(given, components)
    yield from _kinds(given, components)
    yield from _inventories(given)
    yield from _types(given)
    yield from _proofs(given)
    for at, listing in _paged(given):
        yield from _list(at, listing)


def _requests(value: Any, at: At) -> Iterator[tuple[At, Request]]:
    """Every request of the options, with its place."""
    if isinstance(value, Request):
        yield at, value
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _requests(one, (*at, number))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _requests(one, (*at, key))
    elif hasattr(type(value), "model_fields"):
        for name, described in type(value).model_fields.items():
            if name != "body":
                yield from _requests(getattr(value, name), (*at, described.alias or name))


def _services(given: Options) -> Iterator[tuple[At, str | None]]:
    yield from (((*at, "service"), request.service) for at, request in _requests(given, ()))
    yield from ((("accounts", name, "password_service"), one.password_service) for name, one in given.accounts.items())
    yield from ((("scripts", number, "service"), one.service) for number, one in enumerate(given.scripts))
    if given.reindex:
        yield ("reindex", "service"), given.reindex.service


def _paged(given: Options) -> Iterator[tuple[At, Listing | Searching]]:
    every: tuple[tuple[str, Sequence[Listing | Searching]], ...] = (
        ("content", given.content),
        ("index", given.index),
        ("search", given.search),
    )
    for key, listings in every:
        for number, listing in enumerate(listings):
            yield (key, number), listing


# ---------------------------------------------------------------- names in braces


def _names(given: Options) -> Iterator[Misfit]:
    """Each `{name}` stands for something at its place."""
    logins = {key: set[str]() for key in given.accounts}
    for name, account in given.accounts.items():
        yield from _steps(("accounts", name, "login"), account.login, {"user", "password"}, logins)
        logins[name] = {value for step in account.login for value in step.values}
    for key in ("health", "facts", "versions", "uses", "places"):
        for number, one in enumerate(getattr(given, key)):
            yield from _known((key, number), one, set(), logins)
    if given.stop:
        yield from _known(("stop",), given.stop, set(), logins)
    yield from _steps(("nonce", "write"), given.nonce.write, {"nonce"}, logins)
    written = {"number", "token"} | {name for step in given.write for name in step.values}
    yield from _steps(("write",), given.write, {"number", "token"}, logins)
    yield from _steps(("edit",), given.edit, written, logins)
    for tier, steps in given.read.items():
        yield from _steps(("read", tier), steps, written, logins)
    for at, listing in _paged(given):
        own = {"query"} if isinstance(listing, Searching) else set()
        yield from _known(at, listing, {*own, *BY_NUMBER}, logins)
        if isinstance(listing, Content) and listing.detail:
            yield from _known((*at, "detail"), listing.detail, {"id"}, logins)
    for name in PLACE.findall(given.canary.id):
        if name not in written:
            yield Misfit(("canary", "id"), f"{{{name}}}", "a value of the write", tuple(written))


def _steps(at: At, steps: Sequence[Step], known: set[str], logins: Mapping[str, set[str]]) -> Iterator[Misfit]:
    so_far = set(known)
    for number, step in enumerate(steps):
        yield from _known((*at, number), step, so_far, logins)
        so_far |= step.values.keys()


def _known(at: At, request: Request, known: set[str], logins: Mapping[str, set[str]]) -> Iterator[Misfit]:
    names = known | logins.get(request.account or "", set())
    holds: Sequence[Holds] = getattr(request, "holds", ())
    texts = [str(text) for one in holds for text in (one.equal, one.text, one.pattern) if text is not None]
    texts.append(getattr(request, "file", None) or "")
    for name in sorted({*places(request), *PLACE.findall("\n".join(texts))} - names):
        yield Misfit(at, f"{{{name}}}", "the name of a value that is known here", tuple(names))


# ---------------------------------------------------------------- tiers, types, proofs


def _tiers(given: Options, components: Mapping[str, str | None]) -> Iterator[Misfit]:
    for key, steps in (("write", given.write), ("edit", given.edit)):
        for number, step in enumerate(steps):
            for tier in step.acknowledges:
                at = (key, number, "acknowledges", tier)
                if tier not in components:
                    yield Misfit(at, tier, "a component of the drill", tuple(components), key=True)
                if tier not in given.read:
                    yield Misfit(at, f"{tier}, which nothing reads back", f"the key {tier} in read", key=True)
    if not given.tiers:
        yield Misfit(("write",), "writes that no tier acknowledges", "acknowledges: {database: {}} in one of them")
    for tier in given.read:
        if tier not in given.tiers:
            yield Misfit(("read", tier), tier, "a tier that a write acknowledges", given.tiers, key=True)
    named = {"content_tier": given.content_tier} | ({"index_tier": given.index_tier} if given.index_tier else {})
    for key, tier in named.items():
        if tier not in components:
            yield Misfit((key,) if key in given.model_fields_set else (), tier, "a component", tuple(components))


def _kinds(given: Options, components: Mapping[str, str | None]) -> Iterator[Misfit]:
    """Rows are of a database, files of a tree."""
    wanted: list[tuple[At, str, tuple[str, ...]]] = []
    for number, one in enumerate(given.references):
        wanted += [(("references", number, "component"), one.component, TREES)]
        wanted += [(("references", number, "database"), one.database, ROWS)]
    trees = (*TREES, "index_files")
    wanted += [(("rest", number), name, trees) for number, name in enumerate(given.rest)]
    wanted += [(("locks", number, "component"), one.component, trees) for number, one in enumerate(given.locks)]
    for number, moved in enumerate(given.moved):
        wanted += [(("moved", number, "database"), moved.database, ROWS)]
    for number, content in enumerate(given.content):
        wanted += [(("content", number, "texts", "database"), content.texts.database, ROWS)] if content.texts else []
    for number, where in enumerate(given.configuration):
        wanted += [(("configuration", number, "component"), where.component, TREES)] if where.component else []
        wanted += [(("configuration", number, "database"), where.database, ROWS)] if where.query else []
    for number, asked in enumerate(given.places):
        wanted += [(("places", number, "values", name), name, TREES) for name in asked.values]
    wanted += [
        (("read", tier, number, "file"), tier, TREES)
        for tier, steps in given.read.items()
        for number, step in enumerate(steps)
        if step.file and tier in components
    ]
    for at, name, kinds in wanted:
        kind = components.get(name)
        if name not in components:
            yield Misfit(at, name, "a component of the drill", tuple(components), key=at[0] == "places")
        elif kind is not None and kind not in kinds:
            yield Misfit(at, f"{name}, of kind {kind}", f"a component of kind {' or '.join(kinds)}")


def _inventories(given: Options) -> Iterator[Misfit]:
    """Differences are excused only by what both tiers say, of every type alike."""
    tiers = {given.content_tier, given.index_tier or given.content_tier}
    for number, one in enumerate(given.content):
        at = ("content", number, "inventory")
        if any(other.inventory for other in given.content) and set(one.inventory) != tiers:
            expected = f"an entry for each of {', '.join(sorted(tiers))}"
            yield Misfit(at if one.inventory else at[:-1], ", ".join(sorted(one.inventory)) or "no inventory", expected)
        for tier, template in one.inventory.items():
            yield from _key((*at, tier), template)
    for number, moved in enumerate(given.moved):
        yield from _key(("moved", number, "inventory"), moved.inventory)
    if len(given.moved) == 1:
        yield Misfit(("moved",), "one database", "every database between which items are moved")


def _key(at: At, template: str) -> Iterator[Misfit]:
    if PLACE.findall(template) != ["id"]:
        yield Misfit(at, template, "a key with {id} in it")


def _types(given: Options) -> Iterator[Misfit]:
    types = tuple(listing.type for listing in given.content)
    for number, kind in enumerate(types):
        if kind in types[:number]:
            yield Misfit(("content", number, "type"), f"{kind} again", "each type once")
    for key, listings in (("search", given.search), ("index", given.index)):
        for number, listing in enumerate(listings):
            if listing.type not in types:
                yield Misfit((key, number, "type"), listing.type, "a type of content", types)
    for at, kind in ((("canary", "type"), given.canary.type), (("nonce", "read", "type"), given.nonce.read.type)):
        if kind not in types:
            yield Misfit(at, kind, "a type of content", types)
    for listing in given.content:
        if listing.type == given.nonce.read.type and listing.title is None:
            yield Misfit(("nonce", "read", "type"), listing.type, "a type whose list gives titles")


def _proofs(given: Options) -> Iterator[Misfit]:
    """What reads an item back asks for its token; what writes sends it."""
    for tier, reads in given.read.items():
        if not any(
            "{token}" in str(one.text or one.equal or one.pattern or "") for step in reads for one in step.holds
        ):
            expected = "holds with {token}: else any answer would do"
            yield Misfit(("read", tier), "no {token} in what it holds", expected)
    sent: tuple[tuple[At, Sequence[WriteStep], str], ...] = (
        (("write",), given.write, "token"),
        (("edit",), given.edit, "token"),
        (("nonce", "write"), given.nonce.write, "nonce"),
    )
    for at, steps, name in sent:
        if not any(name in places(step) for step in steps):
            yield Misfit(at, f"no {{{name}}} in any request", f"{{{name}}} in what is written")
    if not any("query" in places(one) for one in given.search):
        yield Misfit(("search",), "no {query} in any request", "{query} in what is asked for")


def _list(at: At, listing: Paged) -> Iterator[Misfit]:
    """A list that may be cut off without a word is none."""
    numbered = places(listing) & BY_NUMBER
    if listing.items.pattern is not None and listing.total is None:
        yield Misfit((*at, "items"), "a pattern without total", "the key total: a page without items says nothing")
    if len(numbered) + (listing.next is not None) > 1:
        yield Misfit(at, "more than one way to the next page", "one of {after}, {offset}, {page} or next")
    if not numbered and listing.next is None and listing.total is None:
        expected = "total, or a way to the next page: {after}, {offset}, {page} or next"
        yield Misfit(at, "a list that may end anywhere", expected)
    if isinstance(listing, Searching) and numbered & {"offset", "page"} and listing.size is None:
        yield Misfit(at, "no size", "size: how many hits a page has (hits whose item is gone make pages short)")
