"""The write through a restored portal: what it says of each tier, with a portal in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import written_drill, written_point

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds import registry
from harness.kinds.checks import writable
from harness.kinds.contracts import CheckAccess, Record
from harness.model.drill import Component, Drill
from harness.model.evidence import Evidence, Instant, Mark, Observation
from harness.model.plan import Plan
from harness.model.restore_point import Artefact, Canary, RestorePoint
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
MARK = Mark(name="capture_finished", at=Instant(monotonic_s=1, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one"))
ID = "20261121T075100Z-4f3a"
KINDS = {"database": ("postgresql", "pg_dump"), "files": ("file_tree", "tar"), "search": ("opensearch", "snapshot")}


class PortalInMemory:
    """Acknowledges a write in the tiers of `acknowledges` and forgets it in those of `forgets`."""

    TIERS = ("database", "files", "search")

    def __init__(
        self, acknowledges: Sequence[str] = TIERS, forgets: Sequence[str] = (), error: Exception | None = None
    ) -> None:
        self.acknowledges, self.forgets, self.error = acknowledges, forgets, error
        self.written: list[tuple[int, str]] = []

    def write_canary(self, access: Any, number: int, token: str) -> Iterator[tuple[str, str]]:
        self.written.append((number, token))
        for tier in self.acknowledges:
            yield tier, f"{tier}-{number}"
        if self.error:
            raise self.error

    def kept_canaries(self, access: Any, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
        for canary in canaries:
            for tier in canary.refs:
                yield canary.number, tier, tier not in self.forgets and (canary.number, canary.token) in self.written


def record(tiers: Sequence[str]) -> tuple[Drill, Plan, RestorePoint]:
    components = tuple(Component(name=t, kind=KINDS[t][0], service="x", engine=KINDS[t][1]) for t in tiers)
    drill = written_drill(
        components=components,
    )
    artefact = Artefact(
        component="database",
        engine="pg_dump",
        folder="artefacts/database",
        files=(),
        pairing_id=ID,
        started=MARK,
        finished=MARK,
        capture_point=MARK,
    )
    point = written_point(
        captured_utc=MARK.at.utc,
        artefacts=(artefact,),
    )
    return drill, Plan(drill="shop", components=components, services=(), capture=(), recover=()), point


def outcome(portal: PortalInMemory, tiers: Sequence[str] = PortalInMemory.TIERS) -> tuple[Outcome, str]:
    """The check observes the portal, and judges what it observed."""
    drill, plan, point = record(tiers)
    nothing: Any = None
    access = CheckAccess(
        drill=drill,
        plan=plan,
        stack=nothing,
        portal=nothing,
        portal_kind=portal,  # type: ignore[arg-type]
        component_kinds={},
        restore_point=point,
        canaries=(),
        differences={},
    )
    options = writable.Options()
    seen = Observation(name="writable", data=writable.observe(access, options), at=MARK.at)
    evidence = Evidence(lines=(seen,), complete=True, sha256="0" * 64)
    result = writable.judge(Record(drill, plan, point, evidence, True), options)
    return result.outcome, result.found


def test_item_that_every_tier_has_passes() -> None:
    assert outcome(PortalInMemory()) == (PASS, "written and found in database, files, search")


@pytest.mark.parametrize("tier", PortalInMemory.TIERS)
def test_tier_that_forgets_what_it_acknowledged_fails(tier: str) -> None:
    assert outcome(PortalInMemory(forgets=(tier,))) == (FAIL, f"{tier}: it is not there")


@pytest.mark.parametrize("tier", PortalInMemory.TIERS)
def test_tier_that_does_not_acknowledge_fails(tier: str) -> None:
    others = tuple(one for one in PortalInMemory.TIERS if one != tier)
    assert outcome(PortalInMemory(acknowledges=others)) == (FAIL, f"{tier}: not acknowledged")


def test_tier_that_the_plan_does_not_restore_is_not_asked_for() -> None:
    assert outcome(PortalInMemory(forgets=("search",)), ("database", "files"))[0] is PASS


def test_plan_without_a_tier_shows_nothing() -> None:
    assert outcome(PortalInMemory(), ()) == (UNKNOWN, "nothing was written")


def test_refusal_is_an_answer_and_fails_with_its_reason() -> None:
    result = outcome(PortalInMemory(acknowledges=("database",), error=CommandFailed("the database is read-only")))
    reason = "not acknowledged; the database is read-only"
    assert result == (FAIL, f"files: {reason}, search: {reason}")


def test_item_cannot_be_taken_for_one_of_the_source() -> None:
    portal = PortalInMemory()
    outcome(portal)
    assert portal.written == [(0, "written4f3aafter")]  # the source's writes are numbered from 1


def test_write_of_which_it_is_not_known_whether_it_was_made_is_no_observation() -> None:
    with pytest.raises(CouldNotAsk, match="timed out"):
        outcome(PortalInMemory(error=CouldNotAsk("timed out")))


@pytest.mark.parametrize("product", ["liferay-dxp-7.4", "plain"])
def test_every_product_asks_for_it(product: str) -> None:
    assert "writable" in registry.product(product).DEFAULT_CHECKS
