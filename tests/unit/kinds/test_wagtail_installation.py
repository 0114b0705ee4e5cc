"""What the Wagtail site's adapter reads of its installation: files and rows become endpoints and references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fakes import FakeHttp, FakeShell, FakeStack

from harness.kinds.contracts import Endpoint, HttpReply, PortalAccess, Reference
from harness.kinds.portals import wagtail
from harness.model.drill import Component, Drill, Objectives, Portal, Source, Stack

PLACES = {
    "database": ("postgresql", {"database": "portal"}),
    "liferay_home": ("file_tree", {"path": "/opt/liferay"}),
    "document_library": ("file_tree", {"path": "/opt/liferay/data/document_library"}),
    "source_code": ("git", {"path": "/srv/git/modules.git"}),
}
HOME = """\
/opt/liferay/portal-ext.properties\x001:# http://old.example
/opt/liferay/portal-ext.properties\x002:mail.session.mail.smtp.host=mail.production.example
/opt/liferay/portal-ext.properties\x003:jdbc.default.password=Liferay-4711
/opt/liferay/scripts/copy.sh\x001:#!/bin/sh
/opt/liferay/scripts/copy.sh\x002:rsync -a . backup@vault.example:/srv
"""
CONFIG = '/srv/git/modules.git/config\x001:[remote "origin"]\n/srv/git/modules.git/config\x002:\turl = ssh://git@code.example/m.git\n'


class Rows:
    """Answers a query by the table that it asks."""

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        if "wagtailcore_site" in query:
            yield "wagtailcore_site/2", "hostname=portal.production.example:443"
        else:
            yield "documents/a.txt", 3, "portal_librarydocument/7"
            yield "images/b.png", None, "wagtailimages_rendition/1"


class StackWithRows(FakeStack):
    @contextmanager
    def sql(self, service: str, *, database: str, user: str, password: str) -> Iterator[Rows]:
        assert (service, database) == ("x", "portal")
        yield Rows()


def access(stack: FakeStack) -> PortalAccess:
    components = (Component(name=n, kind=k, service="x", engine="any", options=o) for n, (k, o) in PLACES.items())
    drill = Drill(
        name="shop",
        file="shop.drill.yaml",
        sha256="0" * 64,
        product="plain",
        portal=Portal(kind="wagtail", service="web", port=8080),
        stand_in=None,
        why="nightly",
        source=Source(stack=Stack(file="compose.yaml", services=())),
        schedule_s=None,
        objectives=Objectives(),
        components=tuple(components),
        checks=(),
    )
    return PortalAccess(drill.portal, stack, drill)


def test_endpoints_are_of_files_and_rows_with_their_places() -> None:
    shell = FakeShell({("/opt/liferay",): (0, HOME, ""), ("/srv/git/modules.git",): (0, CONFIG, "")})
    found = list(wagtail.endpoints(access(StackWithRows(shell))))
    assert found == [
        Endpoint(
            "mail.production.example",
            None,
            "/opt/liferay/portal-ext.properties:2",
            "mail.session.mail.smtp.host=mail.production.example",
        ),
        Endpoint("vault.example", None, "/opt/liferay/scripts/copy.sh:2", "rsync -a . backup@vault.example:/srv"),
        Endpoint("code.example", None, "/srv/git/modules.git/config:2", "url = ssh://git@code.example/m.git"),
        Endpoint("portal.production.example", 443, "wagtailcore_site/2", "hostname=portal.production.example:443"),
    ]
    # The library is content, and is not read; nor is what is made at each start.
    assert [argv[4] for argv in shell.commands] == ["/opt/liferay", "/srv/git/modules.git"]
    assert {"/opt/liferay/data/document_library", "/opt/liferay/logs"} <= set(shell.commands[0])


def test_references_are_of_every_table_that_names_files() -> None:
    assert list(wagtail.references(access(StackWithRows()))) == [
        Reference("document_library", "documents/a.txt", "portal_librarydocument/7", 3),
        Reference("document_library", "images/b.png", "wagtailimages_rendition/1", None),
    ]


def test_place_of_the_library_is_what_the_running_portal_says() -> None:
    http = FakeHttp(lambda method, path: HttpReply(200, {}, b'{"document_library": "/mnt/elsewhere"}'))
    assert wagtail.places(access(FakeStack(http=http))) == {"document_library": "/mnt/elsewhere"}
