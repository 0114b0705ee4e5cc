"""Checks look at the sandbox at their moment, each with a deadline; a crash is UNKNOWN (DESIGN 5, 10)."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from harness import clock
from harness.errors import CommandFailed, CouldNotAsk, PortalDrillError
from harness.kinds import registry
from harness.kinds.contracts import (
    CheckAccess,
    CheckKind,
    ChoosesMoment,
    LooksAtSource,
    Observes,
    SourceAccess,
    Stack,
    Watches,
    When,
)
from harness.model.drill import CheckUse
from harness.model.evidence import AT_SOURCE, Seen
from harness.model.frozen import JsonValue
from harness.model.plan import Step
from harness.run.inventory_lines import keep_items
from harness.run.journal import Journal
from harness.run.sandbox import Sandbox
from harness.run.session import Session

GRACE_S = 2.0  # a handle that gives up by the deadline says more than that there was no answer


class Observer:
    """Lets every check of one moment observe."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def observe(self, step: Step) -> None:
        """Every check of this moment observes, each with its own deadline; a crash is UNKNOWN (DESIGN 5)."""
        when = When(step.subject)
        access = CheckAccess(
            **source_parts(self.box.session, self.box.stack),
            restore_point=self.box.point,
            canaries=self.box.canaries,
            differences=self.box.differences,
            leftovers=self.box.leftovers,
            trace=self.box.trace,
            queries=self.box.queries,
            kept=self.box.kept,
        )
        only = self.box.session.plan.only_checks
        for use in self.box.session.drill.checks:
            kind = registry.check(use.name)
            if (
                _moment(kind, self.box.session) is when
                and isinstance(kind, Observes)
                and (not only or use.name in only)
            ):
                self._observe_one(use, kind, access, step.deadline_s)
        if when is not When.TORN_DOWN:
            self._note_troubles(when, step.deadline_s)

    def _note_troubles(self, when: When, within_s: float) -> None:
        """What the sandbox lacked until now: a check that found something wrong may have found that."""
        journal = self.box.session.journal
        try:
            with clock.deadline(within_s):
                journal.observe("troubles", [*self.box.troubles()], subject=when)
        except PortalDrillError as error:
            journal.observe("troubles", None, subject=when, seen=Seen.COULD_NOT_ASK, reason=str(error))

    def _observe_one(self, use: CheckUse, kind: CheckKind, access: CheckAccess, within_s: float) -> None:
        assert isinstance(kind, Observes)
        options = registry.options(kind, use.options)
        if isinstance(kind, Watches):
            self._let_run(kind.watch_s(options))
        observe = partial(kind.observe, access, options)
        record_what(observe, self.box.session.journal, use.name, "", within_s, refused=Seen.REFUSED)

    def _let_run(self, watch_s: float) -> None:
        """Until the portal has run for so long; not at all if it was never started."""
        started = self.box.session.journal.so_far().mark("product_started")
        if started is not None and (left_s := started.at.monotonic_s + watch_s - clock.now().monotonic_s) > 0:
            self.box.session.progress.note(f"the portal is watched for {left_s:.0f} s more")
            time.sleep(left_s)


def look_at_source(session: Session, stack: Stack, point: Path, within_s: float) -> None:
    """Every check that looks at the source does so now; what was not seen is UNKNOWN, never FAIL. `point`: the folder
    of the restore point to be."""
    access = SourceAccess(**source_parts(session, stack), keep=partial(keep_items, point))
    for use in session.drill.checks:
        kind = registry.check(use.name)
        if isinstance(kind, LooksAtSource):
            look = partial(kind.look, access, registry.options(kind, use.options))
            session.progress.note(f"looking at the source: {use.name}")
            record_what(look, session.journal, use.name, AT_SOURCE, within_s, refused=Seen.COULD_NOT_ASK)


def source_parts(session: Session, stack: Stack) -> dict[str, Any]:
    """What every access of a check has."""
    return {
        "drill": session.drill,
        "plan": session.plan,
        "stack": stack,
        "portal": session.portal(stack),
        "portal_kind": session.portal_kind,
        "component_kinds": {c.name: registry.component(c.kind) for c in session.plan.components},
    }


def record_what(
    see: Callable[[], JsonValue], journal: Journal, name: str, subject: str, within_s: float, *, refused: Seen
) -> None:
    """One observation, with its deadline; `refused` says what an answer that says no means here."""
    seen, data, reason = Seen.SEEN, None, ""
    try:
        data = _within(see, within_s, f"check-{name}")
    except TimeoutError:
        seen, reason = Seen.TIMED_OUT, f"no answer within {within_s:g} s"
    except CommandFailed as error:
        seen, reason = refused, str(error)
    except CouldNotAsk as error:
        seen, reason = Seen.COULD_NOT_ASK, str(error)
    except Exception as error:
        seen, reason = Seen.CRASHED, f"{type(error).__name__}: {error}"
    journal.observe(name, data, subject=subject, seen=seen, reason=reason)


def _within(see: Callable[[], JsonValue], within_s: float, name: str) -> JsonValue:
    """What `see` gives. One that outlives its deadline is left alone, and keeps nobody from ending.

    Raises: TimeoutError, or whatever it raises.
    """
    given: list[JsonValue] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with clock.deadline(within_s):
                given.append(see())
        except BaseException as error:
            raised.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), name=name, daemon=True)
    thread.start()
    thread.join(clock.remaining_s(within_s) + GRACE_S)
    if thread.is_alive():
        raise TimeoutError
    if raised:
        raise raised[0]
    return given[0]


def _moment(kind: CheckKind, session: Session) -> When:
    return kind.moment(session.drill) if isinstance(kind, ChoosesMoment) else kind.WHEN
