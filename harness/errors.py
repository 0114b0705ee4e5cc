"""Every exception of ours. A failure of the portal is data, never an exception past `run/`."""

from __future__ import annotations

from dataclasses import dataclass


class PortalDrillError(Exception):
    """Base of all: carries one sentence for a person."""


class CouldNotAsk(PortalDrillError):
    """A transport failed or timed out. Never an answer: what depends on it is UNKNOWN."""


class NoAnswer(CouldNotAsk):
    """Somebody took the connection, and gave no whole answer in time: something runs there."""


class CommandFailed(PortalDrillError):
    """A command ran and said no: the answer is in, and it is a failure of what was drilled."""


class StepFailed(PortalDrillError):
    """A step of the backup or restore went wrong in the operator's procedure: FAIL, theirs."""


class HarnessBroken(PortalDrillError):
    """The engine, the disk or the harness itself failed: UNKNOWN, ours."""


class NotThere(HarnessBroken):
    """Nothing is where a reference points: no such file, a variable that is not set, or nothing in it. The answer is
    in, and ours unless who asked knows better."""


class EngineGone(CouldNotAsk, HarnessBroken):
    """The container engine gives no answer any more: asking again later will not help this run. Ours."""


class OutOfTime(BaseException):
    """A test beside a drill file outlived its deadline. No `Exception`: tests that try again must not swallow it."""


@dataclass(frozen=True)
class Mistake:
    """One mistake of a drill file's author, with its place.

    Units: `line` and `column` count from 1.
    """

    file: str
    line: int
    column: int
    found: str
    expected: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: found {self.found}; expected {self.expected}"
        return f"{text}\n    hint: {self.hint}" if self.hint else text


class DrillFileWrong(PortalDrillError):
    """The drill file has mistakes: all of them, in the order of the file."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.file, m.line, m.column)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
