"""Evidence is on disk line by line, closed by count and digest, and readable however it was cut off."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessBroken
from harness.model.evidence import LogLine, Mark, Seen, StepState
from harness.run.journal import Journal, read_evidence

WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from harness.run.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(10**9):
    journal.mark("canary_written", number=number, text="x" * 500)
    print(number, flush=True)
"""


@pytest.fixture
def begin() -> Iterator[Callable[..., Journal]]:
    """Makes journals; those that a test leaves open are closed after it."""
    begun: list[Journal] = []

    def make(*arguments: Any) -> Journal:
        begun.append(Journal(*arguments))
        return begun[-1]

    yield make
    for journal in begun:
        with contextlib.suppress(ValueError):
            journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "evidence.jsonl"


def test_each_line_is_on_disk_when_the_call_returns(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path)
    journal.mark("disaster")
    assert [json.loads(line)["name"] for line in path.read_bytes().splitlines()] == ["disaster"]


def test_end_line_counts_and_digests_all_lines_before_it(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path)
    journal.mark("run_started", run="one")
    journal.observe("freshness", ["nonce"], seen=Seen.SEEN)
    journal.step("restore:database", StepState.FAILED, 1.23456, "exit 1")
    closed = journal.close()
    *lines, end = path.read_bytes().splitlines(keepends=True)
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    assert json.loads(end) == {"line": "end", "count": 3, "sha256": digest}
    assert read_evidence(path) == closed
    assert (closed.complete, closed.sha256) == (True, digest)


def test_evidence_that_was_not_closed_is_incomplete(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path)
    journal.mark("disaster")
    evidence = read_evidence(path)
    assert (evidence.complete, [line.name for line in evidence.marks("disaster")]) == (False, ["disaster"])
    assert evidence == journal.so_far()


def test_lines_after_the_end_are_dropped(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path)
    closed = journal.close()
    journal.mark("too_late")
    assert read_evidence(path) == closed


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_last_line_cut_short_is_dropped(begin: Callable[..., Journal], path: Path, cut: int) -> None:
    journal = begin(path)
    journal.mark("one")
    journal.mark("two")
    path.write_bytes(path.read_bytes()[:-cut])
    evidence = read_evidence(path)
    names = [line.name for line in evidence.lines if isinstance(line, Mark)]
    assert names in (["one"], ["one", "two"])  # a line that lacks nothing but its line break is whole
    assert not evidence.complete


@pytest.mark.parametrize("change", ["removed", "changed", "added"])
def test_end_line_that_does_not_agree_makes_the_evidence_incomplete(
    begin: Callable[..., Journal], path: Path, change: str
) -> None:
    journal = begin(path)
    for name in ("one", "two", "three"):
        journal.mark(name)
    journal.close()
    lines = path.read_bytes().splitlines(keepends=True)
    if change == "removed":
        del lines[1]
    elif change == "changed":
        lines[1] = lines[1].replace(b"two", b"2wo")
    else:
        lines.insert(1, lines[1])
    path.write_bytes(b"".join(lines))
    assert not read_evidence(path).complete


def test_evidence_in_which_an_inner_line_is_broken_is_incomplete(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path)
    for name in ("one", "two", "three"):
        journal.mark(name)
    journal.close()
    path.write_bytes(path.read_bytes().replace(b'"two"', b"two"))
    evidence = read_evidence(path)
    assert (evidence.complete, len(evidence.lines)) == (False, 1)


def test_journal_never_overwrites_evidence(begin: Callable[..., Journal], path: Path) -> None:
    begin(path).close()
    with pytest.raises(FileExistsError):
        begin(path)


def test_several_threads_write_whole_lines(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path)

    def write(thread: int) -> None:
        for number in range(200):
            journal.mark("canary_written", str(thread), number=number, text="🐘" * 50)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    evidence = read_evidence(path)
    assert (evidence.complete, len(evidence.lines)) == (True, 1600)
    for n in range(8):
        assert [mark.facts["number"] for mark in evidence.marks("canary_written", str(n))] == list(range(200))


