"""Checks look at the sandbox at their moment, each with a deadline; a crash is UNKNOWN (DESIGN 5, 10)."""

from __future__ import annotations

import concurrent.futures

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds import registry
from harness.kinds.contracts import CheckAccess, CheckKind, ChoosesMoment, Observes, When
from harness.model.drill import CheckUse
from harness.model.evidence import Seen
from harness.model.plan import Step
from harness.run.sandbox import Sandbox
from harness.run.session import Session


class Observer:
    """Lets every check of one moment observe."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def observe(self, step: Step) -> None:
        """Every check of this moment observes, each with its own deadline; a crash is UNKNOWN (DESIGN 5)."""
        when = When(step.subject)
        access = CheckAccess(
            drill=self.box.session.drill,
            plan=self.box.session.plan,
            stack=self.box.stack,
            portal=self.box.access,
            portal_kind=self.box.kind,
            restore_point=self.box.point,
            canaries=self.box.canaries,
            differences=self.box.differences,
            leftovers=self.box.leftovers,
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

    def _observe_one(self, use: CheckUse, kind: CheckKind, access: CheckAccess, within_s: float) -> None:
        journal = self.box.session.journal
        assert isinstance(kind, Observes)
        pool = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"check-{use.name}")
        future = pool.submit(kind.observe, access, registry.options(kind, use.options))
        try:
            journal.observe(use.name, future.result(timeout=within_s))
        except concurrent.futures.TimeoutError:
            reason = f"no answer within {within_s:g} s"
            journal.observe(use.name, None, seen=Seen.TIMED_OUT, reason=reason)
        except CommandFailed as error:
            journal.observe(use.name, None, seen=Seen.REFUSED, reason=str(error))
        except CouldNotAsk as error:
            journal.observe(use.name, None, seen=Seen.COULD_NOT_ASK, reason=str(error))
        except Exception as error:
            journal.observe(use.name, None, seen=Seen.CRASHED, reason=f"{type(error).__name__}: {error}")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _moment(kind: CheckKind, session: Session) -> When:
    return kind.moment(session.drill) if isinstance(kind, ChoosesMoment) else kind.WHEN
