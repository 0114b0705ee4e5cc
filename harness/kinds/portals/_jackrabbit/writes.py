"""Numbered writes, edits and the nonce, through the server itself; which of them survived in which tier."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.kinds.contracts import PortalAccess, Query
from harness.kinds.portals._accounts import account, get, server
from harness.kinds.portals._installation import line_of_each
from harness.kinds.portals._jackrabbit.client import CONTENT, OURS, RELEASES, nodes, save, store
from harness.kinds.portals._jackrabbit.content import indexed, release_key
from harness.model.frozen import JsonValue
from harness.model.restore_point import Canary

FOLDER, NONCES = f"/{RELEASES}/{OURS}", f"/{OURS}-nonces"
# Signs that are lost on the way through a wrong encoding: four bytes, combining, right to left (GEN-D6).
SIGNS = ("🧯", "e\u0301a\u030a", "שלום")
_PLAIN = {"jcr:primaryType": "nt:unstructured"}
_LARGE = 2048  # the server keeps what is smaller than 1 KiB with the node. Source: its minRecordLength


def _now() -> str:
    return datetime.now(UTC).isoformat()


def write_nonce(access: PortalAccess, nonce: str) -> None:
    """A node in the workspace `default` and a user in `security`; the parents of all writes on the way."""
    there = dict(nodes(get(access, f"{CONTENT}/.1.json")))
    if NONCES[1:] not in there:
        save(access, ("+", NONCES, {**_PLAIN}), ("+", FOLDER, {**_PLAIN})).expect(200)
    save(access, ("+", f"{NONCES}/{nonce}", {**_PLAIN})).expect(200)
    user = {"name": f"{OURS}-{nonce}", "password": nonce, "group": f"{OURS}-nonces"}
    server(access).request("POST", "/xl/users", form=user, auth=account(access, "admin")).expect(201)


def read_nonces(access: PortalAccess) -> tuple[str, ...]:
    there = dict(nodes(get(access, f"{CONTENT}/.2.json")))
    return tuple(name for name, _ in nodes(there.get(NONCES[1:], {})))


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    """A release (database and index) and an attachment (a record of the datastore)."""
    name = f"{OURS}-canary-{token}"
    release: JsonValue = {
        **_PLAIN,
        "releaseId": name,
        "revision": "1",
        "changed": _now(),
        "title": f"portal-drill canary {number}",
        "words": " ".join((token, *SIGNS)),
    }
    save(access, ("+", f"{FOLDER}/{name}", release)).expect(200)
    yield "database", name
    yield "search_index", name  # the server's index is changed before the write is acknowledged
    content = attached(token)
    store(access, f"{name}.bin", content)
    yield "repository_directory", hashlib.sha256(content).hexdigest()


def attached(token: str) -> bytes:
    return (f"{token}\n" * _LARGE)[:_LARGE].encode()


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    """The earlier release's words grow by the token: a new revision in database and index."""
    name = earlier.refs["search_index"]
    node = get(access, f"{CONTENT}{FOLDER}/{name}.0.json")
    at = f"{FOLDER}/{name}"
    save(
        access,
        ("^", f"{at}/words", f"{node['words']} {token}"),
        ("^", f"{at}/revision", str(int(node["revision"]) + 1)),
        ("^", f"{at}/changed", _now()),
    ).expect(200)
    yield "database", name
    yield "search_index", name


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    """By the release's words with all signs, by the words that the index holds, by the record's own bytes."""
    there = dict(nodes(get(access, f"{CONTENT}/{RELEASES}.2.json"))).get(OURS, {})
    words = {name: set(str(node.get("words", "")).split()) for name, node in nodes(there)}
    in_index = {entry["releaseId"]: set(entry["words"].split()) for entry in _indexed_words(access)}
    records = _records(access, [ref for canary in canaries if (ref := canary.refs.get("repository_directory"))])
    for canary in canaries:
        for tier, ref in canary.refs.items():
            if tier == "database":
                yield canary.number, tier, {canary.token, *SIGNS} <= words.get(ref, set())
            elif tier == "search_index":
                yield canary.number, tier, canary.token in in_index.get(ref, ())
            else:
                known = hashlib.sha256(attached(canary.token)).hexdigest()
                yield canary.number, tier, ref == known and records.get(ref) == ref


def _indexed_words(access: PortalAccess) -> Iterator[dict[str, Any]]:
    listed = indexed(access, "default", "releaseId", "words")
    yield from (entry for entry in listed if entry["words"] is not None)


def _records(access: PortalAccess, names: Sequence[str]) -> dict[str, str]:
    """Digests of the datastore's records by name, read where they lie: their node is the database's tier."""
    component = access.drill.component("repository_directory")
    paths = [f"{name[:2]}/{name[2:4]}/{name[4:6]}/{name}" for name in names]
    folder, shell = f"{component.options['path']}/repository/datastore", access.stack.shell(component.service)
    lines = line_of_each(shell, folder, paths, '{ sha256sum <"$file" || echo -; } 2>/dev/null')
    return {path.rpartition("/")[2]: line.split()[0] for path, line in lines.items()}


def canary_query(canary: Canary) -> Query | None:
    ref = canary.refs.get("search_index")
    return Query(canary.token, frozenset({release_key(ref)})) if ref else None
