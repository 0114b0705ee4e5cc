"""Every wait has a deadline and says what it saw last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from harness import clock
from harness.errors import CommandFailed, CouldNotAsk, EngineGone, HarnessBroken
from harness.kinds.contracts import Probe
from harness.model.progress import Progress

TROUBLES_EVERY_S = 15.0


def wait_for(
    ask: Callable[[], Probe],
    *,
    within_s: float,
    every_s: float,
    progress: Progress,
    troubles: Callable[[], tuple[str, ...]] = tuple,
) -> Probe:
    """Ask until the probe is good, final, or `within_s` seconds are over; returns the last one.

    A question that could not be asked counts as not good yet, with the reason as what was found; one that only the
    deadline has cut short says nothing, and the one before it stands. If `troubles` are said twice in a row,
    `TROUBLES_EVERY_S` apart, the wait ends: a full disk gets no room by waiting.
    Raises: EngineGone.
    """
    with clock.deadline(within_s):
        told, looked = 0.0, time.monotonic()
        lacking: tuple[str, ...] = ()
        probe: Probe | None = None
        while True:
            before = probe
            try:
                probe = ask()
            except EngineGone:
                raise
            except (CouldNotAsk, CommandFailed) as error:
                if before and isinstance(error, CouldNotAsk) and _over():
                    return before
                probe = Probe(name="answer", ok=False, expected="an answer", found=str(error))
            if probe.ok or probe.final or _over():
                return probe
            if time.monotonic() - looked > TROUBLES_EVERY_S:
                lacked, lacking = lacking, _known(troubles)
                if lacked and lacking:
                    return replace(probe, found=f"{probe.found}; {', '.join(lacking)}")
                looked = time.monotonic()
            if time.monotonic() - told > 5:
                progress.note(f"waiting for {probe.name}: {probe.found[:160]}")
                told = time.monotonic()
            time.sleep(every_s)


def _over() -> bool:
    return not clock.remaining_s(1)


def _known(troubles: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return troubles()
    except EngineGone:
        raise
    except (CouldNotAsk, HarnessBroken):
        return ()  # it is asked again
