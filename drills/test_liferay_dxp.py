"""What the people of this portal expect of it, tried on the restored copy. See "Tests of your own" in README.md."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from harness.containers.restored import Restored

SEARCHABLE_WITHIN_S = 15.0


@pytest.fixture
def as_user(restored: Restored) -> Callable[[str], httpx.Client]:
    """A client of the portal that is logged in as one of the accounts of the example content."""

    def client_of(name: str) -> httpx.Client:
        client = restored.http("web")
        client.auth = (name, restored.environment("seed")[f"PORTAL_{name.upper()}_PASSWORD"])
        return client

    return client_of


@pytest.mark.parametrize(("name", "found"), [("insider", 1), ("reader", 0)])
def test_private_section_is_found_by_its_own_group_alone(
    as_user: Callable[[str], httpx.Client], name: str, found: int
) -> None:
    reply = as_user(name).get("/api/search", params={"q": "quarterdeck", "limit": 0})
    assert reply.status_code == 200
    assert reply.json()["total"] == found


def test_what_an_editor_publishes_is_found_by_readers(as_user: Callable[[str], httpx.Client]) -> None:
    """Changes the restored portal: tests run last, and the sandbox is thrown away."""
    page = {"title": "After the disaster", "body": "The muster point is the old lighthouse. portalbackagain"}
    assert as_user("editor").post("/api/write/pages", json=page).status_code == 201
    reader, found = as_user("reader"), []
    give_up = time.monotonic() + SEARCHABLE_WITHIN_S
    while not found and time.monotonic() < give_up:
        found = reader.get("/api/search", params={"q": "portalbackagain"}).raise_for_status().json()["items"]
        time.sleep(0.2)
    assert [hit["title"] for hit in found] == ["After the disaster"]


def test_scheduler_of_the_copy_is_off(restored: Restored) -> None:
    """A copy that sends digests and calls webhooks damages production, even in a drill."""
    properties = restored.host("web").file("/opt/liferay/portal-ext.properties")
    assert properties.user == "liferay"
    assert properties.contains("^scheduler.enabled=false$")


def test_analyst_reads_reports_and_changes_nothing(restored: Restored) -> None:
    password = restored.environment("install")["PORTAL_ANALYST_PASSWORD"]
    with restored.sql("db", database="portal", user="analyst", password=password) as connection:
        (pages,) = connection.execute("SELECT count(*) FROM report_pages").fetchone() or (0,)
        (may_write,) = connection.execute("SELECT has_table_privilege('wagtailcore_page', 'UPDATE')").fetchone() or (
            "",
        )
    assert pages > 100
    assert may_write is False
