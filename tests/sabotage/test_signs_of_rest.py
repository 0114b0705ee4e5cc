"""What works on a portal's home while its server stands still is seen by the signs of rest (XLR-3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from restore_points import PROJECT
from two_captures import session_of

from harness import clock
from harness.containers.locks import RunLock
from harness.kinds import registry
from harness.kinds.contracts import ShowsRest
from harness.model.plan import Action
from harness.prepare import make_plan, read_drill
from harness.run.session import STATE, reachable_engine
from harness.run.source import OwnedSource

pytestmark = [pytest.mark.engine, pytest.mark.prove]


def test_archiving_job_without_its_server_is_seen(tmp_path: Path) -> None:
    """Started by hand in a container of its own, it has the home open and holds the lock until it has ended."""
    drill = read_drill(PROJECT / "drills" / "xl-release-7.5.drill.yaml")
    plan, run_id = make_plan(drill), clock.new_id()
    with reachable_engine() as engine, RunLock(tmp_path / STATE, run_id):
        session = session_of(engine, tmp_path, run_id, drill, plan)
        source, kind = OwnedSource(session), registry.portal_of(drill.portal)
        assert isinstance(kind, ShowsRest)
        try:
            source.start(next(step for step in plan.capture if step.action is Action.START_SOURCE))
            assert {probe.name for probe in kind.at_rest(source.access) if probe.ok} == set()
            source.stack.stop("release")
            assert all(probe.ok for probe in kind.at_rest(source.access))
            source.stack.start("archive")
            seen = set[str]()
            while source.stack.is_running("archive"):
                seen |= {probe.name for probe in kind.at_rest(source.access) if not probe.ok}
            assert seen == {"processes", "lock"}
            assert all(probe.ok for probe in kind.at_rest(source.access))
        finally:
            assert source.stack.remove() == ()
            session.journal.close()
