"""A portal that a drill file describes, and an application that answers it as a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fakes import FakeShell, FakeStack

from harness.kinds import registry
from harness.kinds.contracts import HttpReply, PortalAccess
from harness.model.drill import Component, Portal
from harness.model.evidence import Instant, Mark
from harness.model.restore_point import Canary

MARK = Mark(name="canary_written", at=Instant(monotonic_s=1, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one"))
LIST = {"type": "page", "request": "GET /pages?after={after}", "items": "/items", "id": "/id", "revision": "/rev"}
WRITE = {"request": "POST /pages", "json": {"body": "{token}"}, "values": {"id": "/id"}, "acknowledges": {"db": {}}}
PORTAL: dict[str, Any] = {
    "title": "Pages",
    "content_tier": "db",
    "accounts": {"ann": {"user": "ann", "password": "${env:ANN}"}},
    "health": [{"request": "GET /health", "holds": [{"json": "/db", "is": "up"}]}],
    "facts": [{"request": "GET /about", "values": {"version": "/version", "licence": "/licence"}}],
    "nonce": {
        "write": [{"request": "POST /pages", "json": {"title": "nonce {nonce}"}}],
        "read": {"type": "page", "pattern": r"^nonce (\S+)$"},
    },
    "write": [WRITE],
    "edit": [{"request": "PUT /pages/{id}", "json": {"body": "{token}"}, "acknowledges": {"db": {}}}],
    "read": {"db": {"request": "GET /pages/{id}", "absent": [404], "holds": [{"json": "/body", "text": "{token}"}]}},
    "content": [{**LIST, "title": "/title", "total": "/total"}],
    "search": [{"type": "page", "request": "GET /find?q={query}", "items": "/items", "id": "/id", "total": "/total"}],
    "canary": {"type": "page", "id": "{id}"},
}
Asked = tuple[str, dict[str, Any]]


class Answers:
    """An `Http` that answers by method and path, and keeps what it was asked."""

    def __init__(self, by: Mapping[str, Any] | Callable[[str], Any]) -> None:
        self.by, self.asked = by, list[Asked]()

    def request(self, method: str, path: str, **given: Any) -> HttpReply:
        self.asked.append((f"{method} {path}", given))
        found = self.by(f"{method} {path}") if callable(self.by) else self.by[f"{method} {path}"]
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, HttpReply) else reply(found)


class Stack(FakeStack):
    def __init__(self, answers: Answers, shell: FakeShell | None = None) -> None:
        super().__init__(shell)
        self.answers, self.places = answers, list[tuple[str, int]]()

    def http(self, service: str, port: int) -> Any:
        self.places.append((service, port))
        return self.answers

    def resolved(self, text: str) -> str:
        return text.replace("${env:ANN}", "Ann-4711")


class Drill:
    """What the adapter asks of a drill."""

    def __init__(self, *rebuilt: str) -> None:
        self.components = (
            Component(name="db", kind="file_tree", service="files", engine="tar", options={"path": "/d"}),
        )
        self._rebuilt = rebuilt

    def component(self, name: str) -> Component:
        return next(one for one in self.components if one.name == name)

    def rebuilt(self) -> tuple[str, ...]:
        return self._rebuilt


def reply(body: object, status: int = 200, **headers: str) -> HttpReply:
    return HttpReply(status, headers, body.encode() if isinstance(body, str) else json.dumps(body).encode())


def asking(answers: Any, shell: FakeShell | None = None, drill: Drill | None = None, **changes: Any) -> Any:
    """(kind, access) of the portal with some options changed."""
    given = Answers(answers) if not isinstance(answers, Answers) else answers
    portal = Portal(kind="http", service="web", port=80, options={**PORTAL, **changes})
    access = PortalAccess(portal, Stack(given, shell), drill or Drill())  # type: ignore[arg-type]
    return registry.portal_of(portal), access


def canary(token: str, **values: str) -> Canary:
    return Canary(number=1, token=token, refs={"db": json.dumps(values)}, acknowledged=True, mark=MARK)
