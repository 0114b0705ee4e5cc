"""Live progress on a terminal; plain lines where there is none (CI).

Secrets cannot appear: steps carry names and reasons, and the run has removed secrets from the latter.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.text import Text

from harness.model.evidence import StepLine, StepState
from harness.model.plan import Step
from harness.report.rows import duration

_STYLES = {
    StepState.ENDED: "green",
    StepState.FAILED: "bold red",
    StepState.BROKEN: "bold yellow",
    StepState.SKIPPED: "dim",
}
_QUIET_S = 10.0
_MOST_QUIET_S = 300.0  # CI takes who says nothing for longer for dead


class TerminalProgress:
    """Satisfies `model.progress.Progress`. A context manager, so that Ctrl-C leaves the terminal usable."""

    def __init__(self, console: Console | None = None, seconds: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(highlight=False)
        self._seconds = seconds
        self._status: Status | None = None
        self._folder = Path()
        self._running: dict[str, tuple[str, float]] = {}
        self._last_note_s = seconds()
        self._said, self._pause_s = "", _QUIET_S
        self._note = ""

    def __enter__(self) -> TerminalProgress:
        if self._console.is_terminal:
            self._status = Status(self, console=self._console)
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()
            self._status = None
        report = self._folder / "report.html"
        if isinstance(error, KeyboardInterrupt) and report.exists():  # nobody else will say where it lies
            self._say(Text(f"report: {report}"))

    def run_started(self, drill: str, run: str, folder: str) -> None:
        self._folder = Path(folder)
        self._say(Text.assemble((drill, "bold"), f"  run {run}  {folder}"))

    def step_started(self, half: str, step: Step) -> None:
        self._running[step.id] = (f"{half}  {_named(step)}", self._seconds())
        self._last_note_s = self._seconds()
        self._note = self._said = ""

    def step_ended(self, half: str, step: Step, line: StepLine) -> None:
        self._running.pop(step.id, None)
        text = Text.assemble(
            f"  {half:<8} {_named(step):<48} ",
            (f"{line.state:<8}", _STYLES[line.state]),
            f" {duration(line.duration_s):>10}",
        )
        if line.reason:
            text.append(f"\n           {line.reason}")
        self._say(text)
        self._note = ""

    def note(self, text: str) -> None:
        """On a terminal in the live line; else a line of its own, every ten seconds at most, and what was said already
        after ever longer pauses."""
        self._note = text
        pause_s = self._pause_s if text == self._said else _QUIET_S
        if self._status is None and self._seconds() - self._last_note_s >= pause_s:
            self._last_note_s = self._seconds()
            self._said, self._pause_s = text, min(2 * pause_s, _MOST_QUIET_S)
            self._say(Text(f"           {text}"))

    def _say(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)

    def __rich__(self) -> Text:
        """The live line, drawn again several times a second."""
        running = [f"{name} {duration(self._seconds() - since)}" for name, since in list(self._running.values())]
        text = Text("; ".join(running) + (f"  {self._note}" if self._note else ""))
        text.truncate(max(20, self._console.width - 4), overflow="ellipsis")
        return text


def _named(step: Step) -> str:
    return f"{step.action.replace('_', ' ')} {step.subject}".rstrip()
