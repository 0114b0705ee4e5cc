"""All content by walking the nodes, what the index itself lists, and searches as a plain user.

Releases lie in the workspace `default`, users and groups in `security`: each has an index of its own (XLR-15, XLR-16).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harness.kinds.contracts import ContentItem, PortalAccess, Query
from harness.kinds.portals._accounts import get
from harness.kinds.portals._jackrabbit.client import CONTENT, RELEASES, SECURITY, nodes, texts_of
from harness.kinds.queries import choose_queries

_DEEP = 12  # users lie in folders by the first letters of their names


def release_key(name: str) -> str:
    return f"release:{name}"


def releases(access: PortalAccess, user: str = "admin") -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and properties of every release, folder by folder, without the index."""
    for _, folder in nodes(get(access, f"{CONTENT}/{RELEASES}.2.json", user)):
        yield from nodes(folder)


def people(access: PortalAccess) -> Iterator[str]:
    """Every user and group of the security workspace, by walking it: `user reader`, `group editors`."""
    yield from _authorizables(get(access, f"{SECURITY}/rep:security.{_DEEP}.json"))


def _authorizables(held: dict[str, Any]) -> Iterator[str]:
    for _, node in nodes(held):
        kind = {"rep:User": "user", "rep:Group": "group"}.get(str(node.get("jcr:primaryType")))
        if kind:
            yield f"{kind} {node['rep:principalName']}"
        yield from _authorizables(node)


def items(access: PortalAccess) -> Iterator[ContentItem]:
    found = [_person(name.partition(" ")[2]) for name in people(access)]
    found += [_release(node) for _, node in releases(access)]
    yield from _in_order(found)


def index_items(access: PortalAccess) -> Iterator[ContentItem]:
    """What the indexes of both workspaces hold, ghosts included: no query shows those (ENGINES 9)."""
    found = [_person(entry["principalName"]) for entry in indexed(access, "security", "principalName")]
    found += [_release(entry) for entry in indexed(access, "default", "releaseId", "revision", "title", "changed")]
    yield from _in_order(found)


def indexed(access: PortalAccess, workspace: str, *properties: str) -> Iterator[dict[str, Any]]:
    """Nodes of the index that have the first of the properties, with the values that it holds."""
    listed = get(access, "/xl/index", workspace=workspace, properties=",".join(properties))["items"]
    yield from (entry for entry in listed if entry[properties[0]] is not None)


def _person(name: str) -> ContentItem:
    return ContentItem(f"person:{name}", "", None)


def _release(node: dict[str, Any]) -> ContentItem:
    changed = node["changed"] and datetime.fromisoformat(node["changed"])
    return ContentItem(release_key(node["releaseId"]), str(node["revision"]), changed or None, str(node["title"]))


def _in_order(found: list[ContentItem]) -> list[ContentItem]:
    return sorted(found, key=lambda item: item.key.encode())


def search(access: PortalAccess, query: str) -> frozenset[str]:
    """By JCR-SQL2, all hits at once."""
    return frozenset(release_key(item["id"]) for item in get(access, "/xl/search", "reader", q=query)["items"])


def queries(access: PortalAccess) -> Iterator[Query]:
    """Words of all texts of the releases that the plain user may read."""
    readable = [(release_key(name), " ".join(texts_of(node))) for name, node in releases(access, "reader")]
    yield from choose_queries(lambda: readable)
