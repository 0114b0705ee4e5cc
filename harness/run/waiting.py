"""Every wait has a deadline and says what it saw last."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.errors import CommandFailed, CouldNotAsk, EngineGone
from harness.kinds.contracts import Probe
from harness.model.progress import Progress


def wait_for(ask: Callable[[], Probe], *, within_s: float, every_s: float, progress: Progress) -> Probe:
    """Ask until the probe is good, final, or `within_s` seconds are over; returns the last one.

    A question that could not be asked counts as not good yet, with the reason as what was found.
    Raises: EngineGone.
    """
    deadline = time.monotonic() + within_s
    told = 0.0
    while True:
        try:
            probe = ask()
        except EngineGone:
            raise
        except (CouldNotAsk, CommandFailed) as error:
            probe = Probe(name="answer", ok=False, expected="an answer", found=str(error))
        if probe.ok or probe.final or time.monotonic() >= deadline:
            return probe
        if time.monotonic() - told > 5:
            progress.note(f"waiting for {probe.name}: {probe.found[:160]}")
            told = time.monotonic()
        time.sleep(every_s)
