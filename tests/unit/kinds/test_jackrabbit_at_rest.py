"""Each sign that the server rests is seen in both directions, and what its start says of its own checks."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from described import PORTAL
from fakes import FakeShell

from harness.errors import CouldNotAsk, NoAnswer
from harness.kinds import registry
from harness.kinds.contracts import LOG_LINES, CommandResult, HttpReply, ShowsRest
from harness.kinds.portals import _rest
from harness.kinds.portals._installation import log_probe
from harness.kinds.portals._jackrabbit import rest
from harness.kinds.portals._jackrabbit.health import DENY, _own_checks
from harness.model.drill import Portal

HOME = "/opt/xl-release-server"


class Local:
    """The machine's own shell."""

    def run(self, argv: Sequence[str], **more: Any) -> CommandResult:
        said = subprocess.run(argv, capture_output=True, timeout=30, check=False)
        return CommandResult(tuple(argv), said.returncode, said.stdout, said.stderr, False, 0.0)


class OfEachUser(FakeShell):
    """What the server's user has open nobody else sees, root in a container neither."""

    def run(self, argv: Sequence[str], *, user: str | None = None, **more: Any) -> CommandResult:
        if argv[-1] == _rest._OWNERS:
            return CommandResult(tuple(argv), 0, b"0:0\n1000:1000\n", b"", False, 0.1)
        if "open" in argv and user != "1000:1000":
            return CommandResult(tuple(argv), 0, b"0\n", b"", False, 0.1)
        return super().run(argv, user=user, **more)


class Rests:
    """A stack whose server does not run, unless told otherwise."""

    def __init__(self, repository: Path, *, answers: bool = False, open_files: str = "", log: str = "") -> None:
        self.repository, self.answers, self.open_files, self.log = repository, answers, open_files, log
        self.refusal = CouldNotAsk("refused")

    def http(self, service: str, port: int) -> Any:
        def request(*words: Any, **more: Any) -> HttpReply:
            if not self.answers:
                raise self.refusal
            return HttpReply(200, {}, b"{}")

        return SimpleNamespace(request=request)

    def addresses(self) -> dict[str, str]:
        return {"db": "10.0.0.2"} | ({"release": "10.0.0.3"} if self.open_files else {})

    def mounts(self, service: str) -> tuple[str, ...]:
        return (HOME, f"{HOME}/repository") if service == "release" else ("/var/lib/postgresql/data",)

    def shell(self, service: str) -> Any:
        return OfEachUser({("open",): (0, self.open_files, ""), ("asked",): (0, "3\n", "")})

    def logs(self, service: str) -> str:
        return "\n".join(self.log.splitlines()[-LOG_LINES:])

    def log_lines(self, service: str) -> Iterator[str]:
        return iter(self.log.splitlines())

    @contextmanager
    def tool(self, service: str, **more: Any) -> Iterator[Local]:
        yield Local()

    @property
    def access(self) -> Any:
        places = {"installation": HOME, "repository_directory": str(self.repository)}
        drill = SimpleNamespace(
            component=lambda name: SimpleNamespace(service="release", options={"path": places[name]})
        )
        return SimpleNamespace(stack=self, drill=drill, portal=SimpleNamespace(service="release", port=5516))


def found(stack: Rests) -> dict[str, tuple[bool, str]]:
    return {probe.name: (probe.ok, probe.found) for probe in rest.at_rest(stack.access)}


def test_server_that_does_not_run_shows_no_sign(tmp_path: Path) -> None:
    assert found(Rests(tmp_path)) == {
        "port": (True, "closed"),
        "processes": (True, "none"),
        "lock": (True, "absent"),
    }


def test_lock_file_that_nobody_holds_is_free(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    assert found(Rests(tmp_path))["lock"] == (True, "free")


@pytest.mark.parametrize("taken", [fcntl.lockf, fcntl.flock])
def test_lock_that_is_held_shows(tmp_path: Path, taken: Any) -> None:
    """By whichever of the two sorts of locks; asked by another process, as from another container."""
    with (tmp_path / ".lock").open("w") as file:
        taken(file, fcntl.LOCK_EX)
        good, said = found(Rests(tmp_path))["lock"]
    assert not good and said.startswith("held: ")


def test_derby_database_that_is_open_shows_though_the_repository_is_not(tmp_path: Path) -> None:
    lock = tmp_path / "workspaces" / "security" / "db" / "dbex.lck"
    lock.parent.mkdir(parents=True)
    (tmp_path / ".lock").touch()
    with lock.open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        good, said = found(Rests(tmp_path))["lock"]
    assert not good and said.startswith("held: workspaces/security/db/dbex.lck: ")
    assert found(Rests(tmp_path))["lock"] == (True, "free")


def test_port_that_answers_shows(tmp_path: Path) -> None:
    assert found(Rests(tmp_path, answers=True))["port"] == (False, "port 5516 answers: HTTP 200")


def test_port_that_takes_connections_and_says_nothing_shows(tmp_path: Path) -> None:
    stack = Rests(tmp_path)
    stack.refusal = NoAnswer("timed out")
    assert found(stack)["port"] == (False, "port 5516 takes connections, and does not answer")


def test_process_with_the_home_open_shows(tmp_path: Path) -> None:
    good, said = found(Rests(tmp_path, open_files="17\n"))["processes"]
    assert (good, said) == (False, f"17 files of {HOME} by processes of release")


def test_described_portal_shows_the_signs_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "in-use").touch()
    options = {**PORTAL, "locks": [{"component": "repository_directory", "file": "in-use"}]}
    access = Rests(tmp_path).access
    access.portal = Portal(kind="http", service="release", port=5516, options=options)
    kind = registry.portal_of(access.portal)
    assert isinstance(kind, ShowsRest)
    assert {probe.name: probe.found for probe in kind.at_rest(access)} == {"port": "closed", "lock": "free"}
    with (tmp_path / "in-use").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert [probe.name for probe in kind.at_rest(access) if not probe.ok] == ["lock"]
    access.portal = Portal(kind="http", service="release", port=5516, options=PORTAL)
    assert not isinstance(registry.portal_of(access.portal), ShowsRest)


