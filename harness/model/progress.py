"""How a run tells people what it is doing; never judged."""

from __future__ import annotations

from typing import Protocol

from harness.model.evidence import StepLine
from harness.model.plan import Step


class Progress(Protocol):
    """Receives what happens, as it happens."""

    def run_started(self, drill: str, run: str, folder: str) -> None: ...

    def step_started(self, half: str, step: Step) -> None: ...

    def step_ended(self, half: str, step: Step, line: StepLine) -> None: ...

    def note(self, text: str) -> None:
        """One sentence: what a wait saw last, what a build printed."""


class Silent:
    """Says nothing."""

    def run_started(self, drill: str, run: str, folder: str) -> None: ...

    def step_started(self, half: str, step: Step) -> None: ...

    def step_ended(self, half: str, step: Step, line: StepLine) -> None: ...

    def note(self, text: str) -> None: ...
