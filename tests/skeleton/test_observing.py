"""What cannot be observed, because a container is held still or an answer never ends, is UNKNOWN by its deadline."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from drill_bench import At, Bench, impatient

from harness import clock
from harness.kinds.checks import isolation, portal_health, teardown, writable
from harness.kinds.contracts import When
from harness.prepare import make_plan

pytestmark = pytest.mark.engine

PROVE = pytest.mark.prove
SLOW_S = 3.0

# Step at whose start the database is paused, and a check that is UNKNOWN by it. The checks of one moment
# that asked before are not touched.
PAUSED = {
    "inventory_restored:database": "data_parity",
    "start_portal": "restore",
    "first_search": "freshness",
    "observe:as_restored": "portal_health",
    "observe:settled": "writable",
}


@pytest.mark.parametrize(
    "step", [step if step == "observe:as_restored" else pytest.param(step, marks=PROVE) for step in PAUSED]
)
def test_paused_service_is_unknown_and_no_failure(step: str, bench: Bench, point: Path) -> None:
    """A server that is frozen never answers: not the query, not its own time-out."""
    api = bench.engine.api
    plan = impatient(
        make_plan(bench.drill), inventory_restored=SLOW_S, start_portal=SLOW_S, first_search=SLOW_S, observe=SLOW_S
    )
    run = bench.perform(plan, point, At(step, lambda run: api.pause(bench.container(run, "sandbox"))))
    assert (run.verdict["outcome"], run.verdict["recovered"]) == ("UNKNOWN", False)
    assert "FAIL" not in run.outcomes.values()
    assert "FAIL" not in {objective["outcome"] for objective in run.verdict["objectives"].values()}
    assert run.outcomes[PAUSED[step]] == "UNKNOWN"
    assert run.outcomes["teardown"] == "PASS"
    assert bench.left_of(run.run) == []


@pytest.mark.parametrize(
    ("step", "check"),
    [("back_up:database", "capture")]
    + [pytest.param(step, "capture", marks=PROVE) for step in ("survey", "guard", "inventory_before:database", "seal")],
)
def test_paused_source_is_unknown_and_no_failure(step: str, check: str, bench: Bench) -> None:
    """A source that is held still: no restore point, no disaster; after the last look at it nothing is lost but the
    time in which it did not answer.

    Writes come seldom, but where they are waited for: a command that begins just when its container is paused hangs
    the engine (Docker 20.10 with runc 1.1), which can then neither go on with it nor remove it.
    """
    api = bench.engine.api
    deadlines = dict.fromkeys(("survey", "guard", "inventory_before", "back_up"), SLOW_S)
    run = bench.perform(
        impatient(make_plan(bench.drill), **deadlines),
        None,
        At(step, lambda run: api.pause(bench.container(run, "source"))),
        canary_every_s=None if step == "seal" else 4,
    )
    if step == "seal":
        failed = {name for name, one in run.verdict["objectives"].items() if one["outcome"] == "FAIL"}
        assert failed <= {"downtime"}
    else:
        assert (run.verdict["outcome"], run.outcomes[check]) == ("UNKNOWN", "UNKNOWN")
        assert run.verdict["restore_point"] is None
        assert "disaster" not in (run.folder / "evidence.jsonl").read_text()
    assert "FAIL" not in run.outcomes.values()
    assert bench.left_of(run.run) == []


def test_query_that_never_ends_is_given_up(bench: Bench, point: Path) -> None:
    """Somebody holds a lock on the table that every inventory reads."""
    api = bench.engine.api
    lock = "psql -qXU postgres -d shop -c 'BEGIN; LOCK TABLE stock.product; SELECT pg_sleep(20)'"

    def hold(run: str) -> None:
        made = api.exec_create(bench.container(run, "sandbox"), ["bash", "-c", lock], user="postgres")
        api.exec_start(made["Id"], detach=True)
        time.sleep(0.5)

    plan = impatient(make_plan(bench.drill), inventory_restored=SLOW_S)
    run = bench.perform(plan, point, At("inventory_restored:database", hold))
    assert run.verdict["outcome"] == "UNKNOWN"
    assert run.outcomes["data_parity"] == "UNKNOWN"
    assert "not compared" in run.check("data_parity")["found"]
    assert "FAIL" not in run.outcomes.values()
    assert run.step("inventory_restored:database")["duration_s"] < SLOW_S + 2


MOMENTS = {  # a check that looks at it
    When.AS_RESTORED: portal_health,
    When.SETTLED: writable,
    When.TESTED: isolation,
    When.TORN_DOWN: teardown,
}


@pytest.mark.parametrize("ends", ["crashes", "never ends"])
@pytest.mark.parametrize("when", [when if when is When.TESTED else pytest.param(when, marks=PROVE) for when in MOMENTS])
def test_look_without_an_end_is_unknown(
    when: When, ends: str, bench: Bench, point: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each moment of a run, a check that raises what nobody expects, and one that never comes back."""
    kind: ModuleType = MOMENTS[when]

    def look(*_: object) -> None:
        if ends == "crashes":
            raise KeyError("rows")
        time.sleep(30)

    monkeypatch.setattr(kind, "observe", look)
    plan = make_plan(bench.drill)
    hasty = [s.model_copy(update={"deadline_s": SLOW_S}) if s.id == f"observe:{when}" else s for s in plan.recover]
    run = bench.perform(plan.model_copy(update={"recover": tuple(hasty)}), point)
    name = kind.__name__.rpartition(".")[2]
    assert (run.verdict["outcome"], run.outcomes[name]) == ("UNKNOWN", "UNKNOWN")
    assert {outcome for other, outcome in run.outcomes.items() if other != name} == {"PASS"}
    said = "KeyError: 'rows'" if ends == "crashes" else f"no answer within {SLOW_S:g} s"
    assert said in run.check(name)["found"]
    assert bench.left_of(run.run) == []


@PROVE
def test_clock_that_is_set_back_while_it_recovers_is_unknown(
    bench: Bench, point: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an hour: nothing waits for an hour, nothing is late, and nothing is called sound."""

    def set_back(run: str) -> None:
        right = clock.utc_now
        monkeypatch.setattr(clock, "utc_now", lambda: right() - timedelta(hours=1))

    run = bench.perform(point=point, progress=At("start_portal", set_back))
    assert (run.verdict["outcome"], set(run.outcomes.values())) == ("UNKNOWN", {"PASS"})
    assert "FAIL" not in {objective["outcome"] for objective in run.verdict["objectives"].values()}
    (doubt,) = run.verdict["partial"][-1:]
    assert doubt.startswith("the order of what was written: the clock was set by 3")
    assert bench.left_of(run.run) == []
