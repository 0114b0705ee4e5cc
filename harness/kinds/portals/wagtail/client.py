"""Requests to the site, as one of its accounts; what several of its files need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from harness.errors import CouldNotAsk
from harness.kinds.contracts import Http, KindOptions, PortalAccess


class Options(KindOptions):
    accounts_service: str = Field(
        default="seed", description="Service of the stack whose environment holds PORTAL_ADMIN_PASSWORD and so on."
    )


def account(access: PortalAccess, name: str) -> tuple[str, str]:
    options = Options.model_validate(access.portal.options)
    return name, access.stack.environment(options.accounts_service)[f"PORTAL_{name.upper()}_PASSWORD"]


def site(access: PortalAccess) -> Http:
    return access.stack.http(access.portal.service, access.portal.port)


def get(access: PortalAccess, path: str, user: str = "admin", **params: str | int) -> Any:
    reply = site(access).request("GET", path, params=params, auth=account(access, user))
    return reply.expect(200).json()


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
