"""What each command of `portal-drill` does; gives the exit code, and raises what `cli` puts into a sentence."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.errors import PortalDrillError
from harness.stages import Stages

if TYPE_CHECKING:
    from harness.model.verdict import Verdict

PASS, FAIL, UNKNOWN = 0, 1, 2


def plan_drill(arguments: argparse.Namespace, stages: Stages) -> int:
    drill = stages.read_drill(arguments.file)
    plan = stages.make_plan(drill)
    print(plan.model_dump_json(by_alias=True, indent=2) if arguments.json else stages.explain(drill, plan).rstrip())
    return PASS


def write_new_drill(arguments: argparse.Namespace, stages: Stages) -> int:
    """Prints it, or writes it and beside it the schema that it names; read back, so that 0 says: it can be planned."""
    output: Path | None = arguments.output
    if output and output.exists() and not arguments.force:
        raise PortalDrillError(f"{output} is there already; --force writes over it")
    try:
        text = stages.write_drill(arguments.product, arguments.portal, arguments.stack, output)
    except PortalDrillError:
        print("Nothing was written.", file=sys.stderr)
        raise
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
        schema = output.with_name("drill.schema.json")
        if not schema.exists():
            schema.write_text(json.dumps(stages.json_schema(), indent=2) + "\n", encoding="utf-8")
            print(f"Written: {schema}, from which editors complete it", file=sys.stderr)
    try:
        stages.make_plan(stages.read_drill(output or Path("<stdout>"), text.encode()))
    except PortalDrillError:
        print(f"{f'Written: {output}' if output else 'Printed'}. It has mistakes, to be mended first:", file=sys.stderr)
        raise
    if output is not None:
        print(f"Written: {output}. It can be planned as it is: portal-drill plan {output}", file=sys.stderr)
    return PASS


def run_drill(arguments: argparse.Namespace, stages: Stages) -> int:
    from harness.report.progress import TerminalProgress

    drill = stages.read_drill(arguments.file)
    plan = stages.make_plan(drill, tuple(arguments.only), tuple(arguments.components))
    with (
        TerminalProgress() as progress,
        stages.drill_run(
            drill,
            plan,
            root=arguments.root.resolve(),
            progress=progress,
            restore_point=arguments.restore_point and arguments.restore_point.resolve(),
            keep=arguments.keep,
        ) as run,
    ):
        if run.tests is not None:
            from harness.pytest_plugin.alone import run_own_tests

            run_own_tests(run, drill, arguments.file)
    if run.verdict is None:
        raise PortalDrillError(f"run {run.run_id} ended without a verdict; its evidence lies in {run.folder}")
    code = _show(run.verdict, run.folder)
    if arguments.keep:
        from harness.report.sentences import kept_sentence

        print(kept_sentence(run.run_id))
    return code


def judge_run(arguments: argparse.Namespace, stages: Stages) -> int:
    from harness.report.files import verdict_bytes

    saved = arguments.folder / "verdict.json"
    before = saved.read_bytes() if saved.is_file() else None
    verdict = stages.judge_saved(arguments.folder)
    code = _show(verdict, arguments.folder)
    if before is None:
        print("There was no verdict.json to compare with.")
    elif before != verdict_bytes(verdict):
        print("This verdict DIFFERS from the saved verdict.json.")
    else:
        print("The same bytes as the saved verdict.json.")
    return code


def gate_drill(arguments: argparse.Namespace, stages: Stages) -> int:
    from harness.clock import utc_now
    from harness.missing_folders import check_reports, check_root
    from harness.report.gate import refusals
    from harness.report.sentences import verdict_sentence

    root: Path = arguments.root
    file: Path = arguments.file or root / "drills" / f"{arguments.drill}.drill.yaml"
    check_root(root)
    check_reports(root / "reports", arguments.drill)
    stages.check_name(file.parent, arguments.drill)
    verdict, reasons = refusals(
        root / "reports",
        arguments.drill,
        file,
        max_age_s=arguments.max_age,
        now=utc_now(),
        harness_version=__version__,
    )
    if not reasons:
        folder = root / "reports" / arguments.drill / verdict.run
        reasons = (*stages.judged_otherwise(folder), *stages.changed_since(folder, file))
    if not reasons:
        print(f"Gate open. {arguments.drill}, run {verdict.run}: {verdict_sentence(verdict)}")
        return PASS
    print(f"Gate closed. {arguments.drill}, run {verdict.run}:")
    print("\n".join(f"  - {reason}" for reason in reasons))
    return FAIL


def show_status(arguments: argparse.Namespace, stages: Stages) -> int:
    """Every drill that has run or has a file; one that has not run lately is not green."""
    from harness.clock import utc_now
    from harness.missing_folders import ROOT_HINT, check_root
    from harness.report.status import show

    check_root(arguments.root)
    known = stages.known_drills(arguments.root / "drills")
    reports = arguments.root / "reports"
    green = show(reports, known, utc_now(), arguments.max_age)
    if not reports.is_dir():
        print(f"portal-drill: {reports} is not there. {ROOT_HINT}", file=sys.stderr)
    return PASS if green else FAIL


def collect_garbage(arguments: argparse.Namespace, stages: Stages) -> int:
    removed = stages.collect_garbage(arguments.root.resolve())
    print("\n".join(f"removed {each}" for each in removed) or "Nothing was left over.")
    return PASS


def list_kinds(arguments: argparse.Namespace, stages: Stages) -> int:
    from rich.console import Console

    from harness.kinds import registry
    from harness.report.terminal import plain_table

    console = Console(highlight=False, markup=False)
    for family in registry.FAMILIES:
        table = plain_table(family, "")
        table.columns[0].no_wrap = True
        for name in registry.names(family):
            table.add_row(name, registry.says(registry.kind(family, name)))
        console.print(table)
        console.print()
    return PASS


def print_schema(arguments: argparse.Namespace, stages: Stages) -> int:
    print(json.dumps(stages.json_schema(), indent=2))
    return PASS


def _show(verdict: Verdict, folder: Path) -> int:
    from rich.console import Console

    from harness.report.terminal import print_verdict

    print_verdict(verdict, str(folder), Console(highlight=False))
    return {"PASS": PASS, "FAIL": FAIL}.get(verdict.outcome, UNKNOWN)