@pytest.mark.parametrize("mount", [HOME, f"{HOME}/repository", "/opt"])
def test_container_with_a_part_of_the_home_or_it_as_a_part_is_asked(tmp_path: Path, mount: str) -> None:
    stack = Rests(tmp_path, open_files="2\n")
    stack.mounts = lambda service: (mount,)  # type: ignore[method-assign]
    assert not found(stack)["processes"][0]


def test_container_that_cannot_tell_gives_no_sign(tmp_path: Path) -> None:
    with pytest.raises(CouldNotAsk, match="what processes of release have open is not known"):
        found(Rests(tmp_path, open_files=" \n"))


def test_open_files_and_folders_of_real_processes_are_counted(tmp_path: Path) -> None:
    argv = ["sh", "-c", _rest._OPEN, "open", str(tmp_path), str(tmp_path / "nobody")]
    process = subprocess.Popen(["sleep", "30"], cwd=tmp_path)
    try:
        assert Local().run(argv).text.split() == ["1", "0"]
    finally:
        process.kill()
        process.wait()
    assert Local().run(argv).text.split() == ["0", "0"]
    assert f"{os.getuid()}:" in Local().run(["sh", "-c", _rest._OWNERS]).text


def test_index_is_built_when_the_repository_has_started(tmp_path: Path) -> None:
    assert not rest.index_built(Rests(tmp_path, log="Starting repository...").access).ok
    assert rest.index_built(Rests(tmp_path, log="RepositoryImpl Repository started (2294ms)").access).ok


CLEAN = "Running consistency check...\nNo errors detected.\n"


@pytest.mark.parametrize(
    ("log", "good"),
    [
        (CLEAN * 3, True),
        (CLEAN * 2, False),  # one index was not checked
        ("", False),
        (CLEAN * 2 + "Running consistency check...\nNode 1f3a-22 no longer exists.\n", False),
    ],
)
def test_every_index_must_have_been_checked_and_found_clean(tmp_path: Path, log: str, good: bool) -> None:
    probe = _own_checks(Rests(tmp_path, log=log).access)
    assert probe.ok is good
    assert ("no longer exists" in probe.found) is ("no longer exists" in log)


def test_checks_count_however_much_was_logged_after_them(tmp_path: Path) -> None:
    assert _own_checks(Rests(tmp_path, log=CLEAN * 3 + "INFO\n" * LOG_LINES).access).ok
    assert not _own_checks(Rests(tmp_path, log=CLEAN * 2 + "INFO\n" * LOG_LINES).access).ok


def test_error_of_the_start_shows_however_much_was_logged_after_it(tmp_path: Path) -> None:
    log = "2026-11-21 ERROR disk I/O error\n" + "2026-11-21 WARNING no such page\n" * LOG_LINES
    probe = log_probe(Rests(tmp_path, log=log).access, DENY)
    assert (probe.ok, probe.found) == (False, "1 lines, such as 2026-11-21 ERROR disk I/O error")
    assert log_probe(Rests(tmp_path, log=log.partition("\n")[2]).access, DENY).ok


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-21 21:16:04 ERROR ConsistencyCheckerImpl NodeState 1 references inexistent child 2",
        "WARN  RepositoryLock Existing lock file /x/.lock detected. Repository was not shut down properly.",
        "INFO  ConsistencyCheck Node 1f3a is missing.",
        "INFO  ConsistencyCheck Node 1f3a no longer exists.",
    ],
)
def test_what_is_wrong_is_found_in_the_log(line: str) -> None:
    assert DENY.search(line)


def test_a_regular_start_says_nothing_wrong() -> None:
    said = ("INFO  ConsistencyCheckerImpl default: checked 3642 bundles.", "INFO  SearchIndex No errors detected.")
    assert not any(DENY.search(line) for line in said)
