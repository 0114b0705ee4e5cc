"""The application of `fixtures/stacks/notes` in memory: the same answers to the same requests, by the handle `Http`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from harness.kinds.contracts import HttpReply

PAGE = 50
WRITER = ("writer", "Writer-4711")
WORDS = ("harbour", "lantern", "meadow", "orchard", "pebble", "quarry", "ribbon", "saddle", "timber", "willow")


class Notes:
    """Its notes by id; `request` is what the portal's adapter asks."""

    def __init__(self) -> None:
        self.notes: dict[int, dict[str, Any]] = {}
        self.clock = datetime(2026, 11, 21, tzinfo=UTC)
        for number in range(120):
            text = f"Beside the {WORDS[number % 10]} there was a {WORDS[number // 10 % 10]}, and nobody knew why."
            self.put({"id": number + 1, "title": f"Note {number + 1}: {WORDS[number % 10]}", "body": text})

    def client(self) -> Notes:
        """It knows no cookies."""
        return self

    def put(self, note: dict[str, Any]) -> dict[str, Any]:
        self.clock += timedelta(seconds=1)
        earlier = self.notes.get(note["id"], {"revision": 0})
        changed = {"revision": earlier["revision"] + 1, "changed": self.clock.isoformat()}
        self.notes[note["id"]] = {**earlier, **note, **changed}
        return {"id": note["id"]}

    def request(self, method: str, path: str, **given: Any) -> HttpReply:
        address = urlsplit(path)
        asked, last = dict(parse_qsl(address.query)), address.path.rpartition("/")[2]
        if method != "GET" and given.get("auth") != WRITER:
            return answer(401, {"error": "writer only"})
        if method == "POST":
            return answer(201, self.put({"id": max(self.notes) + 1, **given["body_json"]}))
        if method == "PUT":
            return answer(200, self.put({"id": int(last), **given["body_json"]}))
        ids = sorted(self.notes)
        if address.path == "/health":
            return answer(200, {"application": "Notes 1.0", "notes": len(ids)})
        if address.path == "/notes":
            page = [self.notes[number] for number in ids if number > int(asked["after"])][:PAGE]
            return answer(200, {"total": len(ids), "notes": page})
        if address.path == "/search":
            word = re.compile(rf"\b{asked['q']}\b", re.IGNORECASE)
            hits = [number for number in ids if word.search("{title} {body}".format(**self.notes[number]))]
            first = int(asked["from"])
            return answer(200, {"total": len(hits), "notes": [{"id": number} for number in hits[first : first + PAGE]]})
        note = self.notes.get(int(last)) if last.isdecimal() else None
        return answer(200, note) if note else answer(404, {"error": "no such page"})


def answer(status: int, body: object) -> HttpReply:
    return HttpReply(status, {"content-type": "application/json"}, json.dumps(body).encode())


class StackInMemory:
    """One service, `web`, with the application in it."""

    role: Literal["source", "sandbox"] = "source"

    def __init__(self, application: Any) -> None:
        self.application = application

    def http(self, service: str, port: int) -> Any:
        assert (service, port) == ("web", 8080)
        return self.application.client()

    def environment(self, service: str) -> Mapping[str, str]:
        return {"WRITER_PASSWORD": WRITER[1]}

    def resolved(self, text: str) -> str:
        return text

    def logs(self, service: str) -> str:
        return ""

    def log_lines(self, service: str) -> Iterator[str]:
        return iter(())
