"""`portal-drill`: the drills without pytest, and what goes with them.

Exit codes: 0 PASS, 1 FAIL, 2 UNKNOWN (also: this command line is wrong), 3 the drill file is wrong,
130 interrupted, after teardown.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from harness import __version__, commands
from harness.commands import UNKNOWN
from harness.errors import DrillFileWrong, PortalDrillError
from harness.stages import Stages

DRILL_FILE_WRONG, INTERRUPTED = 3, 130
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


def parser() -> _Parser:
    top = _Parser(prog="portal-drill", description=__doc__, formatter_class=_Raw)
    top.add_argument("--version", action="version", version=f"portal-drill {__version__}")
    here = "where reports/ and the vault lie (default: current folder)"
    top.add_argument("--root", type=Path, default=Path(), metavar="DIR", help=here)
    words = top.add_subparsers(required=True, metavar="COMMAND")

    plan = _command(words, "plan", commands.plan_drill, "show every step of a drill; touches nothing")
    plan.add_argument("file", type=Path)
    plan.add_argument("--json", action="store_true", help="as plan.json")

    init = _command(words, "init", commands.write_new_drill, "write a commented drill file for a stack")
    init.add_argument("--product", required=True, metavar="NAME", help="whose document is followed; plain: nobody's")
    init.add_argument("--portal", required=True, metavar="NAME", help="adapter to the running software")
    init.add_argument("--stack", type=Path, required=True, metavar="FILE", help="Compose file")
    init.add_argument("--output", type=Path, metavar="FILE", help="such as drills/NAME.drill.yaml (default: printed)")
    init.add_argument("--force", action="store_true", help="write over a file that is there")

    run = _command(words, "run", commands.run_drill, "perform a drill")
    run.add_argument("file", type=Path)
    run.add_argument("--only", nargs="+", default=[], metavar="CHECK", help="these checks only: a partial run")
    run.add_argument("--components", nargs="+", default=[], metavar="NAME", help="restore these alone: a partial run")
    run.add_argument("--keep", action="store_true", help="leave the sandbox running")
    run.add_argument("--restore-point", type=Path, metavar="DIR", help="recover this one only; take no backup")

    judge = _command(words, "judge", commands.judge_run, "judge the saved evidence of a run again")
    judge.add_argument("folder", type=Path, metavar="RUN_FOLDER")

    gate = _command(words, "gate", commands.gate_drill, "exit 0 only if the latest run proves recovery now")
    gate.add_argument("--drill", required=True, metavar="NAME")
    gate.add_argument("--max-age", required=True, type=seconds, metavar="24h", help="of the restore point")
    gate.add_argument("--file", type=Path, help="the drill file (default: drills/NAME.drill.yaml)")

    status = _command(words, "status", commands.show_status, "whether all drills are green, and lately so")
    status.add_argument("--max-age", type=seconds, metavar="36h", help="of a last PASS (default: 1.5 schedules)")

    _command(words, "gc", commands.collect_garbage, "remove what broken-off runs left on the engine")
    _command(words, "kinds", commands.list_kinds, "list products, portals, components, engines, checks, faults")
    _command(words, "schema", commands.print_schema, "print the drill file's JSON Schema")
    return top


class _Parser(argparse.ArgumentParser):
    """Says what is to be done about a command line that is wrong."""

    def error(self, message: str) -> NoReturn:
        from harness.kinds import registry

        hint = ""
        if "are required" in message and self.prog.endswith(" run"):
            hint = "FILE comes first, before --only and --components, which take all words behind them"
        if "are required" in message and self.prog.endswith(" init"):
            hint = "; ".join(f"{family}: {', '.join(registry.names(family))}" for family in ("products", "portals"))
        super().error(f"{message}\n    hint: {hint}" if hint else message)


class _Raw(argparse.RawDescriptionHelpFormatter):
    """Keeps the exit codes on their own lines."""


def _command(
    words: argparse._SubParsersAction[_Parser],
    name: str,
    function: Callable[[argparse.Namespace, Stages], int],
    text: str,
) -> _Parser:
    command = words.add_parser(name, help=text, description=text)
    command.set_defaults(command=function)
    return command


def seconds(text: str) -> float:
    """`24h`, `90 min`, `2 d`: a number is nothing without its unit."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"found {text!r}; expected a span with a unit, such as 24h or 90min")
    return float(found[1]) * _UNIT_S[found[2]]
