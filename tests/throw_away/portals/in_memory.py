"""An application that remembers its pages for as long as the process lives; thrown away after the test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from harness.kinds.contracts import ContentItem, KindOptions, PortalAccess, Probe, Query
from harness.model.restore_point import Canary

TITLE = "In memory"
VENDOR_OF = frozenset({"intranet-1"})
SERVICE = "web"
PORT = 8080
CONTENT_TIER = "pages"
INDEX_TIER = None
TIERS = ("pages",)
COMPONENTS = {"pages": {"service": "web", "options": {"path": "/srv/pages"}}}
PAGES: dict[str, str] = {}


class Options(KindOptions):
    greeting: str = Field(default="hello", description="What the first page says.")


def healthy(access: PortalAccess) -> Probe:
    return Probe(name="health", ok=bool(PAGES), expected="a page", found=f"{len(PAGES)} pages")


def facts(access: PortalAccess) -> dict[str, str]:
    return {"greeting": str(access.portal.options.get("greeting"))}


def versions(access: PortalAccess) -> dict[str, str]:
    return {}


def probes(access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
    yield healthy(access)


def write_nonce(access: PortalAccess, nonce: str) -> None:
    PAGES[nonce] = "nonce"


def read_nonces(access: PortalAccess) -> tuple[str, ...]:
    return tuple(key for key, text in PAGES.items() if text == "nonce")


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    PAGES[str(number)] = token
    yield "pages", str(number)


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    PAGES[earlier.refs["pages"]] += f" {token}"
    yield "pages", earlier.refs["pages"]


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    for canary in canaries:
        yield canary.number, "pages", canary.token in PAGES.get(canary.refs["pages"], "")


def canary_query(canary: Canary) -> Query | None:
    return None


def items(access: PortalAccess) -> Iterator[ContentItem]:
    return iter(())


def search(access: PortalAccess, query: str) -> frozenset[str]:
    return frozenset(key for key, text in PAGES.items() if query in text)


def queries(access: PortalAccess) -> Iterator[Query]:
    return iter(())
