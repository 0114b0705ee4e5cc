"""Requests to a portal as one of the accounts that its stack was seeded with."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from harness.kinds.contracts import Http, KindOptions, PortalAccess


class Options(KindOptions):
    accounts_service: str = Field(
        default="seed", description="Service of the stack whose environment holds PORTAL_ADMIN_PASSWORD and so on."
    )


def account(access: PortalAccess, name: str) -> tuple[str, str]:
    options = Options.model_validate(access.portal.options)
    return name, access.stack.environment(options.accounts_service)[f"PORTAL_{name.upper()}_PASSWORD"]


def server(access: PortalAccess) -> Http:
    return access.stack.http(access.portal.service, access.portal.port)


def get(access: PortalAccess, path: str, user: str = "admin", **params: str | int) -> Any:
    reply = server(access).request("GET", path, params=params, auth=account(access, user))
    return reply.expect(200).json()
