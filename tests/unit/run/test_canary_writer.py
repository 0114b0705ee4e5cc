"""The canary writer and the prober with a portal in memory: what is acknowledged, refused, and not known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CommandFailed, CouldNotAsk, EngineGone
from harness.judge.objectives import downtime
from harness.kinds.contracts import Probe
from harness.model.drill import Drill, Objectives, Portal, Source, Stack
from harness.model.restore_point import Canary
from harness.model.verdict import Outcome
from harness.run.canary_writer import CanaryWriter, canaries_of
from harness.run.journal import Journal
from harness.run.prober import Prober

DEADLINE_S = 120  # of waiting, on a machine that does much else; usually a few milliseconds
ACCESS: Any = None
DRILL = Drill(
    name="shop",
    file="shop.drill.yaml",
    sha256="0" * 64,
    product="plain",
    portal=Portal(kind="sql", service="db", port=5432),
    stand_in=None,
    why="nightly",
    source=Source(stack=Stack(file="compose.yaml", services=())),
    schedule_s=None,
    objectives=Objectives(),
    components=(),
    checks=(),
)


class Portal:
    """Two tiers; `answers` says per write what goes wrong: after how many tiers, and with which error."""

    def __init__(self, answers: dict[int, tuple[int, Exception]] | None = None) -> None:
        self.answers = answers or {}
        self.edits: list[tuple[int, str]] = []

    def _tiers(self, number: int) -> Iterator[tuple[str, str]]:
        after, error = self.answers.get(number, (2, None))
        for tier in ("database", "files")[:after]:
            yield tier, f"{tier}-{number}"
        if error:
            raise error

    def write_canary(self, access: Any, number: int, token: str) -> Iterator[tuple[str, str]]:
        yield from self._tiers(number)

    def edit_canary(self, access: Any, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
        self.edits.append((earlier.number, token))
        yield "database", earlier.refs["database"]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "evidence.jsonl")
    yield journal
    journal.close()


def until(condition: Callable[[], bool], journal: Journal) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"the last lines were {journal.so_far().lines[-3:]}"
        time.sleep(0.01)


def write(journal: Journal, portal: Any, at_least: int) -> CanaryWriter:
    writer = CanaryWriter(portal, ACCESS, journal, "word", 0.005)
    writer.start()
    marks = ("canary_written", "canary_refused", "canary_indeterminate")

    def written() -> int:
        evidence = journal.so_far()
        return max((int(str(m.facts["number"])) for name in marks for m in evidence.marks(name)), default=0)

    until(lambda: written() > at_least, journal)
    writer.stop()
    writer.join(DEADLINE_S)
    return writer


def test_every_write_is_numbered_and_marked_per_tier_when_acknowledged(journal: Journal) -> None:
    write(journal, Portal(), 2)
    marks = list(journal.so_far().marks("canary_written"))
    assert [(m.facts["number"], m.subject, m.facts["token"], m.facts["ref"]) for m in marks[:4]] == [
        (1, "database", "wordx1", "database-1"),
        (1, "files", "wordx1", "files-1"),
        (2, "database", "wordx2", "database-2"),
        (2, "files", "wordx2", "files-2"),
    ]


def test_every_third_write_edits_an_earlier_item(journal: Journal) -> None:
    portal = Portal()
    write(journal, portal, 7)
    edits = [m for m in journal.so_far().marks("canary_written") if m.facts["edit_of"] is not None]
    assert [(m.facts["number"], m.facts["edit_of"]) for m in edits[:2]] == [(3, 2), (6, 4)]
    assert portal.edits[:2] == [(2, "wordx3"), (4, "wordx6")]


def test_tier_that_was_acknowledged_before_the_error_counts(journal: Journal) -> None:
    write(journal, Portal({1: (1, CommandFailed("no room"))}), 2)
    evidence = journal.so_far()
    assert [m.subject for m in evidence.marks("canary_written") if m.facts["number"] == 1] == ["database"]
    refused = evidence.mark("canary_refused")
    assert refused and (refused.facts["number"], refused.facts["reason"]) == (1, "no room")


def test_write_that_is_not_answered_is_indeterminate(journal: Journal) -> None:
    write(journal, Portal({2: (0, CouldNotAsk("timed out"))}), 3)
    evidence = journal.so_far()
    doubtful = evidence.mark("canary_indeterminate")
    assert doubtful and (doubtful.facts["number"], doubtful.facts["token"]) == (2, "wordx2")
    assert [canary.number for canary in canaries_of(evidence)][:2] == [1, 3]


def test_broken_adapter_does_not_end_the_writing(journal: Journal) -> None:
    writer = write(journal, Portal({1: (0, KeyError("id"))}), 2)
    assert writer.last_refusal == "KeyError: 'id'"
    assert any(m.facts["number"] == 2 for m in journal.so_far().marks("canary_written"))


def test_refused_item_is_never_edited(journal: Journal) -> None:
    portal = Portal({1: (0, CommandFailed("no")), 2: (0, CommandFailed("no"))})
    write(journal, portal, 7)
    assert {number for number, _ in portal.edits} <= {3, 4, 5, 7, 8}
    assert any(m.facts["number"] == 3 and m.facts["edit_of"] is None for m in journal.so_far().marks("canary_written"))


def test_item_written_to_one_tier_only_is_not_edited_where_it_never_was(journal: Journal) -> None:
    class FilesFirst(Portal):
        def _tiers(self, number: int) -> Iterator[tuple[str, str]]:
            yield "files", f"files-{number}"
            if number == 2:
                raise CommandFailed("the database said no")
            yield "database", f"database-{number}"

    write(journal, FilesFirst(), 7)
    refused = [m.facts["number"] for m in journal.so_far().marks("canary_refused")]
    assert refused == [2]


def test_canaries_are_gathered_from_evidence_by_number(journal: Journal) -> None:
    for number, tier, edit_of in ((2, "database", None), (1, "database", None), (1, "files", None), (3, "database", 1)):
        journal.mark("canary_written", tier, number=number, token=f"x{number}", ref=f"{tier}{number}", edit_of=edit_of)
    found = list(canaries_of(journal.so_far()))
    assert [(c.number, c.token, c.edit_of, c.refs) for c in found] == [
        (1, "x1", None, {"database": "database1", "files": "files1"}),
        (2, "x2", None, {"database": "database2"}),
        (3, "x3", 1, {"database": "database3"}),
    ]
    assert found[0].mark.subject == "files"


# ---------------------------------------------------------------- prober


def probe(journal: Journal, answers: list[Any]) -> None:
    """Probe until all answers were given, or the probing has ended by itself. A number: silence of so many seconds."""
    given = iter(answers)
    done: list[bool] = []

    def healthy(access: Any) -> Probe:
        answer = next(given, None)
        if answer is None:
            done.append(True)
            return Probe("database", True, "", "")
        if isinstance(answer, float):
            time.sleep(answer)
            raise CouldNotAsk("timed out")
        if isinstance(answer, Exception):
            raise answer
        return Probe("database", answer, "rows", f"said {answer}")

    prober = Prober(SimpleNamespace(healthy=healthy), ACCESS, journal)  # type: ignore[arg-type]
    prober.start()
    until(lambda: bool(done) or journal.so_far().mark("probing_ended") is not None, journal)
    prober.end(DEADLINE_S)


def marks(journal: Journal) -> list[str]:
    return [line.name for line in journal.so_far().lines if hasattr(line, "name")]


def test_prober_marks_changes_only(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.run.prober.EVERY_S", 0.001)
    probe(journal, [True, False, False, CouldNotAsk("refused"), CommandFailed("503"), True, True])
    assert marks(journal) == ["probing_started", "probe_failed", "probe_good", "probing_ended"]
    ended = journal.so_far().mark("probing_ended")
    assert ended and int(str(ended.facts["probes"])) >= 8
    assert 0 < float(str(ended.facts["resolution_s"])) < DEADLINE_S
    assert 0 < float(str(ended.facts["steady_s"])) <= float(str(ended.facts["resolution_s"]))
    again = journal.so_far().mark("probe_good")
    assert again and (again.facts["failed"], ended.facts["failed"]) == (4, 0)


def test_time_that_a_failed_probe_waited_is_told_and_not_taken_for_a_steady_answer(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.prober.EVERY_S", 0.001)
    probe(journal, [True, True, 0.5, CouldNotAsk("refused"), True, True])
    failed, ended = (journal.so_far().mark(name) for name in ("probe_failed", "probing_ended"))
    assert failed and float(str(failed.facts["waited_s"])) >= 0.5
    assert ended and float(str(ended.facts["resolution_s"])) >= 0.5 > float(str(ended.facts["steady_s"]))


@pytest.mark.parametrize(
    ("error", "found"),
    [(KeyError("database"), "KeyError: 'database'"), (EngineGone("no socket"), "EngineGone: no socket")],
)
def test_what_is_ours_ends_the_probing_and_makes_downtime_unknown(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, error: Exception, found: str
) -> None:
    monkeypatch.setattr("harness.run.prober.EVERY_S", 0.001)
    probe(journal, [True, error, True])
    assert marks(journal) == ["probing_started", "probe_broken", "probing_ended"]
    broken = journal.so_far().mark("probe_broken")
    assert broken and broken.facts["found"] == found
    result = downtime(DRILL, journal.so_far(), True)
    assert (result.outcome, result.measured_s) == (Outcome.UNKNOWN, None)
