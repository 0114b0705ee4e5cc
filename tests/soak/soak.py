"""Clean drills and random faults for hours, with a score: `make soak`. See tests/soak/README.md.

It can be ended at any time (Ctrl-C, `kill -9`): the next call cleans up, goes on and counts all rounds.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "tests" / "sabotage"))  # the project itself is installed

from restore_points import plan_of, run_drill  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from score import CLEAN, WRONG, Expected, Json, Score, judged, next_round  # noqa: E402

from harness import pipeline  # noqa: E402
from harness.clock import utc_now  # noqa: E402
from harness.containers import teardown  # noqa: E402
from harness.containers.labels import RUN  # noqa: E402
from harness.kinds import registry  # noqa: E402
from harness.kinds.contracts import FaultRow, Injects, Spoils, When  # noqa: E402
from harness.model.drill import Drill  # noqa: E402
from harness.model.plan import Action  # noqa: E402
from harness.prepare import make_plan, read_drill  # noqa: E402
from harness.run.session import reachable_engine  # noqa: E402

FAULTS_OF = "liferay-dxp"  # the drill whose stack the rows of the faults are written for


@dataclass
class Soak:
    """Rounds of one drill below `root`; `points` are the restore points that this call has made, the newest last."""

    drill: Drill
    root: Path
    drill_file: Path
    points: list[Path] = field(default_factory=list)

    def play(self, row: str) -> Json:
        """One round: its outcome, what is wrong with it, and where its report lies if something is."""
        started, began = time.monotonic(), utc_now()
        played: Json = {"drill": self.drill.name, "row": row, "kind": "clean" if row == CLEAN else "fault"}
        folder = Path()
        try:
            verdict, folder, expected = self._clean() if row == CLEAN else self._fault(*row.split("/"))
            left = left_of(folder.name)
            rto_s = next((o["measured_s"] for name, o in verdict["objectives"].items() if name == "rto"), None)
            wrong = judged(verdict, expected, left)
            bad = [f"{c['name']} {c['outcome']}: {c['found']}" for c in verdict["checks"] if c["outcome"] != "PASS"]
            played |= {"outcome": verdict["outcome"], "rto_s": rto_s, "left": left, "said": bad if wrong else []}
        except Exception as error:
            wrong, played["said"] = "broken", [f"{type(error).__name__}: {error}"]
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
        seconds = round(time.monotonic() - started, 1)
        kept = str(folder) if wrong and folder.name else ""
        return played | {"wrong": wrong, "seconds": seconds, "started_utc": f"{began:%FT%TZ}", "folder": kept}

    def _clean(self) -> tuple[Json, Path, None]:
        verdict, folder = run_drill(self.drill, make_plan(self.drill), self.root, drill_file=self.drill_file)
        point = self.root / ".portal-drill" / "vault" / self.drill.name / str(verdict["restore_point"])
        if verdict["recovered"] and point.exists():
            self.points = [*self.points[-1:], point]
        return verdict, folder, None

    def _fault(self, fault: str, name: str) -> tuple[Json, Path, Expected]:
        """As tests/sabotage/test_faults.py does it."""
        kind, row = registry.fault(fault), row_of(fault, name)
        plan, expected = plan_of(self.drill), Expected(row.outcome, row.caught_by)
        earlier, today = self.points
        if isinstance(kind, Injects):
            copy = pipeline.damaged(today, fault, name, self.drill, plan, root=self.root, other=earlier)
            try:
                return *run_drill(self.drill, plan, self.root, copy), expected
            finally:
                shutil.rmtree(copy, ignore_errors=True)
        changed, note = pipeline.altered(plan, fault, name)
        point: Path | None = today
        if isinstance(kind, Spoils):
            point = None
            if registry.check(row.caught_by).WHEN is When.AT_SOURCE:
                only_the_end = tuple(step for step in changed.recover if step.action is Action.TEAR_DOWN)
                changed = changed.model_copy(update={"recover": only_the_end})
        elif row.caught_by == "capture" or changed.capture != plan.capture:
            point = None
        return *run_drill(self.drill, changed, self.root, point, note), expected


def row_of(fault: str, name: str) -> FaultRow:
    return next(row for row in registry.fault(fault).ROWS if row.name == name)


def rows_of(drill: Drill) -> list[str]:
    if drill.name != FAULTS_OF:
        return []
    rows = ((fault, row) for fault in registry.names("faults") for row in registry.fault(fault).ROWS)
    return [f"{fault}/{row.name}" for fault, row in rows if not row.product]


def left_of(run: str) -> list[str]:
    """Containers, volumes and networks that still carry the run's label."""
    with reachable_engine() as engine:
        listed = (teardown.list_containers, teardown.list_volumes, teardown.list_networks)
        return [str(item.get("Names") or item["Name"]) for look in listed for item in look(engine, [f"{RUN}={run}"])]


