"""A wait ends well, at its deadline, or when what is waited for cannot come."""

from __future__ import annotations

import pytest

from harness.errors import CouldNotAsk, EngineGone
from harness.kinds.contracts import Probe
from harness.model.progress import Silent
from harness.run import waiting
from harness.run.waiting import wait_for

NOT_YET = Probe("db", False, "ready", "starting")


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TROUBLES_EVERY_S", 0.02)


def test_what_is_lacking_twice_ends_the_wait_and_is_said() -> None:
    said = iter([(), ("volume a is full: 9 bytes are free",), (), ("b is full",), ("b is full: 7 bytes are free",)])
    probe = wait_for(lambda: NOT_YET, within_s=60, every_s=0.005, progress=Silent(), troubles=lambda: next(said))
    assert (probe.ok, probe.found) == (False, "starting; b is full: 7 bytes are free")
    assert next(said, None) is None


def test_what_lacks_nothing_is_waited_for_until_the_deadline() -> None:
    asked = []
    probe = wait_for(
        lambda: asked.append(1) or NOT_YET,  # type: ignore[func-returns-value]
        within_s=0.2,
        every_s=0.005,
        progress=Silent(),
        troubles=lambda: (),
    )
    assert (probe, len(asked) > 10) == (NOT_YET, True)


def test_looking_that_fails_ends_no_wait() -> None:
    def cannot() -> tuple[str, ...]:
        raise CouldNotAsk("busy")

    probes = iter([NOT_YET] * 20 + [Probe("db", True, "ready", "ready")])
    assert wait_for(lambda: next(probes), within_s=60, every_s=0.005, progress=Silent(), troubles=cannot).ok


def test_engine_that_is_gone_ends_the_wait() -> None:
    def gone() -> tuple[str, ...]:
        raise EngineGone("no engine")

    with pytest.raises(EngineGone):
        wait_for(lambda: NOT_YET, within_s=60, every_s=0.005, progress=Silent(), troubles=gone)
