"""Checks look at the sandbox at their moment, each with a deadline; a crash is UNKNOWN (DESIGN 5, 10)."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness import at_once, clock
from harness.errors import CommandFailed, CouldNotAsk, PortalDrillError
from harness.kinds import registry
from harness.kinds.contracts import (
    CheckAccess,
    CheckKind,
    ChoosesMoment,
    LooksAlone,
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
        seen = what_is_seen(observe, use.name, within_s, refused=Seen.REFUSED)
        self.box.session.journal.observe(use.name, seen.data, seen=seen.seen, reason=seen.reason)

    def _let_run(self, watch_s: float) -> None:
        """Until the portal has run for so long; not at all if it was never started."""
        started = self.box.session.journal.so_far().mark("product_started")
        if started is not None and (left_s := started.at.monotonic_s + watch_s - clock.now().monotonic_s) > 0:
            self.box.session.progress.note(f"the portal is watched for {left_s:.0f} s more")
            time.sleep(left_s)


def look_at_source(session: Session, stack: Stack, point: Path, within_s: float) -> None:
    """Every check that looks at the source does so now: first those that look alone, then several at once. What was not
    seen is UNKNOWN, never FAIL. `point`: the folder of the restore point to be."""
    access = SourceAccess(**source_parts(session, stack), keep=partial(keep_items, point))
    looking = [use for use in session.drill.checks if isinstance(registry.check(use.name), LooksAtSource)]
    alone = [use for use in looking if isinstance(registry.check(use.name), LooksAlone)]
    writing, given_up = threading.Lock(), threading.Event()

    def look(use: CheckUse) -> None:
        kind = registry.check(use.name)
        assert isinstance(kind, LooksAtSource)
        session.progress.note(f"looking at the source: {use.name}")
        see = partial(kind.look, access, registry.options(kind, use.options))
        seen = what_is_seen(see, use.name, within_s, refused=Seen.COULD_NOT_ASK)
        with writing:
            if not given_up.is_set():  # after an interrupt the source is being removed under those who still look
                session.journal.observe(use.name, seen.data, subject=AT_SOURCE, seen=seen.seen, reason=seen.reason)

    try:
        at_once.each(look, alone, 1)
        at_once.each(look, [use for use in looking if use not in alone])
    except BaseException:
        with writing:
            given_up.set()
        raise


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


@dataclass(frozen=True)
class WhatIsSeen:
    """The parts of one observation."""

    seen: Seen
    data: JsonValue = None
    reason: str = ""


def what_is_seen(see: Callable[[], JsonValue], name: str, within_s: float, *, refused: Seen) -> WhatIsSeen:
    """With its deadline; `refused` says what an answer that says no means here. Raises nothing: a crash is seen too."""
    try:
        return WhatIsSeen(Seen.SEEN, _within(see, within_s, f"check-{name}"))
    except TimeoutError:
        return WhatIsSeen(Seen.TIMED_OUT, reason=f"no answer within {within_s:g} s")
    except CommandFailed as error:
        return WhatIsSeen(refused, reason=str(error))
    except CouldNotAsk as error:
        return WhatIsSeen(Seen.COULD_NOT_ASK, reason=str(error))
    except Exception as error:
        return WhatIsSeen(Seen.CRASHED, reason=f"{type(error).__name__}: {error}")


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
