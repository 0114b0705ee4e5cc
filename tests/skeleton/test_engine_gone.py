"""An engine that goes away, freezes or refuses in mid-run: UNKNOWN, the evidence closed, nothing lost to `gc`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from drill_bench import At, Bench, Finished, impatient
from relay import Relay

from harness.pipeline import collect_garbage, judge_saved
from harness.prepare import make_plan
from harness.report.files import verdict_bytes
from harness.run.journal import read_evidence

# The SDK leaves a socket that broke to the garbage collector.
pytestmark = [pytest.mark.engine, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

PROVE = pytest.mark.prove


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    relay = Relay(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", relay.address)
    yield relay
    relay.close()


def assert_unknown(run: Finished, said: str) -> None:
    """The files that were written say it, and judging them again says the same."""
    assert (run.verdict["outcome"], run.verdict["recovered"]) == ("UNKNOWN", False)
    assert "FAIL" not in run.outcomes.values()
    assert "FAIL" not in {objective["outcome"] for objective in run.verdict["objectives"].values()}
    assert read_evidence(run.folder / "evidence.jsonl").complete
    assert said in (run.folder / "verdict.json").read_text()
    assert verdict_bytes(judge_saved(run.folder)) == (run.folder / "verdict.json").read_bytes()


def assert_gc_removes_all(
    bench: Bench, run: Finished, monkeypatch: pytest.MonkeyPatch, *, nothing_yet: bool = False
) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    assert (bench.left_of(run.run) == []) is nothing_yet
    collect_garbage(bench.root)
    assert bench.left_of(run.run) == []


@pytest.mark.parametrize(
    "step",
    [
        "restore:database",
        *(
            pytest.param(step, marks=PROVE)
            for step in (
                "start_source",
                "survey",
                "inventory_before:database",
                "back_up:database",
                "disaster",
                "create_target",
                "start_service:db",
                "inventory_restored:database",
                "start_portal",
                "first_search",
                "observe:as_restored",
                "observe:settled",
                "tear_down",
            )
        ),
    ],
)
def test_engine_gone(step: str, relay: Relay, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.perform(progress=At(step, lambda _: relay.cut()))
    assert_unknown(run, "the container engine is gone or does not answer")
    assert_gc_removes_all(bench, run, monkeypatch, nothing_yet=step in ("start_source", "create_target"))


def test_engine_that_comes_back_drills_again(
    relay: Relay, bench: Bench, point: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream of the restoring command breaks in the middle, its first words already there."""
    run = bench.perform(point=point, progress=At("restore:database", lambda _: relay.cut()))
    assert_unknown(run, "the container engine is gone or does not answer")
    assert_gc_removes_all(bench, run, monkeypatch)
    assert bench.perform(point=point).verdict["outcome"] == "PASS"


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, marks=PROVE) for step in ("inventory_restored:database", "observe:as_restored", "tear_down")]
    + ["restore:database"],
)
def test_engine_that_hangs_is_given_up_by_the_deadline(
    step: str, relay: Relay, bench: Bench, point: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = step.partition(":")[0]
    plan = impatient(make_plan(bench.drill), **{action: 5, "tear_down": 5, "observe": 5})
    run = bench.perform(plan, point, At(step, lambda _: relay.freeze()))
    assert_unknown(run, "the container engine is gone or does not answer")
    assert run.step("tear_down")["duration_s"] < 30
    assert_gc_removes_all(bench, run, monkeypatch)


def test_container_that_cannot_be_removed_is_named_and_gone_after_gc(
    relay: Relay, bench: Bench, point: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run: str) -> None:
        relay.refuses = lambda request: request.startswith(b"DELETE ") and b"/containers/" in request.split(b"\r\n")[0]

    run = bench.perform(point=point, progress=At("tear_down", refuse))
    assert_unknown(run, "left behind: container")
    assert bench.container(run.run, "sandbox") in run.check("teardown")["found"]
    assert {name for name, outcome in run.outcomes.items() if outcome != "PASS"} == {"teardown"}
    assert_gc_removes_all(bench, run, monkeypatch)
    assert bench.perform(point=point).verdict["outcome"] == "PASS"


def test_volume_that_somebody_else_uses_is_named_and_gone_after_gc(bench: Bench, point: Path) -> None:
    foreign: list[str] = []

    def hold(run: str) -> None:
        host = bench.engine.api.create_host_config(binds=[f"{bench.container(run, 'sandbox', 'database')}:/held"])
        made = bench.engine.api.create_container("portal-drill/tools:3", ["sleep", "600"], host_config=host)
        foreign.append(str(made["Id"]))

    try:
        run = bench.perform(point=point, progress=At("tear_down", hold))
        assert (run.verdict["outcome"], run.outcomes["teardown"]) == ("UNKNOWN", "UNKNOWN")
        assert (
            f"left behind: volume {bench.container(run.run, 'sandbox', 'database')}" in run.check("teardown")["found"]
        )
        assert bench.left_of(run.run) == [bench.container(run.run, "sandbox", "database")]
        assert bench.perform(point=point).verdict["outcome"] == "PASS"
    finally:
        for container in foreign:
            bench.engine.api.remove_container(container, force=True)
    collect_garbage(bench.root)
    assert bench.left_of(run.run) == []
