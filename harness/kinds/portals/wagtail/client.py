"""What several of its files ask the site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.errors import CouldNotAsk
from harness.kinds.contracts import PortalAccess
from harness.kinds.portals._accounts import get


def item_key(kind: str, number: object) -> str:
    return f"{kind}:{int(str(number)):012d}"


def listed(access: PortalAccess, kind: str, user: str = "admin", *, at_work: bool = False) -> Iterator[dict[str, Any]]:
    """All pages or documents from the database, by ascending id, to the stated total; `at_work`: of a source on
    which people write and delete meanwhile, so that no total holds."""
    after = seen = total = 0
    while True:
        answer = get(access, f"/api/{kind}/", user, after=after, limit=500)
        total = int(answer["total"])
        if not answer["items"]:
            break
        yield from answer["items"]
        seen, after = seen + len(answer["items"]), int(answer["items"][-1]["id"])
    if seen != total and not at_work:
        raise CouldNotAsk(f"the list of {kind} gave {seen} items and stated {total}")
