"""Two restore points of one source that lives on between them, so that what its own job moved meanwhile is in both
databases, or in neither, as soon as one of them is of the other moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from harness import clock
from harness.containers.engine import Engine
from harness.containers.locks import RunLock
from harness.containers.stack import ContainerStack
from harness.model.drill import Drill
from harness.model.plan import Action, Plan
from harness.model.progress import Silent
from harness.prepare import make_plan
from harness.run.capture import Capture
from harness.run.journal import Journal
from harness.run.session import STATE, Session, reachable_engine

STARTS = frozenset({Action.PREPARE_IMAGES, Action.PREFLIGHT, Action.START_SOURCE})
WITHIN_S = 120.0


def two_captures(drill: Drill, root: Path, moved: Callable[[ContainerStack], int], least: int) -> tuple[Path, Path]:
    """The restore points before and after the source's job has moved at least `least` items; `moved` counts them."""
    plan = make_plan(drill)
    with reachable_engine() as engine:
        run_id = clock.new_id()
        with RunLock(root / STATE, run_id):
            first = Capture(session_of(engine, root, run_id, drill, plan))
            try:
                _capture(first)
                _wait_for_moves(first.stack, moved, least)
                second = Capture(session_of(engine, root, run_id, drill, _again(plan)), first.source)
                _capture(second)
            finally:
                left = first.stack.remove()
    assert left == ()
    return first.folder, second.folder


def session_of(engine: Engine, root: Path, run_id: str, drill: Drill, plan: Plan) -> Session:
    folder = root / "captures" / clock.new_id()
    folder.mkdir(parents=True)
    journal = Journal(folder / "evidence.jsonl")
    return Session(root, run_id, folder, root / STATE, drill, plan, journal, Silent(), engine)


def _capture(one: Capture) -> None:
    point = one.run()
    one.end()
    assert point, f"the capture failed: see {one.session.folder}"
    one.writer.join(30)
    one.session.journal.close()


def _again(plan: Plan) -> Plan:
    """The capture of a source that runs already."""
    gone = {step.id for step in plan.capture if step.action in STARTS}
    kept = (step for step in plan.capture if step.id not in gone)
    steps = tuple(s.model_copy(update={"needs": tuple(n for n in s.needs if n not in gone)}) for s in kept)
    return plan.model_copy(update={"capture": steps})


def _wait_for_moves(stack: ContainerStack, moved: Callable[[ContainerStack], int], least: int) -> None:
    before, give_up = moved(stack), time.monotonic() + WITHIN_S
    while (now := moved(stack)) < before + least:
        assert time.monotonic() < give_up, f"the source's job moved {now - before} of {least} items in {WITHIN_S:g} s"
        time.sleep(0.5)
