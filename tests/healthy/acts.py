"""What people and programs do on the portal laid out like Liferay, every day, while it is backed up."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from life import Source

_numbers = itertools.count(1)


def _ok(reply: httpx.Response, *expected: int) -> Any:
    if reply.status_code not in (expected or (200,)):
        raise RuntimeError(f"{reply.request.method} {reply.request.url} said {reply.status_code}: {reply.text[:200]}")
    return reply.json() if "json" in reply.headers.get("content-type", "") else reply.text


def listed(portal: httpx.Client, kind: str) -> Iterator[Any]:
    """All of them, however many there are."""
    after = 0
    while items := _ok(portal.get(f"/api/{kind}/", params={"after": after, "limit": 1000}))["items"]:
        yield from items
        after = items[-1]["id"]


def pages(source: Source) -> list[int]:
    """Ids of public pages that people wrote, the oldest first."""
    with source.portal("admin") as portal:
        every = [*listed(portal, "pages")]
    return [p["id"] for p in every if p["public"] and not p["slug"].startswith("portal-drill")]


def log_in_and_out(source: Source) -> None:
    """A session row, `last_login`, and a page as HTML; then a password that is wrong."""
    with source.portal() as portal:
        for password in ("Reader-4711", "wrong"):
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', portal.get("/login/").text)
            assert token
            fields = {"username": "reader", "password": password, "csrfmiddlewaretoken": token[1]}
            headers = {"Referer": str(portal.base_url.join("/login/"))}
            reply = portal.post("/login/", data=fields, headers=headers)
            _ok(reply, 302 if password == "Reader-4711" else 200)
            portal.get("/")


def read_and_search(source: Source) -> None:
    """Also a page that is not there, and a module whose answers are kept in `data/cache`."""
    with source.portal("reader") as portal:
        some = _ok(portal.get("/api/pages/", params={"limit": 30}))["items"]
        page = some[next(_numbers) % len(some)]
        _ok(portal.get(f"/api/pages/{page['id']}"))
        _ok(portal.get("/no-such-page/"), 404)
        _ok(portal.get("/o/reading-time/", params={"page": page["id"]}))
        _ok(portal.get("/api/search", params={"q": page["title"].split()[0]}))


def temporary_files(source: Source) -> None:
    """Pid, lock, work and upload files come, go and change."""
    number = next(_numbers)
    script = f"""cd /opt/appserver; echo $$ > temp/catalina.pid; mkdir -p work/a{number}; echo x > work/a{number}/b
        echo {number} > temp/upload_{number}.tmp; rm -f temp/upload_{number - 4}.tmp; cd /opt/liferay
        echo {number} > osgi/state/.lock; mkdir -p data/cache/page; echo {number} > data/cache/page/{number}
        echo "line {number}" >> logs/portal.log; echo "audit {number}" >> logs/audit.log"""
    source.execute("web", "sh", "-ec", script, user="liferay")


def server_work(source: Source) -> None:
    """What autovacuum and administrators do; sequences run ahead of the ids in use."""
    source.sql("VACUUM (ANALYZE); REINDEX TABLE portal_librarydocument; CHECKPOINT;")
    tables = "ARRAY['wagtailcore_revision', 'wagtailcore_page']"
    source.sql(f"SELECT nextval(pg_get_serial_sequence(t, 'id')) FROM unnest({tables}) AS t;")


def transaction_left_open(source: Source) -> None:
    """Begun before the dump and not committed until after it: a dump never has it, the later inventory never either,
    for it is rolled back."""
    text = """BEGIN; UPDATE wagtailcore_page SET title = 'never committed' WHERE id = (SELECT max(id) FROM
        wagtailcore_page WHERE slug NOT LIKE 'portal-drill%'); INSERT INTO auth_group (name) VALUES ('never');
        SELECT pg_sleep(6); ROLLBACK;"""
    threading.Thread(target=source.sql, args=(text,), daemon=True).start()


def slow_index(source: Source) -> None:
    """Searches see what was written seconds ago."""
    with source.search_engine() as engine:
        _ok(engine.put("/liferay-20101-*/_settings", json={"index": {"refresh_interval": "5s"}}))


def rebuild_index(source: Source) -> None:
    """New names with new random endings behind the same aliases."""
    source.execute("web", "portal-reindex", user="liferay")


def drafts(source: Source) -> None:
    """Pages that nobody but their editors sees: one taken back, one never published."""
    taken = pages(source)[40]
    source.django(
        f"""from portal.models import ContentPage
