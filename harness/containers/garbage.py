"""Removes what runs left behind: by label, never by name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from harness.clock import utc_now
from harness.containers import firewall, teardown
from harness.containers.engine import Engine, connect
from harness.containers.labels import RUN, STATE, has_expired, state_of
from harness.containers.locks import is_held, remove_stale
from harness.errors import HarnessBroken


def collect(state_dir: Path, *, run: str | None = None, engine: Engine | None = None) -> list[str]:
    """Removes containers, networks, volumes and firewall rules of runs that nobody holds or that expired.

    A run whose lock would lie in another state folder is left alone until it has expired.
    Returns: what was removed; a second call returns an empty list.
    Raises: HarnessBroken if the engine does not answer or something cannot be removed.
    """
    if engine is None:
        engine = connect()
        try:
            return collect(state_dir, run=run, engine=engine)
        finally:
            engine.close()
    judge = _Judge(state_dir)
    labels = [RUN if run is None else f"{RUN}={run}"]
    removed: list[str] = []
    left: list[str] = []
    for found, remove in (
        (teardown.list_containers, teardown.remove_containers),
        (teardown.list_volumes, teardown.remove_volumes),
        (teardown.list_networks, teardown.remove_networks),
    ):
        gone, stuck = remove(engine, [item for item in found(engine, labels) if judge.is_garbage(item["Labels"])])
        removed += gone
        left += stuck
    try:
        rules = Counter(firewall.remove_rules(run=run, only_without_bridge=True))
        removed += [f"{count} firewall rules of {of}, whose bridge is gone" for of, count in rules.items()]
    except HarnessBroken as error:
        left.append(str(error))
    remove_stale(state_dir)
    if left:
        raise HarnessBroken(f"could not be removed: {'; '.join(left)}")
    return removed


class _Judge:
    """Asks for each run's lock once: a run that ends meanwhile is judged alike in all its parts."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._state = state_of(state_dir)
        self._now = utc_now()
        self._held: dict[str, bool] = {}

    def is_garbage(self, labels: dict[str, str]) -> bool:
        if has_expired(labels, self._now):
            return True
        if labels.get(STATE, "") not in ("", self._state):
            return False
        run = labels[RUN]
        if run not in self._held:
            self._held[run] = is_held(self._state_dir, run)
        return not self._held[run]
