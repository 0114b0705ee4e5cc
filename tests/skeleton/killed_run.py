"""A run of the command line that ends itself in the middle of one stage: `killed_run.py STAGE SIGNAL ARGUMENTS…`.

STAGE is the id of a planned step, with the half it belongs to (`recover preflight`), or the name of a file that
the end of a run writes: `verdict.json`, `report.html`, `latest`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import AbstractContextManager
from typing import Any

from harness import cli
from harness.model.plan import Step
from harness.model.progress import Silent
from harness.stages import Run, Stages

DELAY_S = 0.05  # into the step
LAST = "torn_down"


def end_myself(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


class Ends(Silent):
    """Tells of nothing; at the start of the stage the signal is on its way."""

    def __init__(self, stage: str, number: signal.Signals) -> None:
        self._stage, self._number = stage, number

    def step_started(self, half: str, step: Step) -> None:
        if f"{half} {step.id}" == self._stage:
            if step.subject == LAST:  # it is over at once, and then the verdict is written
                end_myself(self._number)
            else:
                threading.Timer(DELAY_S, end_myself, (self._number,)).start()


class Ended(Stages):
    """The real stages, but for the progress that they report to."""

    def __init__(self, progress: Silent) -> None:
        self._progress = progress

    def drill_run(self, *given: Any, **named: Any) -> AbstractContextManager[Run]:
        return super().drill_run(*given, **{**named, "progress": self._progress})


def main() -> int:
    stage, number, *arguments = sys.argv[1:]
    wanted = signal.Signals[number]

    def audit(event: str, given: tuple[Any, ...]) -> None:
        if event in ("open", "os.symlink") and any(f".{stage}." in str(each) for each in given[:2]):
            end_myself(wanted)

    sys.addaudithook(audit)
    return cli.main(arguments, Ended(Ends(stage, wanted)))


if __name__ == "__main__":
    sys.exit(main())
