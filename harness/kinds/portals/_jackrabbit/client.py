"""Requests to the server: JCR remoting for content, the release server's own pages for all else.

Source: Apache Jackrabbit 2.20, JCR remoting server (batch read and `:diff`), WebDAV server; fixtures/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from harness.errors import CouldNotAsk
from harness.kinds.contracts import HttpReply, PortalAccess
from harness.kinds.portals._accounts import account, server
from harness.model.frozen import JsonValue

CONTENT = "/server/default/jcr:root"
SECURITY = "/server/security/jcr:root"
RELEASES, ATTACHMENTS, OURS = "Applications", "Attachments", "portal-drill"
# A write is refused unless it says that it comes from the server's own pages.
_SAME_HOST = {"Host": "release", "Referer": "http://release/"}


def save(
    access: PortalAccess, *lines: tuple[str, str, JsonValue], user: str = "editor", timeout_s: float = 30
) -> HttpReply:
    """Several changes, all or none: (`+`, path, properties) adds a node, (`^`, path, value) sets a property."""
    diff = "\n".join(f"{sign}{path} : {json.dumps(value)}" for sign, path, value in lines)
    return server(access).request(
        "POST", CONTENT, headers=_SAME_HOST, auth=account(access, user), form={":diff": diff}, timeout_s=timeout_s
    )


def store(access: PortalAccess, name: str, content: bytes) -> None:
    """A new attachment: the server's form of uploads. Raises: CommandFailed if refused, CouldNotAsk."""
    node = f"/{ATTACHMENTS}/{name}"
    file: JsonValue = {"jcr:primaryType": "nt:file"}
    resource: JsonValue = {"jcr:primaryType": "nt:resource", "jcr:mimeType": "application/octet-stream"}
    diff = (
        f"+{node} : {json.dumps(file)}\n+{node}/jcr:content : {json.dumps(resource)}\n^{node}/jcr:content/jcr:data : "
    )
    reply = server(access).request(
        "POST",
        CONTENT,
        headers=_SAME_HOST,
        auth=account(access, "editor"),
        form={":diff": diff},
        files={f"{node}/jcr:content/jcr:data": (name, content)},
    )
    reply.expect(200)


def attachment(access: PortalAccess, name: str) -> HttpReply:
    path = f"/repository/default/{ATTACHMENTS}/{quote(name)}"
    return server(access).request("GET", path, auth=account(access, "reader"))


def nodes(held: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Child nodes of a node as batch read gives it, by name, in their order."""
    if not isinstance(held, dict):
        raise CouldNotAsk(f"no node: {str(held)[:100]}")
    yield from ((name, child) for name, child in held.items() if isinstance(child, dict))


def texts_of(node: dict[str, Any], leave_out: Iterable[str] = ()) -> Iterator[str]:
    """Values of its text properties, without the types that stand beside some of them."""
    yield from (
        value
        for name, value in node.items()
        if isinstance(value, str) and ":" not in name and name not in set(leave_out)
    )
