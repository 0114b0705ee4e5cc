"""The stages as the plugin and the command line call them: imported when used, so that `--help` and other
people's pytest runs stay fast, and handed in as one value, so that tests bring their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from harness.errors import DrillFileWrong
    from harness.model.drill import Drill
    from harness.model.evidence import Seen
    from harness.model.own_test import OwnTest
    from harness.model.plan import Plan
    from harness.model.progress import Progress
    from harness.model.verdict import Verdict


class Run(Protocol):
    """A drill run, as `pipeline.drill_run` offers it; the verdict is there once the run was left."""

    @property
    def run_id(self) -> str: ...

    @property
    def folder(self) -> Path: ...

    @property
    def verdict(self) -> Verdict | None: ...

    @property
    def tests(self) -> OwnTests | None: ...


class OwnTests(Protocol):
    """What the tests beside the drill file are run with, until the run is left; `run.own_tests` explains each."""

    @property
    def restored(self) -> Any: ...

    def begin(self, chosen: Sequence[str], not_chosen: Sequence[str]) -> None: ...

    def could_not_begin(self, reason: str) -> None: ...

    def in_time(self) -> AbstractContextManager[None]: ...

    def how_it_went(self, error: BaseException) -> Seen: ...

    def ended(self, test: OwnTest) -> None: ...


class Stages:
    """The real ones; a test subclasses it and overrides what it needs."""

    def read_drill(self, path: Path, content: bytes | None = None) -> Drill:
        """`content`: what the file would have, if it does not lie there.

        Raises: DrillFileWrong with all mistakes of the file.
        """
        from harness.prepare import read_drill

        return read_drill(path, content)

    def known_drills(self, folder: Path) -> Mapping[str, str]:
        """The names of the drills that have a file in the folder, and what is wrong with it."""
        from harness.prepare import known_drills

        return known_drills(folder)

    def check_name(self, folder: Path, drill: str) -> None:
        """Raises: DrillFileWrong if several drill files of the folder have the name."""
        from harness.prepare import check_name

        check_name(folder, drill)

    def same_name(self, first: Path, file: Path) -> DrillFileWrong:
        """The mistake of a drill file that has the name of another one's drill."""
        from harness.prepare import same_name

        return same_name(first, file)

    def make_plan(self, drill: Drill, only: tuple[str, ...] = (), components: tuple[str, ...] = ()) -> Plan:
        """`only`: checks and objectives of a partial run; empty is all of them. `components`: the only ones that it
        restores.

        Raises: PortalDrillError if the drill has no such check or component, or both are given.
        """
        from harness.errors import PortalDrillError
        from harness.model.verdict import OBJECTIVES
        from harness.prepare import make_plan, restoring_only

        if components and only:
            raise PortalDrillError("components that are restored alone are compared, and no other check can be asked")
        if components:
            return restoring_only(make_plan(drill), drill, components)

        plan = make_plan(drill, only_checks=tuple(name for name in only if name not in OBJECTIVES))
        return plan.model_copy(update={"only_checks": only})

    def explain(self, drill: Drill, plan: Plan) -> str:
        from harness.report.plan import explain

        return explain(drill, plan)

    def write_drill(self, product: str, portal: str, stack: Path, output: Path | None) -> str:
        """The text of a new drill file.

        Raises: PortalDrillError with the choices; DrillFileWrong with the mistakes of the Compose file.
        """
        from harness.clock import utc_now
        from harness.prepare.write_drill import write_drill

        return write_drill(product, portal, stack, output, today=utc_now().date())

    def json_schema(self) -> dict[str, object]:
        from harness.prepare.json_schema import json_schema

        return dict(json_schema())

    def drill_run(
        self, drill: Drill, plan: Plan, *, root: Path, progress: Progress, restore_point: Path | None, keep: bool
    ) -> AbstractContextManager[Run]:
        from harness.missing_folders import check_restore_point
        from harness.pipeline import STATE, drill_run

        if restore_point is not None:
            check_restore_point(restore_point, root / STATE / "vault" / drill.name)
        return drill_run(drill, plan, root=root, progress=progress, restore_point=restore_point, keep=keep)

    def judge_saved(self, folder: Path) -> Verdict:
        """Raises: PortalDrillError if the folder holds no run."""
        from harness.missing_folders import check_run
        from harness.pipeline import judge_saved

        check_run(folder)
        return judge_saved(folder)

    def judged_otherwise(self, folder: Path) -> tuple[str, ...]:
        """A verdict that the saved evidence does not bear out opens no gate."""
        from harness.report import verdict_bytes

        if verdict_bytes(self.judge_saved(folder)) == (folder / "verdict.json").read_bytes():
            return ()
        return ("the saved evidence, judged again, does not give the saved verdict",)

    def changed_since(self, folder: Path, file: Path) -> tuple[str, ...]:
        """What is not as it was in the run of `folder`: what the drill file resolves to, the images."""
        from harness.pipeline import changed_since

        return changed_since(folder, self.read_drill(file))

    def collect_garbage(self, root: Path) -> list[str]:
        from harness.pipeline import collect_garbage

        return collect_garbage(root)