ContentPage.objects.get(id={taken}).unpublish()
home = ContentPage.objects.get(id={taken}).get_parent()
home.add_child(instance=ContentPage(title="Draft", slug="draft-of-nobody", body="unfinished", live=False))"""
    )


def upload(portal: httpx.Client, word: str) -> int:
    file = {"file": (f"{word}.txt", f"{word} of a person\n".encode())}
    return int(_ok(portal.post("/api/write/documents", data={"title": f"Note {word}"}, files=file), 201)["id"])


def edit(portal: httpx.Client, page: int, word: str) -> None:
    body = _ok(portal.get(f"/api/pages/{page}"))["body"]
    _ok(portal.put(f"/api/write/pages/{page}", json={"body": f"{body} {word}", "title": f"Edited {word}"}))


def work_of_editors(word: str, first: int, *, deletes: int = 1) -> Any:
    """Pages written, edited and deleted, a file uploaded; the pages are counted from `first`, so that no two spans of
    work meet."""

    def work(source: Source) -> None:
        mine = pages(source)[first:]
        with source.portal("editor") as portal:
            edit(portal, mine[0], word)
            for page in mine[1 : 1 + deletes]:
                _ok(portal.delete(f"/api/write/pages/{page}"))
            _ok(portal.post("/api/write/pages", json={"title": f"New {word}", "body": f"fresh {word}"}), 201)
            upload(portal, word)

    return work


def reorganise(source: Source) -> None:
    """One page moved below another, one moved where only some may read, one taken back, one facts page renamed."""
    mine = pages(source)
    source.django(
        f"""from portal.models import ContentPage
from wagtail.models import PageViewRestriction
get = ContentPage.objects.get
get(id={mine[100]}).move(get(id={mine[101]}), pos="last-child")
get(id={mine[102]}).move(PageViewRestriction.objects.first().page.specific, pos="last-child")
get(id={mine[103]}).unpublish()"""
    )
    with source.portal("editor") as portal:
        edit(portal, mine[0], "frontpage")
        _ok(portal.post("/api/write/synonyms", json={"words": ["skiff", "dinghy"]}), 201)


def after_the_database(source: Source) -> None:
    """Between the dump and the snapshot of the index."""
    work_of_editors("between", 60, deletes=2)(source)
    reorganise(source)


def rotate_logs(source: Source) -> None:
    """By renaming, and by copying and cutting; the new log is longer than the old one was."""
    script = """cd /opt/liferay/logs; cp portal.log portal.log.1; : > portal.log
        mv audit.log audit.log.1; seq 100000 > audit.log; echo new > audit.log.2.gz"""
    source.execute("web", "sh", "-ec", script, user="liferay")


def come(source: Source) -> None:
    """What nobody will see in the source's inventories, for it goes before the second: a page, a file, a state file."""
    with source.portal("editor") as portal:
        _ok(portal.post("/api/write/pages", json={"title": "Brief", "body": "brief", "slug": "brief"}), 201)
        upload(portal, "brief")
    source.execute("web", "sh", "-c", "echo brief > /opt/liferay/data/brief", user="liferay")


def go(source: Source) -> None:
    with source.portal("admin") as portal:
        page = next(page["id"] for page in listed(portal, "pages") if page["slug"] == "brief")
        document = next(document["id"] for document in listed(portal, "documents") if document["title"] == "Note brief")
        _ok(portal.delete(f"/api/write/pages/{page}"))
        _ok(portal.delete(f"/api/write/documents/{document}"))
    source.execute("web", "rm", "/opt/liferay/data/brief", user="liferay")


STRANGE_FILES = (Path(__file__).parent / "strange_files.py").read_text(encoding="utf-8")


def strange_files(source: Source) -> None:
    """Names and attributes that are legal, as an upload or an unpacked archive leaves them."""
    source.execute("web", "python", "-c", STRANGE_FILES, user="liferay")
