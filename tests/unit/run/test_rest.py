"""A portal that is backed up at rest rests all the time, and its files do not change (XLR-3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CouldNotAsk, StepFailed
from harness.kinds.contracts import Probe
from harness.model.progress import Silent
from harness.run import rest
from harness.run.journal import Journal


class Portal:
    """Says what it is told, one list of answers for each look; the last one again and again."""

    def __init__(self, *looks: str) -> None:
        self.looks = list(looks)

    def at_rest(self, access: Any) -> Iterator[Probe]:
        said = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if said == "unknown":
            raise CouldNotAsk("no answer")
        yield Probe("port", said == "closed", "closed", said)
        if said == "answers, and no more":
            raise CouldNotAsk("no answer")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "evidence.jsonl")
    yield made
    made.close()


def watch(journal: Journal, portal: Any, positions: list[str], monkeypatch: pytest.MonkeyPatch) -> rest.RestWatch:
    monkeypatch.setattr(rest, "EVERY_S", 0.01)
    kind = SimpleNamespace(NEEDS_SERVICE=False, position=lambda access: {"newest": positions.pop(0)})
    monkeypatch.setattr(rest.registry, "component", lambda name: kind)
    component = SimpleNamespace(name="home", kind="file_tree", service="web")
    session = SimpleNamespace(
        portal_kind=portal,
        journal=journal,
        drill=SimpleNamespace(portal=SimpleNamespace(service="web")),
        plan=SimpleNamespace(components=(component,)),
    )
    access: Any = SimpleNamespace(stack=None)
    made: Any = session
    return rest.RestWatch(made, access)


def test_portal_that_rests_is_looked_at_before_during_and_after(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = watch(journal, Portal("closed"), ["1", "1"], monkeypatch)
    made.begin()
    made.confirm()
    seen = journal.so_far().observation("at_rest")
    assert seen is not None and isinstance(seen.data, dict)
    assert (seen.data["wrong"], seen.data["changed"]) == ([], []) and int(str(seen.data["looks"])) >= 3


def test_sign_that_does_not_see_the_portal_run_is_none(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(journal, Portal("answers"), [], monkeypatch).see_it_run()
    with pytest.raises(CouldNotAsk, match="it runs, and is not seen: port: closed"):
        watch(journal, Portal("closed"), [], monkeypatch).see_it_run()


class Stops(Portal):
    def __init__(self, *, well: bool) -> None:
        super().__init__("closed")
        self.well, self.asked = well, False

    def shut_down(self, access: Any) -> None:
        self.asked = True


@pytest.mark.parametrize("well", [True, False])
def test_portal_is_shut_down_by_its_own_request_and_must_have_stopped(well: bool) -> None:
    portal, stopped = Stops(well=well), list[str]()
    stack: Any = SimpleNamespace(is_running=lambda service: not (portal.asked and portal.well), stop=stopped.append)
    drill = SimpleNamespace(portal=SimpleNamespace(service="web"))
    session: Any = SimpleNamespace(portal_kind=portal, drill=drill, progress=Silent())
    access: Any = None
    if well:
        rest.shut_down(session, access, stack, 0.2)
        assert portal.asked and stopped == ["web"]
    else:
        with pytest.raises(StepFailed, match=r"web did not shut down within 0\.2 s: it took the request, and runs"):
            rest.shut_down(session, access, stack, 0.2)


def test_portal_that_never_stopped_is_not_copied(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watch(journal, Portal("answers"), ["1", "1"], monkeypatch)
    with pytest.raises(StepFailed, match="does not rest: port: expected closed, found answers"):
        made.begin()


def test_portal_that_came_back_in_between_fails_the_backup(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watch(journal, Portal("closed", "answers", "closed"), ["1", "1"], monkeypatch)
    made.begin()
    with pytest.raises(StepFailed, match="did not rest: port: expected closed, found answers"):
        made.confirm()


def test_sign_that_could_not_be_asked_hides_no_other(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watch(journal, Portal("closed", "answers, and no more", "closed"), ["1", "1"], monkeypatch)
    made.begin()
    with pytest.raises(StepFailed, match="port: expected closed, found answers, and no more"):
        made.confirm()


def test_change_that_no_inventory_shows_fails_the_backup(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watch(journal, SimpleNamespace(), ["1", "2"], monkeypatch)  # a portal that shows no signs of rest
    made.begin()
    with pytest.raises(StepFailed, match="home changed while it was copied"):
        made.confirm()


def test_what_could_not_be_asked_is_not_known(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watch(journal, Portal("closed", "unknown", "closed"), ["1", "1"], monkeypatch)
    made.begin()
    with pytest.raises(CouldNotAsk, match="whether the portal rested is not known: no answer"):
        made.confirm()


def test_watch_that_broke_off_shows_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    made = watch(journal, Portal("closed"), ["1", "1"], monkeypatch)
    made.begin()
    made.end()  # as if the thread had died
    with pytest.raises(CouldNotAsk, match="nobody looked until the end"):
        made.confirm()


def test_sign_that_breaks_is_no_sign(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Portal):
        def at_rest(self, access: Any) -> Iterator[Probe]:
            yield from super().at_rest(access)
            raise KeyError("installation")

    made = watch(journal, Broken("closed"), ["1", "1"], monkeypatch)
    made.begin()
    with pytest.raises(CouldNotAsk, match="installation"):
        made.confirm()
