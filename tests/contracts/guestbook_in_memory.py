"""An application that speaks HTML alone, in memory: a login form, pages behind links, ids in links only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.kinds.contracts import HttpReply

PAGE = 7
ENTRY = r"<article.*?</article>"
FORM = [
    {"request": "GET /login", "values": {"csrf": {"pattern": 'name="csrf" value="([^"]+)"'}}},
    {"request": "POST /login", "form": {"name": "{user}", "word": "{password}", "csrf": "{csrf}"}, "status": [302]},
]
LIST = {
    "type": "entry",
    "items": {"pattern": ENTRY},
    "total": {"pattern": "([0-9]+) entries"},
    "next": {"pattern": 'rel="next" href="([^"]+)"'},
    "id": {"pattern": 'href="/entry/([^"]+)"'},
}
FOUND = {"text": {"pattern": "<p>(.*?)</p>"}}
OPTIONS: dict[str, Any] = {
    "title": "Guestbook",
    "accounts": {"guest": {"user": "guest", "password_variable": "WRITER_PASSWORD", "login": FORM}},
    "health": [{"request": "GET /entries", "holds": [{"pattern": "[1-9][0-9]* entries"}]}],
    "facts": [{"request": "GET /entries", "values": {"name": {"pattern": "<title>(.*?)</title>"}}}],
    "uses": [{"name": "login", "request": "GET /entries", "as": "guest", "holds": [{"text": "Hello guest"}]}],
    "nonce": {
        "write": [{"request": "POST /entries", "as": "guest", "form": {"title": "nonce {nonce}"}, "status": [302]}],
        "read": {"type": "entry", "pattern": r"^nonce (\S+)$"},
    },
    "write": [
        {
            "request": "POST /entries",
            "as": "guest",
            "form": {"title": "canary & {number}", "text": "{token}"},
            "status": [302],
            "values": {"slug": {"header": "Location", "pattern": "/entry/(.+)"}},
            "acknowledges": {"database": {"header": "Location"}},
        }
    ],
    "edit": [
        {"request": "GET /entry/{slug}", "values": {"text": {"pattern": "<p>(.*?)</p>"}}},
        {
            "request": "POST /entry/{slug}",
            "as": "guest",
            "form": {"text": "{text} {token}"},
            "status": [302],
            "acknowledges": {"database": {}},
        },
    ],
    "read": {
        "database": {"request": "GET /entry/{slug}", "absent": [404], "holds": [{**FOUND["text"], "text": "{token}"}]}
    },
    "content": [
        {
            **LIST,
            "request": "GET /entries",
            "revision": {"pattern": 'data-revision="([^"]+)"'},
            "committed": {"pattern": 'datetime="([^"]+)"'},
            "title": {"pattern": "<h2>(.*?)</h2>"},
            "text": [{"pattern": "<h2>(.*?)</h2>"}, FOUND["text"]],
        }
    ],
    "search": [{**LIST, "request": "GET /find?words={query}"}],
    "canary": {"type": "entry", "id": "{slug}"},
}


class Guestbook:
    """Its entries by slug, in the order of writing."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.clock = datetime(2026, 11, 21, tzinfo=UTC)
        for number in range(25):
            self.put(
                f"entry-{number}", {"title": f"Day {number}", "text": f"Rain & wind, {'sunny' * (number % 2)} hours"}
            )

    def put(self, slug: str, fields: dict[str, Any]) -> None:
        self.clock += timedelta(seconds=1)
        earlier = self.entries.get(slug, {"revision": 0, "text": ""})
        changed = {"revision": earlier["revision"] + 1, "at": self.clock.isoformat()}
        self.entries[slug] = {**earlier, **fields, **changed}

    def client(self) -> Browser:
        return Browser(self)


class Browser:
    """What keeps cookies: one person."""

    def __init__(self, book: Guestbook) -> None:
        self.book, self.user = book, ""

    def request(self, method: str, path: str, **given: Any) -> HttpReply:
        address, form = urlsplit(path), given.get("form") or {}
        asked, slug = dict(parse_qsl(address.query)), address.path.rpartition("/")[2]
        entries = self.book.entries
        if address.path == "/login":
            if method == "GET":
                return page('<input name="csrf" value="t&amp;1">')
            if form != {"name": "guest", "word": "Writer-4711", "csrf": "t&1"}:
                return page("Wrong word")
            self.user = "guest"
            return moved("/entries")
        if method == "POST":
            if not self.user:
                return moved("/login?next=/entries")
            name = slug if slug in entries else f"entry-{len(entries)}"
            self.book.put(name, form)
            return moved(f"/entry/{name}")
        if address.path == "/entries":
            return self.listed([*entries], "/entries?", int(asked.get("from", 0)))
        if address.path == "/find":
            word = re.compile(rf"\b{re.escape(asked['words'])}\b")
            hits = [one for one, entry in entries.items() if word.search(f"{entry['title']} {entry['text']}".lower())]
            return self.listed(hits, f"/find?words={asked['words']}&amp;", int(asked.get("from", 0)))
        return page(self.article(slug)) if slug in entries else page("no such entry", 404)

    def listed(self, slugs: list[str], path: str, first: int) -> HttpReply:
        last = first + PAGE
        more = f'<a rel="next" href="{path}from={last}">more</a>' if last < len(slugs) else ""
        shown = "\n".join(self.article(slug) for slug in slugs[first:last])
        return page(f"<nav>Hello {self.user}, {len(slugs)} entries</nav>{shown}{more}")

    def article(self, slug: str) -> str:
        entry = self.book.entries[slug]
        head = f'<article data-revision="{entry["revision"]}"><time datetime="{entry["at"]}"></time>'
        title, text = escape(entry["title"]), escape(entry["text"])
        return f'{head}<a href="/entry/{slug}"><h2>{title}</h2></a>\n<p>{text}</p></article>'


def page(body: str, status: int = 200) -> HttpReply:
    text = f"<html><title>Guest&shy;book</title>{body}</html>"
    return HttpReply(status, {"content-type": "text/html; charset=utf-8"}, text.encode())


def moved(where: str) -> HttpReply:
    return HttpReply(302, {"location": where}, b"")
