from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from harness.model.evidence import Instant, StepLine, StepState
from harness.model.plan import Action, Step
from harness.model.progress import Progress
from harness.report.progress import TerminalProgress

STEP = Step(id="restore:database", action=Action.RESTORE, subject="database", deadline_s=600)
AT = Instant(monotonic_s=1, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="one")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, force_terminal=terminal, width=100, highlight=False, color_system=None), file


def ended(state: StepState = StepState.ENDED, reason: str = "") -> StepLine:
    return StepLine(step=STEP.id, state=state, reason=reason, duration_s=18.33, at=AT)


def test_without_a_terminal_each_finished_step_is_one_plain_line() -> None:
    out, file = console(terminal=False)
    with TerminalProgress(out) as shown:
        progress: Progress = shown
        progress.run_started("nightly", "20261121T075100Z-4f3a", "reports/nightly/20261121T075100Z-4f3a")
        progress.step_started("recover", STEP)
        progress.note("just begun")
        progress.step_ended("recover", STEP, ended())
    assert file.getvalue().splitlines() == [
        "nightly  run 20261121T075100Z-4f3a  reports/nightly/20261121T075100Z-4f3a",
        f"  recover  {'restore database':<48} ended          18 s",
    ]


def test_a_step_that_did_not_end_well_says_why_and_keeps_brackets() -> None:
    out, file = console(terminal=False)
    with TerminalProgress(out) as progress:
        progress.step_ended("recover", STEP, ended(StepState.FAILED, "[bold]exit 1[/bold]"))
    assert "failed" in file.getvalue()
    assert "[bold]exit 1[/bold]" in file.getvalue()


def test_without_a_terminal_notes_come_every_ten_seconds_at_most() -> None:
    out, file = console(terminal=False)
    clock = Clock()
    with TerminalProgress(out, clock) as progress:
        progress.step_started("recover", STEP)
        for clock.now_s in (1.0, 11.0, 12.0, 21.5):
            progress.note(f"saw 502 at {clock.now_s}")
    assert file.getvalue().split("\n")[:-1] == [f"{'':11}saw 502 at 11.0", f"{'':11}saw 502 at 21.5"]


def test_without_a_terminal_the_same_note_comes_after_ever_longer_pauses() -> None:
    out, file = console(terminal=False)
    clock = Clock()
    with TerminalProgress(out, clock) as progress:
        progress.step_started("recover", STEP)
        for second in range(5, 905, 5):
            clock.now_s = second
            progress.note("saw 502")
        assert file.getvalue().count("saw 502") == 6
        for clock.now_s in (911.0, 921.0):
            progress.note(f"saw 503 at {clock.now_s}")
    assert file.getvalue().count("saw 503") == 2


def test_on_a_terminal_the_running_step_shows_its_time_and_note() -> None:
    out, _ = console(terminal=True)
    clock = Clock()
    with TerminalProgress(out, clock) as progress:
        progress.step_started("recover", STEP)
        clock.now_s = 75
        progress.note("saw 502")
        assert progress.__rich__().plain == "recover  restore database 1 min 15 s  saw 502"
        progress.step_ended("recover", STEP, ended())
        assert progress.__rich__().plain == ""


@pytest.mark.parametrize("written", [True, False])
def test_after_an_interrupt_it_is_said_where_the_report_lies_if_there_is_one(tmp_path: Path, written: bool) -> None:
    out, file = console(terminal=False)
    with pytest.raises(KeyboardInterrupt), TerminalProgress(out) as progress:
        progress.run_started("nightly", "20261121T075100Z-4f3a", str(tmp_path))
        if written:
            (tmp_path / "report.html").touch()
        raise KeyboardInterrupt
    assert (file.getvalue().splitlines()[-1] == f"report: {tmp_path}/report.html") is written


def test_an_interrupt_leaves_the_cursor_shown() -> None:
    out, file = console(terminal=True)
    with pytest.raises(KeyboardInterrupt), TerminalProgress(out) as progress:
        progress.step_started("recover", STEP)
        raise KeyboardInterrupt
    assert file.getvalue().endswith("\x1b[?25h") or "\x1b[?25h" in file.getvalue()
