"""The tests beside the drill file, while the run is open for them: what they are given, for how long, and what each
came to, as evidence. They are run by pytest, and last: they may change what was restored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harness import clock
from harness.containers.restored import Restored, how_it_went
from harness.containers.stack import ContainerStack
from harness.errors import CouldNotAsk, EngineGone, OutOfTime
from harness.kinds import registry
from harness.model.evidence import Seen
from harness.model.own_test import CHECK, OwnTest
from harness.run.interrupts import interrupted_after
from harness.run.observer import GRACE_S
from harness.run.session import Session

SAID = 1500  # characters of what a test said that are kept


class OwnTests:
    """One for each run that has tests. `stack` None: nothing was restored that they could be run on."""

    def __init__(self, session: Session, stack: ContainerStack | None) -> None:
        self._session = session
        self._restored = Restored(stack, session.drill.portal) if stack else None
        use = next(use for use in session.drill.checks if use.name == CHECK)
        options: Any = registry.options(registry.check(CHECK), use.options)
        self._within_s: float = options.within_s
        self._gone = False

    @property
    def restored(self) -> Restored:
        """Raises: CouldNotAsk if the portal did not come up, EngineGone once a test met that: each of them would wait
        until its deadline."""
        if self._restored is None:
            raise CouldNotAsk("not run: the portal was not restored, or did not start")
        if self._gone:
            raise EngineGone("not run: the container engine is gone or does not answer")
        return self._restored

    def begin(self, chosen: Sequence[str], not_chosen: Sequence[str]) -> None:
        """The names of all tests, before the first of them runs: one without a result will be missed."""
        self._session.journal.observe(CHECK, {"chosen": [*chosen], "not_chosen": [*not_chosen]})

    def could_not_begin(self, reason: str) -> None:
        """No test was run, because pytest could not read them."""
        self._session.journal.observe(CHECK, None, seen=Seen.CRASHED, reason=self._short(reason))

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """One test, or its fixtures. Handles give up by the deadline; whatever else goes on is interrupted.

        Raises: OutOfTime.
        """
        with clock.deadline(self._within_s), interrupted_after(self._within_s + GRACE_S, f"{self._within_s:g} s"):
            yield

    def how_it_went(self, error: BaseException) -> Seen:
        """`refused` is an answer, and a bad one; all others mean that nobody knows."""
        self._gone = self._gone or isinstance(error, EngineGone)
        return Seen.TIMED_OUT if isinstance(error, OutOfTime) else how_it_went(error)

    def ended(self, test: OwnTest) -> None:
        said = self._short(test.said)
        known = test.seen is Seen.SEEN
        self._session.progress.note(f"{test.name}: {test.outcome or test.seen}")
        self._session.journal.observe(
            "test",
            {"outcome": test.outcome, "said": said, "place": test.place, "duration_s": round(test.duration_s, 3)},
            subject=test.name,
            seen=test.seen,
            reason="" if known else said,
        )

    def close(self) -> None:
        if self._restored is not None:
            self._restored.close()

    def _short(self, text: str) -> str:
        """Secrets go before the rest is cut off: half of one would not be found any more."""
        text = self._session.redacted(text).strip()
        return text if len(text) <= SAID else text[:SAID] + " …"
