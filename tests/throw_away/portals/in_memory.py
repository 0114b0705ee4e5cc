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
PAGES = ["the first page says good day"]


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
    for name, found in facts(access).items():
        yield Probe(name=name, ok=found == expected.get(name), expected=expected.get(name, "none"), found=found)


def write_nonce(access: PortalAccess, nonce: str) -> None:
    PAGES.append(f"nonce {nonce}")


def read_nonces(access: PortalAccess) -> tuple[str, ...]:
    return tuple(text.split()[1] for text in PAGES if text.startswith("nonce "))


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    PAGES.append(token)
    yield "pages", str(len(PAGES) - 1)


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    PAGES[int(earlier.refs["pages"])] += f" {token}"
    yield "pages", earlier.refs["pages"]


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    for canary in canaries:
        number = int(canary.refs["pages"])
        yield canary.number, "pages", number < len(PAGES) and canary.token in PAGES[number].split()


def canary_query(canary: Canary) -> Query | None:
    return Query(canary.token, frozenset({_key(int(canary.refs["pages"]))}))


def items(access: PortalAccess) -> Iterator[ContentItem]:
    for number, text in enumerate(PAGES):
        yield ContentItem(_key(number), revision=text, committed_utc=None, title=text)


def search(access: PortalAccess, query: str) -> frozenset[str]:
    return frozenset(_key(number) for number, text in enumerate(PAGES) if query in text.split())


def queries(access: PortalAccess) -> Iterator[Query]:
    for word in ("first", "nonce"):
        yield Query(word, search(access, word))


def _key(number: int) -> str:
    return f"page:{number:06}"
