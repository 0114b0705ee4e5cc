"""Evidence: what one run did and saw, line by line, in order (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from harness.model.frozen import Frozen, JsonValue


class Instant(Frozen):
    """A moment by the harness's clock. Units: seconds since boot, and UTC for people."""

    monotonic_s: float
    utc: datetime
    boot_id: str


class Mark(Frozen):
    """A named instant; `subject` is a component, service or tier where the name alone is not enough."""

    line: Literal["mark"] = "mark"
    name: str
    subject: str = ""
    at: Instant
    facts: dict[str, JsonValue] = {}


class Seen(StrEnum):
    """How an observation went. Only `seen` has data to judge; `refused` is an answer too, and a bad one: what was
    restored said no. All others mean UNKNOWN."""

    SEEN = "seen"
    REFUSED = "refused"
    COULD_NOT_ASK = "could_not_ask"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"


AT_SOURCE = "at_source"  # subject of what a check saw at the source, before the backup


class Observation(Frozen):
    """What was seen, as data. `name` is a check's name, `inventory`, `difference`, `survey`, `probe`, …"""

    line: Literal["observation"] = "observation"
    name: str
    subject: str = ""
    seen: Seen = Seen.SEEN
    reason: str = ""
    data: JsonValue = None
    at: Instant


class StepState(StrEnum):
    """`failed`: the operator's procedure went wrong (FAIL). `broken`: ours (UNKNOWN)."""

    ENDED = "ended"
    FAILED = "failed"
    BROKEN = "broken"
    SKIPPED = "skipped"


class StepLine(Frozen):
    """One planned step, as it ended. Units: seconds."""

    line: Literal["step"] = "step"
    step: str
    state: StepState
    reason: str = ""
    duration_s: float
    at: Instant


class CommandLine(Frozen):
    """One command that was run, secrets removed; output is the last few lines."""

    line: Literal["command"] = "command"
    where: str
    argv: tuple[str, ...]
    exit_code: int | None
    duration_s: float
    output: str = ""
    at: Instant


class LogLine(Frozen):
    """A sentence for people; never judged."""

    line: Literal["log"] = "log"
    text: str
    at: Instant


class EndLine(Frozen):
    """Closes the evidence. `sha256` is over the bytes of all lines before this one, `count` their number."""

    line: Literal["end"] = "end"
    count: int
    sha256: str


Line = Annotated[Mark | Observation | StepLine | CommandLine | LogLine | EndLine, Field(discriminator="line")]


class Evidence(Frozen):
    """All lines of one run. `complete` is true only if the end line was there and agreed."""

    lines: tuple[Line, ...]
    complete: bool
    sha256: str

    def marks(self, name: str, subject: str | None = None) -> Iterator[Mark]:
        for line in self.lines:
            if isinstance(line, Mark) and line.name == name and subject in (None, line.subject):
                yield line

    def mark(self, name: str, subject: str | None = None) -> Mark | None:
        """The first mark of that name, or None: an objective that needs it is then UNKNOWN."""
        return next(self.marks(name, subject), None)

    def observations(self, name: str, subject: str | None = None) -> Iterator[Observation]:
        for line in self.lines:
            if isinstance(line, Observation) and line.name == name and subject in (None, line.subject):
                yield line

    def observation(self, name: str, subject: str | None = None) -> Observation | None:
        return next(self.observations(name, subject), None)

    def steps(self) -> Iterator[StepLine]:
        return (line for line in self.lines if isinstance(line, StepLine))

    def clock_moved_s(self) -> float:
        """How far UTC was set, forwards or backwards, against the monotonic seconds of the same lines (0: of none)."""
        offsets = [
            line.at.utc.timestamp() - line.at.monotonic_s for line in self.lines if not isinstance(line, EndLine)
        ]
        return round(max(offsets, default=0.0) - min(offsets, default=0.0), 3)

    def step(self, step: str) -> StepLine | None:
        return next((line for line in self.steps() if line.step == step), None)