def tidy(root: Path, score: Score) -> None:
    """Remove what a killed call has left on the disk: damaged copies, and reports of rounds that nobody scored."""
    shutil.rmtree(root / ".portal-drill" / "mutations", ignore_errors=True)
    kept = {Path(one["folder"]) for one in score.wrong if one["folder"]}
    for pattern in ("reports/*/*Z-*", "reports/*/proofs/*Z-*"):
        for folder in set(root.glob(pattern)) - kept:
            shutil.rmtree(folder)


def show(score: Score, console: Console) -> None:
    """Every row with what went wrong, then all of them together."""
    table = Table("row", "rounds", *WRONG, "seconds", title=f"soak: {score.path}")
    for row, counts in sorted(score.totals().items()):
        seconds = sum(one["seconds"] for one in score.rounds if one["row"] == row)
        words = [str(counts[word]) if counts[word] else "" for word in WRONG]
        table.add_row(row, str(counts["rounds"]), *words, f"{seconds:.0f}")
    every = [str(sum(one["wrong"] == word for one in score.rounds)) for word in WRONG]
    seconds = sum(one["seconds"] for one in score.rounds)
    table.add_section()
    table.add_row("all", str(len(score.rounds)), *every, f"{seconds:.0f}")
    console.print(table)
    rto = sorted(one["rto_s"] for one in score.rounds if one["row"] == CLEAN and one.get("rto_s") is not None)
    if rto:
        console.print(f"RTO of clean rounds: {rto[0]:g} s to {rto[-1]:g} s, median {rto[len(rto) // 2]:g} s")
    for one in score.wrong:
        console.print(f"{one['wrong']}: {one['row']}: {'; '.join(one['said'])[:300]} {one['folder']}", soft_wrap=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--drill", type=Path, default=PROJECT / "drills" / f"{FAULTS_OF}.drill.yaml")
    parser.add_argument("--rounds", type=int, help="rounds of this call (no end)")
    parser.add_argument("--hours", type=float, help="no new round after so many hours (no end)")
    parser.add_argument("--only-clean", action="store_true", help="no faults")
    parser.add_argument("--clean-share", type=float, default=0.3, help="share of clean rounds (0.3)")
    parser.add_argument("--seed", type=int, help="for the order of rows (that of the last call, else by the clock)")
    parser.add_argument("--fresh", action="store_true", help="put the old score aside and begin anew")
    parser.add_argument("--folder", type=Path, default=PROJECT / ".portal-drill" / "soak", help="score, vault, reports")
    return parser.parse_args()


def main() -> int:
    asked, console = arguments(), Console(highlight=False)
    path = asked.folder / "score.jsonl"
    if asked.fresh and path.exists():
        path.rename(path.with_name(f"score-{utc_now():%Y%m%dT%H%M%SZ}.jsonl"))
    score = Score(path)
    last = score.rounds[-1]["seed"] if score.rounds else None
    seed = asked.seed if asked.seed is not None else last if last is not None else int(time.time())
    drill_file = asked.drill.resolve()
    soak = Soak(read_drill(drill_file), asked.folder.resolve(), drill_file)
    rows = [] if asked.only_clean else rows_of(soak.drill)
    console.print(f"seed {seed}; {len(score.rounds)} rounds so far; {len(rows)} rows of faults")
    for thing in pipeline.collect_garbage(asked.folder):
        console.print(f"left by an earlier call, removed: {thing}")
    tidy(asked.folder.resolve(), score)
    ends = time.monotonic() + asked.hours * 3600 if asked.hours is not None else None
    played = 0
    with suppress(KeyboardInterrupt):
        while (asked.rounds is None or played < asked.rounds) and (ends is None or time.monotonic() < ends):
            row = next_round(seed, score.rounds, rows, asked.clean_share, len(soak.points))
            one = soak.play(row) | {"seed": seed, "round": len(score.rounds) + 1}
            score.add(one)
            played += 1
            console.print(f"{one['round']:5} {row:40} {one['wrong'] or 'good':13} {one['seconds']:7.1f} s")
    show(score, console)
    return 1 if score.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