def test_kill_loses_no_line_that_was_written(begin: Callable[..., Journal], path: Path) -> None:
    path.parent.mkdir()
    process = subprocess.Popen([sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE)
    assert process.stdout
    said = [int(process.stdout.readline()) for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate(timeout=10)
    last = int(rest.splitlines()[-1]) if rest.strip() and rest.endswith(b"\n") else said[-1]
    evidence = read_evidence(path)
    assert not evidence.complete
    assert len(evidence.lines) >= last


@pytest.mark.parametrize("secret", ["Postgres-4711", 'quote"and\\slash', "Schlüssel-🐘"])
def test_secret_is_never_written(begin: Callable[..., Journal], path: Path, secret: str) -> None:
    journal = begin(path, [secret])
    journal.command("db", ("psql", f"--password={secret}"), 0, 0.1, f"connected with {secret}\n")
    journal.observe("survey", {"environment": [secret]})
    journal.mark("probe_failed", found=f"login {secret} refused")
    journal.close()
    text = path.read_text(encoding="utf-8")
    assert secret not in text
    assert json.dumps(secret)[1:-1] not in text
    assert "-4711" not in text and "slash" not in text and "Schl" not in text
    assert text.count("***") == 4
    assert read_evidence(path).complete


def test_secret_that_is_learnt_later_is_not_written_from_then_on(begin: Callable[..., Journal], path: Path) -> None:
    """Nor shown: who is told how a step ended, is told what was written."""
    journal = begin(path, ["known"])
    journal.hide(["learnt", 'with "quotes"'])
    line = journal.step("restore:database", StepState.FAILED, 1.0, 'known, learnt, with "quotes"')
    journal.close()
    assert line.reason == "***, ***, ***"
    assert [one.reason for one in read_evidence(path).steps()] == ["***, ***, ***"]
    assert journal.redacted('with "quotes" and learnt') == "*** and ***"


@pytest.mark.parametrize("secret", ["4711", "2026", "database", "restore:database", "canary_written", "name", "failed"])
def test_secret_that_is_a_name_or_part_of_a_number_leaves_all_that_is_judged(
    begin: Callable[..., Journal], path: Path, secret: str
) -> None:
    """Only what people read is without it: the same lines, whatever the password is."""

    def written(path: Path, *secrets: str) -> tuple[Any, ...]:
        journal = begin(path, secrets)
        journal.mark("canary_written", "database", number=4711, token="abcx4711", ref="4711", edit_of=None)
        journal.mark("probe_failed", found="database: name 4711 failed", waited_s=4711.2026)
        journal.observe("inventory", {"sha256": "ab4711", "component": "database"}, subject="database before")
        journal.observe("freshness", ["20264711"])
        journal.observe("restore_point", {"nonce": "20264711", "name": "database", "found": "name 2026"})
        journal.step("restore:database", StepState.FAILED, 4711.0, "restore:database failed, canary_written 2026 name")
        evidence = journal.close()
        assert read_evidence(path) == evidence
        return tuple(line.model_dump(exclude={"at"}) for line in evidence.lines)  # type: ignore[union-attr]

    plain, hidden = written(path), written(path.with_name("other.jsonl"), secret)
    texts: list[tuple[Any, ...]] = []
    for lines in (plain, hidden):
        found, restore_point = lines[1]["facts"].pop("found"), lines[4]["data"].pop("found")
        texts.append((found, restore_point, lines[5].pop("reason")))
    assert hidden == plain
    assert texts[1] == tuple(text.replace(secret, "***") for text in texts[0]) != texts[0]


def test_secret_that_contains_another_is_hidden_whole(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path, ["4711"])
    journal.hide(["x4711y"])
    journal.log("4711 and x4711y")
    assert journal.redacted("x4711y and 4711") == "*** and ***"
    assert [line.text for line in journal.close().lines if isinstance(line, LogLine)] == ["*** and ***"]


def test_text_that_is_not_unicode_can_be_written(begin: Callable[..., Journal], path: Path) -> None:
    journal = begin(path)
    journal.mark("probe_failed", found=os.fsdecode(b"caf\xe9"))
    journal.close()
    assert read_evidence(path).complete


class FullDisk:
    """Takes so many bytes, and then none."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, text: bytes) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        taken = text[: self._room]
        self._room -= len(taken)
        return int(self._file.write(taken))

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize("room", [0, 10, 150])
def test_disk_that_is_full_ends_the_evidence_and_is_said_once(room: int, tmp_path: Path) -> None:
    """A line cut short is no line: what is read later is what reached the disk whole."""
    journal = Journal(tmp_path / "evidence.jsonl")
    journal._file = FullDisk(journal._file, room)  # type: ignore[assignment]  # the handle to the disk
    with pytest.raises(HarnessBroken, match="cannot be written any more"):
        for number in range(9):
            journal.mark("m", number=number)
    assert journal.broken
    journal.mark("dropped")  # whoever cleans up goes on
    evidence = journal.close()
    assert not evidence.complete
    assert evidence == read_evidence(tmp_path / "evidence.jsonl")
    assert evidence.mark("dropped") is None


def test_disk_that_is_full_at_the_last_line_leaves_evidence_without_an_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "evidence.jsonl")
    journal.mark("m")
    journal._file = FullDisk(journal._file, 5)  # type: ignore[assignment]  # the handle to the disk
    evidence = journal.close()
    assert (evidence.complete, len(evidence.lines)) == (False, 1)
