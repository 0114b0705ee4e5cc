"""Labels, and when they expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from harness.containers.labels import TIME_TO_LIVE, Owner, has_expired, new_owner, state_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_labels_name_run_drill_role_and_expiry_in_utc() -> None:
    expires = NOON.astimezone(timezone(timedelta(hours=5)))
    assert Owner("20261121T060000Z-4f3a", "nightly", "source", expires).labels() == {
        "portal-drill.run": "20261121T060000Z-4f3a",
        "portal-drill.drill": "nightly",
        "portal-drill.role": "source",
        "portal-drill.expires_utc": "2026-11-21T12:00:00Z",
        "portal-drill.state": "",
    }


def test_another_role_keeps_the_run() -> None:
    owner = Owner("run", "nightly", "source", NOON)
    assert owner.with_role("tool") == Owner("run", "nightly", "tool", NOON)
    assert owner.with_role("sandbox").name_of("web") == "run-sandbox-web"


def test_expiry_is_read_from_the_label() -> None:
    labels = Owner("run", "nightly", "source", NOON).labels()
    assert not has_expired(labels, NOON - timedelta(seconds=1))
    assert has_expired(labels, NOON)


def test_labels_that_cannot_be_read_count_as_expired() -> None:
    assert has_expired({"portal-drill.run": "run"}, NOON)
    assert has_expired({"portal-drill.expires_utc": "soon"}, NOON)


def test_new_owner_expires_and_names_its_state_folder(tmp_path: Path) -> None:
    owner = new_owner("run", "nightly", "source", tmp_path)
    assert timedelta(0) < owner.expires_utc - datetime.now(UTC) <= TIME_TO_LIVE
    assert owner.state == state_of(tmp_path / "." / "x" / "..") != state_of(tmp_path / "x")
