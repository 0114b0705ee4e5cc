"""The stages in order: capture, recover, judge, report (DESIGN 3 and 9)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import clock, report
from harness.containers.garbage import collect
from harness.containers.locks import RunLock
from harness.errors import HarnessBroken
from harness.judge.judge import judge
from harness.model.drill import Drill
from harness.model.evidence import Evidence
from harness.model.own_test import CHECK
from harness.model.plan import Plan
from harness.model.progress import Progress
from harness.model.restore_point import FaultNote, RestorePoint
from harness.model.verdict import Verdict
from harness.prepare import known_drills
from harness.run import vault
from harness.run.capture import Capture
from harness.run.interrupts import orderly_interrupts
from harness.run.journal import Journal, read_evidence
from harness.run.mutate import altered, damaged
from harness.run.own_tests import OwnTests
from harness.run.recover import Recovery
from harness.run.secrets import declared_without, secrets_in
from harness.run.session import STATE, Session, reachable_engine

__all__ = ["STATE", "DrillRun", "altered", "collect_garbage", "damaged", "drill_run", "judge_saved", "report_saved"]

REMOVING_S = 180.0


@dataclass
class DrillRun:
    """One run: `verdict` is set when the context has been left; `tests` until then, if some are to be run."""

    run_id: str
    folder: Path
    verdict: Verdict | None = None
    tests: OwnTests | None = None


@contextmanager
def drill_run(
    drill: Drill,
    plan: Plan,
    *,
    root: Path,
    progress: Progress,
    restore_point: Path | None = None,
    keep: bool = False,
    fault: FaultNote | None = None,
) -> Iterator[DrillRun]:
    """Entering captures (unless `restore_point` is given), recovers and observes up to `settled`; inside, the tests
    beside the drill file are run; leaving tears down, closes the evidence, judges and reports, Ctrl-C included.

    `fault` says that `plan` was altered, or that source or target are to be spoilt, on purpose; a damaged restore
    point says so itself.
    Raises: HarnessBroken if no container engine answers.
    """
    run_id, state = clock.new_id(), root.resolve() / STATE
    point = vault.load_record(restore_point) if restore_point else None
    faulty = fault is not None or (point is not None and point.fault is not None)
    folder = root.resolve() / "reports" / drill.name / ("proofs" if faulty else "") / run_id
    with ExitStack() as held:
        interrupts = held.enter_context(orderly_interrupts())
        engine = held.enter_context(reachable_engine())
        held.enter_context(RunLock(state, run_id))
        _save_plan(folder, drill, plan)
        journal = Journal(folder / "evidence.jsonl", secrets_in(plan.services, drill))
        run = DrillRun(run_id, folder)
        session = Session(root, run_id, folder, state, drill, plan, journal, progress, engine, keep, fault, interrupts)
        stages = _Stages(session, point, restore_point)
        stages.hold(held)
        held.callback(stages.finish, run)
        progress.run_started(drill.name, run_id, str(folder))
        journal.mark("run_started", run=run_id)
        if fault is not None:
            journal.mark("plan_altered", fault=fault.model_dump(mode="json"))
        stages.enter()
        run.tests = stages.own_tests()
        if run.tests is not None:
            held.callback(run.tests.close)
        yield run


class _Stages:
    """Both halves of one run, and its end in every case."""

    def __init__(self, session: Session, point: RestorePoint | None, point_folder: Path | None) -> None:
        self._session, self._point, self._point_folder = session, point, point_folder
        self._capture: Capture | None = None
        self._recovery: Recovery | None = None

    def hold(self, held: ExitStack) -> None:
        """The restore point that is recovered, or will be made, is not removed by another run's pruning.

        Raises: HarnessBroken.
        """
        folder = self._point_folder
        if folder is None:
            self._capture = Capture(self._session)
            folder = self._capture.folder
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise HarnessBroken(f"the vault {folder.parent} cannot be written: {error}") from error
        held.enter_context(vault.held(folder))

    def enter(self) -> None:
        session = self._session
        if self._point is None and self._capture is not None:
            self._point = self._capture.run()
            self._point_folder = self._capture.folder
        if self._point is not None and self._point_folder is not None:
            report.write_record(self._point, session.folder)
            self._recovery = Recovery(session, self._point_folder, self._point, self._capture)
            self._recovery.run()

    def own_tests(self) -> OwnTests | None:
        """What the tests beside the drill file are run with; None if there are none to run."""
        drill, only = self._session.drill, self._session.plan.only_checks
        if not drill.tests or (only and CHECK not in only):
            return None
        up = self._recovery is not None and self._recovery.is_up
        return OwnTests(self._session, self._recovery.stack if self._recovery and up else None)

    def finish(self, run: DrillRun) -> None:
        session = self._session
        try:
            if self._recovery is not None:
                self._recovery.tear_down()
            elif self._capture is not None and not session.keep:
                with session.interrupts.put_off(), clock.deadline(REMOVING_S):
                    self._capture.end()
                    left = self._capture.stack.remove()
                    session.journal.mark("source_removed", leftovers=[*left])
        finally:
            session.note_interrupts()
            with session.interrupts.put_off():
                if self._capture is not None and (self._point is None or session.fault is not None):
                    shutil.rmtree(self._capture.folder, ignore_errors=True)  # never sealed, or of a faulty run
                self._judge_and_report(run)
                vault.prune(vault.vault_of(session.state, session.drill.name), session.drill.keep)

    def _judge_and_report(self, run: DrillRun) -> None:
        """Raises: HarnessBroken if evidence or report could not be written: then there is no verdict to trust."""
        session = self._session
        evidence = session.journal.close()
        verdict = judge(session.drill, session.plan, self._point, evidence)
        try:
            report.write_reports(session.folder, verdict, session.drill, session.plan, self._point, evidence)
            report.write_index(session.root / "reports", known_drills(session.root / "drills"), clock.utc_now())
        except OSError as error:
            raise HarnessBroken(f"the report folder {session.folder} cannot be written: {error}") from error
        if session.journal.broken:
            raise HarnessBroken(f"run {session.run_id} shows nothing: {session.journal.broken}")
        run.verdict = verdict
        if self._point_folder is not None:
            vault.note_success(self._point_folder, verdict, all_checks=not session.plan.only_checks)


def _save_plan(folder: Path, drill: Drill, plan: Plan) -> None:
    """`drill.json` and `plan.json` stand before the first container does."""
    try:
        folder.mkdir(parents=True)
        for name, model in (("drill.json", drill), ("plan.json", plan)):
            text = declared_without(secrets_in(plan.services, drill), model).model_dump_json(indent=1)
            (folder / name).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise HarnessBroken(f"the report folder {folder} cannot be written: {error}") from error


def judge_saved(folder: Path) -> Verdict:
    """Judge the saved evidence of a run again: the same bytes of `verdict.json` by the same version.

    Raises: HarnessBroken if the folder holds no run.
    """
    return judge(*_saved(folder))


def report_saved(folder: Path) -> str:
    """`report.html` of a saved run, judged and drawn again by this version.

    Raises: HarnessBroken if the folder holds no run.
    """
    saved = _saved(folder)
    return report.html_text(judge(*saved), *saved)


def _saved(folder: Path) -> tuple[Drill, Plan, RestorePoint | None, Evidence]:
    try:
        drill = Drill.model_validate_json((folder / "drill.json").read_bytes())
        plan = Plan.model_validate_json((folder / "plan.json").read_bytes())
        evidence = read_evidence(folder / "evidence.jsonl")
        record = folder / report.RECORD
        point = RestorePoint.model_validate_json(record.read_bytes()) if record.exists() else None
    except (OSError, ValueError) as error:
        raise HarnessBroken(f"{folder} holds no run that can be judged: {error}") from error
    return drill, plan, point, evidence


def changed_since(folder: Path, drill: Drill) -> tuple[str, ...]:
    """Why the run in `folder` says nothing of `drill` as it is read now, or of the images as they are now.

    Raises: HarnessBroken if the folder holds no run.
    """
    try:
        saved = Drill.model_validate_json((folder / "drill.json").read_bytes())
    except (OSError, ValueError) as error:
        raise HarnessBroken(f"{folder} holds no run that can be compared: {error}") from error
    now = declared_without(secrets_in(drill.source.stack.services, drill), drill)
    reasons = [] if _anywhere(saved) == _anywhere(now) else [f"the Compose file {drill.source.stack.file} has changed"]
    reasons += [
        f"{name}, which holds tests of the drill, has changed"
        for name in dict.fromkeys((*saved.tests, *now.tests))
        if saved.tests.get(name) != now.tests.get(name)
    ]
    seen = read_evidence(folder / "evidence.jsonl").observation("images")
    images = seen.data if seen is not None and isinstance(seen.data, dict) else {}
    try:
        with reachable_engine() as engine:
            for service in drill.source.stack.services:
                known, present = images.get(service.name), engine.image(service.image)
                if not isinstance(known, dict) or present is None or known.get("id") != present["Id"]:
                    reasons.append(f"the image {service.image} of {service.name} is not that of the latest run")
    except HarnessBroken as error:
        reasons.append(f"the images cannot be compared with those of the latest run: {error}")
    return tuple(reasons)


def _anywhere(drill: Drill) -> Drill:
    """The drill without the names of its files, which depend on where they are read from, and without its tests."""
    stack = drill.source.stack.model_copy(update={"file": ""})
    checks = tuple(use for use in drill.checks if use.name != CHECK)
    source = drill.source.model_copy(update={"stack": stack})
    return drill.model_copy(update={"file": "", "source": source, "checks": checks, "tests": {}})


def collect_garbage(root: Path) -> list[str]:
    """Remove by label what runs left behind that nobody holds any more; returns what was removed."""
    state = root.resolve() / STATE
    return [*collect(state), *(f"unsealed restore point {name}" for name in vault.remove_unsealed(state))]
