"""`portal-drill`: the drills without pytest, and what goes with them.

Exit codes: 0 PASS, 1 FAIL, 2 UNKNOWN (also: this command line is wrong), 3 the drill file is wrong,
130 interrupted, after teardown.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.errors import DrillFileWrong, PortalDrillError
from harness.stages import Stages

if TYPE_CHECKING:
    from harness.model.verdict import Verdict

PASS, FAIL, UNKNOWN, DRILL_FILE_WRONG, INTERRUPTED = 0, 1, 2, 3, 130
_UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def main(argv: Sequence[str] | None = None, stages: Stages | None = None) -> int:
    """One sentence for errors of ours; a crash is UNKNOWN, never Python's 1, which would say FAIL."""
    arguments = parser().parse_args(argv)
    try:
        command: Callable[[argparse.Namespace, Stages], int] = arguments.command
        return command(arguments, stages or Stages())
    except DrillFileWrong as error:
        print(error, file=sys.stderr)
        return DRILL_FILE_WRONG
    except PortalDrillError as error:
        print(f"portal-drill: {error}", file=sys.stderr)
        return UNKNOWN
    except KeyboardInterrupt:
        print("portal-drill: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has left; the flush at exit must not complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNKNOWN
    except Exception:
        traceback.print_exc()
        print("portal-drill: the harness itself broke; this says nothing about the backup", file=sys.stderr)
        return UNKNOWN


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="portal-drill", description=__doc__, formatter_class=_Raw)
    top.add_argument("--version", action="version", version=f"portal-drill {__version__}")
    top.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="where reports/ and the vault lie")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    plan = _command(commands, "plan", plan_drill, "show every step of a drill; touches nothing")
    plan.add_argument("file", type=Path)
    plan.add_argument("--json", action="store_true", help="as plan.json")

    init = _command(commands, "init", write_new_drill, "write a commented drill file for a stack")
    init.add_argument("--product", default="", metavar="NAME", help="whose document is followed; plain: nobody's")
    init.add_argument("--portal", default="", metavar="NAME", help="adapter to the running software")
    init.add_argument("--stack", type=Path, required=True, metavar="FILE", help="Compose file")
    init.add_argument("--output", type=Path, metavar="FILE", help="such as drills/NAME.drill.yaml (default: printed)")
    init.add_argument("--force", action="store_true", help="write over a file that is there")

    run = _command(commands, "run", run_drill, "perform a drill")
    run.add_argument("file", type=Path)
    run.add_argument("--only", nargs="+", default=[], metavar="CHECK", help="these checks only: a partial run")
    run.add_argument("--components", nargs="+", default=[], metavar="NAME", help="restore these alone: a partial run")
    run.add_argument("--keep", action="store_true", help="leave the sandbox running")
    run.add_argument("--restore-point", type=Path, metavar="DIR", help="recover this one only; take no backup")

    judge = _command(commands, "judge", judge_run, "judge the saved evidence of a run again")
    judge.add_argument("folder", type=Path, metavar="RUN_FOLDER")

    gate = _command(commands, "gate", gate_drill, "exit 0 only if the latest run proves recovery now")
    gate.add_argument("--drill", required=True, metavar="NAME")
    gate.add_argument("--max-age", required=True, type=seconds, metavar="24h", help="of the restore point")
    gate.add_argument("--file", type=Path, help="the drill file (default: drills/NAME.drill.yaml)")

    status = _command(commands, "status", show_status, "whether all drills are green, and lately so")
    status.add_argument("--max-age", type=seconds, metavar="36h", help="of a last PASS (default: 1.5 schedules)")

    _command(commands, "gc", collect_garbage, "remove what broken-off runs left on the engine")
    _command(commands, "kinds", list_kinds, "list products, portals, components, engines, checks, faults")
    _command(commands, "schema", print_schema, "print the drill file's JSON Schema")
    return top


class _Raw(argparse.RawDescriptionHelpFormatter):
    """Keeps the exit codes on their own lines."""


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace, Stages], int],
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=function)
    return command


def seconds(text: str) -> float:
    """`24h`, `90 min`, `2 d`: a number is nothing without its unit."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"found {text!r}; expected a span with a unit, such as 24h or 90min")
    return float(found[1]) * _UNIT_S[found[2]]


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
    text = stages.write_drill(arguments.product, arguments.portal, arguments.stack, output)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
        schema = output.with_name("drill.schema.json")
        if not schema.exists():
            schema.write_text(json.dumps(stages.json_schema(), indent=2) + "\n", encoding="utf-8")
            print(f"Written: {schema}, from which editors complete it", file=sys.stderr)
    stages.make_plan(stages.read_drill(output or Path("printed.drill.yaml"), text.encode()))
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
    return _show(run.verdict, run.folder)


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
    from harness.report.gate import refusals
    from harness.report.sentences import verdict_sentence

    root: Path = arguments.root
    file: Path = arguments.file or root / "drills" / f"{arguments.drill}.drill.yaml"
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
    from harness.report.status import show

    known = stages.known_drills(arguments.root / "drills")
    return PASS if show(arguments.root / "reports", known, utc_now(), arguments.max_age) else FAIL


def collect_garbage(arguments: argparse.Namespace, stages: Stages) -> int:
    removed = stages.collect_garbage(arguments.root.resolve())
    print("\n".join(f"removed {each}" for each in removed) or "Nothing was left over.")
    return PASS


def list_kinds(arguments: argparse.Namespace, stages: Stages) -> int:
    from harness.kinds import registry

    for family in registry.FAMILIES:
        print(family)
        for name in registry.names(family):
            first = (registry.kind(family, name).__doc__ or "").strip().split("\n", 1)[0]
            print(f"  {name:<22} {first}".rstrip())
    return PASS


def print_schema(arguments: argparse.Namespace, stages: Stages) -> int:
    print(json.dumps(stages.json_schema(), indent=2))
    return PASS


def _show(verdict: Verdict, folder: Path) -> int:
    from rich.console import Console

    from harness.report.terminal import print_verdict

    print_verdict(verdict, str(folder), Console(highlight=False))
    return {"PASS": PASS, "FAIL": FAIL}.get(verdict.outcome, UNKNOWN)
