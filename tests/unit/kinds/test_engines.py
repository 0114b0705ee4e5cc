"""Engines with handles in memory: what they run, what they refuse, what they believe."""

from __future__ import annotations

import gc
import itertools
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fakes import PASSWORD, Answer, FakeHttp, FakeShell, FakeStack, backup_access, restore_access

from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, NotThere
from harness.kinds import registry
from harness.kinds.contracts import CommandResult, HttpReply
from harness.kinds.engines import command, git_bundle, pg_dump, snapshot, tar
from harness.model.inventory import ClassRule, ItemClass

SHOP = {"database": "shop"}
CONTENTS = """;
; Archive created at 2026-11-21 12:00:00 UTC
;     dbname: shop
;     TOC Entries: 3
;     Dump Version: 1.14-0
;     Dumped from database version: 15.10 (Debian 15.10-0)
;     Dumped by pg_dump version: 15.8 (Debian 15.8-0)
;
;
; Selected TOC Entries:
;
1; 0 TABLE DATA public a x
2; 0 TABLE DATA public b x
3; 0 INDEX i
"""
VERSIONS: dict[tuple[str, ...], Answer | Exception] = {
    ("pg_dump", "--version"): (0, "pg_dump (PostgreSQL) 15.8 (Debian)\n", ""),
    ("SHOW server_version",): (0, "15.10 (Debian 15.10-0)\n", ""),
    ("pg_restore", "--list"): (0, CONTENTS, ""),
}
LISTED: dict[tuple[str, ...], Answer | Exception] = {("pg_restore", "--list"): (0, CONTENTS, "")}


def _without(words: tuple[str, ...]) -> dict[tuple[str, ...], Answer | Exception]:
    return {key: answer for key, answer in VERSIONS.items() if key != words}


@pytest.mark.parametrize("name", registry.names("engines"))
def test_every_engine_names_components_that_exist(name: str) -> None:
    engine = registry.engine(name)
    assert set(registry.names("components")) >= engine.COMPONENTS
    assert engine.CAPTURE_POINT in ("started", "finished")


# ---------------------------------------------------------------- pg_dump


def test_dump_is_made_with_roles_and_its_contents_are_read(tmp_path: Path) -> None:
    stack = FakeStack(FakeShell(VERSIONS))
    facts = pg_dump.backup(backup_access(stack, tmp_path, "postgresql", SHOP))
    assert facts == {"tool": "pg_dump 15.8", "server": "15.10", "tables": 2}
    assert stack.the_shell.programs == ["pg_dump", "psql", "pg_dumpall", "psql", "pg_dump", "pg_restore"]
    (mount,) = stack.tools
    assert (mount["artefact"], mount["artefact_writable"], mount["volumes"]) == (tmp_path, True, False)


def test_password_stands_in_the_environment_and_in_no_command(tmp_path: Path) -> None:
    stack = FakeStack(FakeShell(VERSIONS))
    pg_dump.backup(backup_access(stack, tmp_path, "postgresql", SHOP))
    assert all(environment["PGPASSWORD"] == PASSWORD for environment in stack.the_shell.environments)
    assert all("read_only=off" in environment["PGOPTIONS"] for environment in stack.the_shell.environments)
    assert not [argv for argv in stack.the_shell.commands if any(PASSWORD in word for word in argv)]


@pytest.mark.parametrize("client", ["14.9", "16.1", "9.6.24"])
def test_client_of_another_major_version_is_refused(tmp_path: Path, client: str) -> None:
    answers = VERSIONS | {("pg_dump", "--version"): (0, f"pg_dump (PostgreSQL) {client}\n", "")}
    stack = FakeStack(FakeShell(answers))
    with pytest.raises(CommandFailed, match="GEN-D1"):
        pg_dump.backup(backup_access(stack, tmp_path, "postgresql", SHOP))
    assert "pg_dumpall" not in stack.the_shell.programs


@pytest.mark.parametrize("words", [("pg_dumpall",), ("--format=custom",), ("pg_restore", "--list")])
def test_tool_that_exits_with_an_error_fails_the_backup(tmp_path: Path, words: tuple[str, ...]) -> None:
    stack = FakeStack(FakeShell({words: (1, "", "permission denied for table a"), **_without(words)}))
    with pytest.raises(CommandFailed, match="permission denied for table a"):
        pg_dump.backup(backup_access(stack, tmp_path, "postgresql", SHOP))


def test_server_that_cannot_be_asked_is_no_failure_of_the_backup(tmp_path: Path) -> None:
    stack = FakeStack(FakeShell({("pg_dumpall",): CouldNotAsk("timed out")} | VERSIONS))
    with pytest.raises(CouldNotAsk):
        pg_dump.backup(backup_access(stack, tmp_path, "postgresql", SHOP))


NO_WAY = [
    'psql: error: could not translate host name "db" to address: Temporary failure in name resolution',
    'psql: error: connection to server at "db" (172.19.0.3), port 5432 failed: timeout expired',
]


@pytest.mark.parametrize("said", NO_WAY)
def test_way_to_the_server_that_fails_is_no_failure_of_backup_or_restore(tmp_path: Path, said: str) -> None:
    with pytest.raises(CouldNotAsk, match="psql had no way to its server"):
        answers = {("SHOW server_version",): (2, "", said), **_without(("SHOW server_version",))}
        pg_dump.backup(backup_access(FakeStack(FakeShell(answers)), tmp_path, "postgresql", SHOP))
    with pytest.raises(CouldNotAsk, match="psql had no way to its server"):
        stack = FakeStack(FakeShell({("psql",): (2, "", said)} | LISTED))
        pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))


@pytest.mark.parametrize("said", [text.replace('"db"', '"reports"') for text in NO_WAY] + ["Connection refused"])
def test_way_to_another_server_or_one_that_is_gone_is_a_failure(tmp_path: Path, said: str) -> None:
    """A view of a foreign table that nobody can read, or a server that what was restored has brought down."""
    with pytest.raises(CommandFailed):
        stack = FakeStack(FakeShell({("psql",): (1, "", said)} | LISTED))
        pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))


def test_dump_that_holds_no_table_is_refused(tmp_path: Path) -> None:
    empty = CONTENTS.replace("TABLE DATA", "TABLE")
    stack = FakeStack(FakeShell(VERSIONS | {("pg_restore", "--list"): (0, empty, "")}))
    with pytest.raises(CommandFailed, match="the dump of shop holds no table"):
        pg_dump.backup(backup_access(stack, tmp_path, "postgresql", SHOP))


UNBELIEVABLE = [
    (("dbname: shop", "dbname: postgres"), "is of the database postgres, not of shop"),
    (("pg_dump version: 15.8 (Debian 15.8-0)", "pg_dump version: 14.19"), "GEN-D1"),
    (("pg_dump version: 15.8 (Debian 15.8-0)", "pg_dump version: 9.6.24"), "GEN-D1"),
    (("pg_dump version: 15.8 (Debian 15.8-0)", "pg_dump version: unknown"), "names no version"),
    ((";     Dumped by pg_dump version: 15.8 (Debian 15.8-0)\n", ""), "GEN-D1"),
    (("TABLE DATA", "TABLE"), "holds no table"),
]


@pytest.mark.parametrize(("change", "said"), UNBELIEVABLE)
def test_dump_is_asked_what_it_is_at_backup_and_before_anything_is_removed(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    answer = {("pg_restore", "--list"): (0, CONTENTS.replace(*change), "")}
    with pytest.raises(CommandFailed, match=said):
        pg_dump.backup(backup_access(FakeStack(FakeShell(VERSIONS | answer)), tmp_path, "postgresql", SHOP))
    stack = FakeStack(FakeShell(dict(answer)))
    with pytest.raises(CommandFailed, match=said):
        pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    assert stack.the_shell.programs == ["pg_restore"]


@pytest.mark.parametrize(("client", "server"), [("16.1", "15.10"), ("10.23", "9.6.24"), ("9.6.24", "9.6.3")])
def test_dump_by_a_newer_client_is_believed(tmp_path: Path, client: str, server: str) -> None:
    (tmp_path / "roles.sql").write_bytes(TRAILER)
    text = CONTENTS.replace("15.8 (Debian 15.8-0)", client).replace("15.10 (Debian 15.10-0)", server)
    stack = FakeStack(FakeShell({("pg_restore", "--list"): (0, text, "")}))
    pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    assert stack.the_shell.programs[-2:] == ["vacuumdb", "psql"]


TRAILER = b"--\n-- PostgreSQL database cluster dump complete\n--\n"  # the end of what pg_dumpall writes


def test_restore_removes_first_and_stops_at_the_first_error(tmp_path: Path) -> None:
    roles = b'CREATE ROLE postgres;\nALTER ROLE postgres SUPERUSER;\nCREATE ROLE "postgres2";\nCREATE ROLE shop;\n'
    roles += b'CREATE ROLE "other-owner";\nALTER ROLE "other-owner" LOGIN;\n'
    (tmp_path / "roles.sql").write_bytes(roles + TRAILER)
    # What is there after the removal: the superuser, and the owner of another database.
    stack = FakeStack(FakeShell({**LISTED, ("-At",): (0, 'postgres\n"other-owner"\n', "")}))
    pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}, jobs=4))
    shell = stack.the_shell
    assert shell.programs == ["pg_restore", "psql", "psql", "pg_restore", "vacuumdb", "psql"]
    removal = (shell.inputs[1] or b"").splitlines()
    assert removal[0] == b'DROP DATABASE IF EXISTS "shop" WITH (FORCE);'
    assert b"DROP ROLE %I" in removal[1] and removal[-2].endswith(b"\\gexec")
    assert b"ALTER ROLE ALL RESET ALL;" in removal
    assert b"SELECT format('%I', rolname)" in removal[-1], "what is left is asked after the removal"
    assert all("ON_ERROR_STOP=1" in argv for argv in shell.commands[1:3])
    assert {"--exit-on-error", "--create", "--jobs=4"} <= set(shell.commands[3])
    kept = b'\nALTER ROLE postgres SUPERUSER;\nCREATE ROLE "postgres2";\nCREATE ROLE shop;\n'
    assert shell.inputs[2] == kept + b'\nALTER ROLE "other-owner" LOGIN;\n' + TRAILER
    assert "artefact_writable" not in stack.tools[0]


@pytest.mark.parametrize(("program", "last"), [("pg_restore", "pg_restore"), ("vacuumdb", "vacuumdb")])
def test_failed_restore_is_raised(tmp_path: Path, program: str, last: str) -> None:
    (tmp_path / "roles.sql").write_bytes(TRAILER)
    failing = {(program, "--jobs=2"): (1, "", "end of file")} if program == "pg_restore" else {}
    stack = FakeStack(FakeShell({**failing, **LISTED, (program,): (1, "", "could not read from input: end of file")}))
    with pytest.raises(CommandFailed, match="end of file"):
        pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    assert stack.the_shell.programs[-1] == last


@pytest.mark.parametrize("roles", [b"", b"CREATE ROLE shop;\n", TRAILER[:-9], TRAILER + b"x" * 201])
def test_file_of_roles_that_was_cut_short_is_never_run(tmp_path: Path, roles: bytes) -> None:
    (tmp_path / "roles.sql").write_bytes(roles)
    stack = FakeStack(FakeShell(LISTED))
    with pytest.raises(CommandFailed, match=r"roles\.sql of it was cut short"):
        pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    assert stack.the_shell.programs == ["pg_restore", "psql"]  # the list, and the removal alone


SETTINGS = b"ALTER ROLE ALL SET statement_timeout = '30s';\n-- Settings of all roles complete\n"


def test_settings_of_all_roles_are_loaded_when_nothing_is_left_that_they_could_stop(tmp_path: Path) -> None:
    (tmp_path / "roles.sql").write_bytes(TRAILER)
    (tmp_path / "settings.sql").write_bytes(SETTINGS)
    stack = FakeStack(FakeShell(dict(LISTED)))
    pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    assert stack.the_shell.inputs[-2:] == [None, SETTINGS]
    assert {"ON_ERROR_STOP=1", "--single-transaction"} <= set(stack.the_shell.commands[-1])


@pytest.mark.parametrize("settings", [b"", SETTINGS[:20], SETTINGS[:46], SETTINGS[:-1]])
def test_file_of_settings_that_was_cut_short_is_never_run(tmp_path: Path, settings: bytes) -> None:
    (tmp_path / "roles.sql").write_bytes(TRAILER)
    (tmp_path / "settings.sql").write_bytes(settings)
    stack = FakeStack(FakeShell(dict(LISTED)))
    with pytest.raises(CommandFailed, match=r"settings\.sql of it was cut short"):
        pg_dump.restore(restore_access(stack, tmp_path, "postgresql", SHOP, {}))
    assert stack.the_shell.programs == ["pg_restore", "psql"]


def test_restore_without_its_roles_is_a_failure_of_the_backup(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        pg_dump.restore(restore_access(FakeStack(FakeShell(LISTED)), tmp_path, "postgresql", SHOP, {}))


# ---------------------------------------------------------------- tar

TREE = {"path": "/srv/tree"}


def archive(folder: Path, *members: tuple[str, bytes, str]) -> None:
    """Members: name, type, name of the link's target."""
    with tarfile.open(folder / tar.ARCHIVE, "w") as made:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            made.addfile(info, BytesIO())


@pytest.mark.parametrize(
    ("code", "said", "good"),
    [
        (0, "", True),
        (1, "tar: ./log: file changed as we read it\n", True),
        (1, "tar: ./x: File removed before we read it\n", True),
        (1, "tar: ./mnt/: file is on a different filesystem; not dumped\n", True),
        (1, "tar: ./run/s: socket ignored\n", True),
        (1, "tar: ./file changed as we read it: Cannot stat: Permission denied\n", False),
        (1, "tar: ./socket ignored/x: Cannot stat: Permission denied\n", False),
        (1, "tar: ./File shrank by 1 byte; padding with zeros: Cannot stat: Permission denied\n", False),
        (1, "tar: ./x: File shrank by 7 bytes\n", False),
        (1, "tar: ./x: Cannot stat: Permission denied\n", False),
        (2, "tar: ./log: file changed as we read it\n", False),
        (2, "tar: ./x: Cannot open: Permission denied\ntar: Exiting with failure status\n", False),
        (0, "tar: ./x: Read error at byte 0\n", False),
    ],
)
def test_tar_may_only_say_that_a_file_changed(tmp_path: Path, code: int, said: str, good: bool) -> None:
    stack = FakeStack(FakeShell({("--create",): (code, "tar (GNU tar) 1.34\n", said)}))
    access = backup_access(stack, tmp_path, "file_tree", TREE, exclude=["./cache"])
    if good:
        facts = tar.backup(access)
        assert (facts["tool"], facts["excluded"]) == ("tar (GNU tar) 1.34", ["./cache"])
    else:
        with pytest.raises(CommandFailed):
            tar.backup(access)


def test_members_of_an_archive_are_not_kept(tmp_path: Path) -> None:
    """A portal may have millions of files; of each tarfile would keep half a kilobyte."""
    archive(tmp_path, *((f"./{number}", tarfile.REGTYPE, "") for number in range(1000)))
    with tar._opened(restore_access(FakeStack(), tmp_path, "file_tree", TREE, {})) as members:
        assert sum(1 for _ in itertools.islice(members, 999)) == 999
        assert sum(isinstance(one, tarfile.TarInfo) for one in gc.get_objects()) < 10
        assert [member.name for member in members] == ["./999"]


PADDED = (
    ClassRule(match="cache/keep", item_class=ItemClass.STATE, reason="no cache"),
    ClassRule(match="cache/**", item_class=ItemClass.DISPOSABLE, reason="a cache"),
    ClassRule(match="index/*", item_class=ItemClass.REBUILDABLE, reason="an index"),
    ClassRule(match="*.log", item_class=ItemClass.APPEND, reason="a log"),
    ClassRule(match="number", item_class=ItemClass.MONOTONE, reason="a number"),
    ClassRule(match="rewired", item_class=ItemClass.REWRITTEN, reason="rewired"),
    ClassRule(match="canary", item_class=ItemClass.CANARY, reason="written by the drill"),
    ClassRule(match="\udcff.tmp", item_class=ItemClass.DISPOSABLE, reason="no UTF-8"),
    ClassRule(match="with\nline", item_class=ItemClass.DISPOSABLE, reason="a newline"),
)


ALSO = "tar: ./cache/y: File shrank by 1 byte; padding with zeros\n"


def padded(name: str, links: tuple[tuple[str, bytes, str], ...], folder: Path, said: str = "") -> dict[str, Any]:
    """A backup of which tar says, as GNU tar 1.34 writes names, that it padded a file."""
    archive(folder, *links)
    said += f"tar: ./{name}: File shrank by 280963328 bytes; padding with zeros\n"
    access = backup_access(FakeStack(FakeShell({("--create",): (1, "tar", said)})), folder, "file_tree", TREE)
    return tar.backup(replace(access, component=access.component.model_copy(update={"classes": PADDED})))


@pytest.mark.parametrize(
    "name", ["cache/x", "index/x", "app.log", "cache/a b", r"cache/a\:b", r"cache/\303\244", "cache/ä", r"cache/\\n",
             r"\377.tmp", r"with\nline"],
)  # fmt: skip
def test_tar_may_pad_what_no_copy_is_held_to_in_full(tmp_path: Path, name: str) -> None:
    assert len(padded(name, (), tmp_path)["warnings"]) == 1
    assert (
        len(padded(name, (), tmp_path, "tar: ./cache/y: File shrank by 1 byte; padding with zeros\n")["warnings"]) == 2
    )


@pytest.mark.parametrize(
    "name",
    ["settings.xml", "cache/keep", "index/deep/x", "number", "rewired", "canary", "logs/app.log", "cache",
     r"\303\277.tmp", r"with\\nline", r"settings.xml\ntar\: ./cache/x", r"settings.xml\: file changed as we read it",
     "settings.xml\ntar: ./cache/x", "cache/a:b", "cache/\ufffd", "settings.xml: File shrank by 1 byte: ./cache/x"],
)  # fmt: skip
def test_tar_that_padded_a_judged_file_or_one_that_cannot_be_told_fails_the_backup(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandFailed) as raised:
        padded(name, (), tmp_path, ALSO)
    assert name.splitlines()[0] in str(raised.value)
    assert "cache/y" not in str(raised.value)


@pytest.mark.parametrize(
    ("link", "first", "good"),
    [("cache/y", "cache/x", True), ("settings.xml", "cache/y", True), ("settings.xml", "cache/x", False)],
)
def test_padded_file_is_judged_by_its_hard_links_too(tmp_path: Path, link: str, first: str, good: bool) -> None:
    links = ((f"./{first}", tarfile.REGTYPE, ""), (f"./{link}", tarfile.LNKTYPE, f"./{first}"))
    if good:
        assert padded("cache/x", links, tmp_path)["warnings"]
    else:
        with pytest.raises(CommandFailed, match="cache/x: File shrank"):
            padded("cache/x", links, tmp_path)


@pytest.mark.parametrize(("code", "error"), [(1, CouldNotAsk), (2, CommandFailed)])
def test_tar_that_says_more_than_is_kept_may_have_said_anything(
    tmp_path: Path, code: int, error: type[Exception]
) -> None:
    class Cut(FakeShell):
        def run(self, argv: Sequence[str], **how: Any) -> CommandResult:
            return replace(super().run(argv, **how), truncated=True)

    stack = FakeStack(Cut({("--create",): (code, "tar", "tar: ./cache/x: file changed as we read it\n")}))
    with pytest.raises(error):
        tar.backup(backup_access(stack, tmp_path, "file_tree", TREE))


@pytest.mark.parametrize(
    "member",
    [("../out", tarfile.REGTYPE, ""), ("/etc/passwd", tarfile.REGTYPE, ""), ("a/../../out", tarfile.REGTYPE, ""),
     ("a", tarfile.LNKTYPE, "../../etc/shadow"), ("a", tarfile.LNKTYPE, "/etc/shadow")],
)  # fmt: skip
def test_archive_that_leaves_the_tree_is_refused_before_anything_is_removed(tmp_path: Path, member: Any) -> None:
    archive(tmp_path, ("./good", tarfile.REGTYPE, ""), member)
    stack = FakeStack()
    with pytest.raises(CommandFailed, match="leaves the tree"):
        tar.restore(restore_access(stack, tmp_path, "file_tree", TREE, {}))
    assert stack.the_shell.commands == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_archive_with_a_member_below_a_link_is_refused_if_it_would_be_written_through_it(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    members = (("./link", tarfile.SYMTYPE, "/etc"), ("./link/deep/passwd", tarfile.REGTYPE, ""))
    archive(tmp_path, *(members[i] for i in order))
    access = restore_access(stack := FakeStack(), tmp_path, "file_tree", TREE, {})
    if order == (0, 1):
        with pytest.raises(CommandFailed, match="below a symbolic link"):
            tar.restore(access)
        assert stack.the_shell.commands == []
    else:  # the folder stands already: tar says so itself
        tar.restore(access)
        assert stack.the_shell.programs[-1] == "tar"


def test_link_that_leaves_the_tree_is_restored_as_it_was(tmp_path: Path) -> None:
    archive(tmp_path, ("./link", tarfile.SYMTYPE, "/etc/hostname"))
    stack = FakeStack()
    tar.restore(restore_access(stack, tmp_path, "file_tree", TREE, {}))
    assert stack.the_shell.programs[-1] == "tar"
    assert stack.the_shell.commands[0][-1] == "/srv/tree"


@pytest.mark.parametrize("content", [None, b"", b"no archive" * 200])
def test_archive_that_cannot_be_read_is_a_failure(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / tar.ARCHIVE).write_bytes(content)
    with pytest.raises(CommandFailed):
        tar.restore(restore_access(FakeStack(), tmp_path, "file_tree", TREE, {}))


@pytest.mark.parametrize("answer", [(2, "", "tar: Unexpected EOF in archive"), (0, "", "tar: a lone zero block at 7")])
def test_tar_that_says_anything_while_unpacking_is_not_believed(tmp_path: Path, answer: Answer) -> None:
    archive(tmp_path, ("./a", tarfile.REGTYPE, ""))
    with pytest.raises(CommandFailed):
        tar.restore(restore_access(FakeStack(FakeShell({("--extract",): answer})), tmp_path, "file_tree", TREE, {}))


# ---------------------------------------------------------------- git_bundle, command


class LocalShell(FakeShell):
    """Runs its commands on this host."""

    def run(self, argv: Sequence[str], **given: Any) -> CommandResult:
        environment = {**os.environ, **(given.get("environment") or {})}
        said = subprocess.run(list(argv), capture_output=True, env=environment, check=False)
        return CommandResult(tuple(argv), said.returncode, said.stdout, said.stderr, False, 0.1)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    ran = subprocess.run(["git", *identity, "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits and a tag; the artefact lies where no container is needed."""
    monkeypatch.setattr(git_bundle, "BUNDLE", str(tmp_path / "repository.bundle"))
    made = tmp_path / "made"
    made.mkdir()
    git(made, "init", "--quiet")
    for number in (1, 2):
        (made / "file").write_text(str(number))
        git(made, "add", ".")
        git(made, "commit", "--quiet", "-m", f"change {number}")
    git(made, "tag", "release")
    return made


def test_shallow_clone_is_refused(tmp_path: Path, repository: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.as_uri(), "shallow")
    place = {"path": str(tmp_path / "shallow" / ".git")}
    with pytest.raises(CommandFailed, match="LR-30"):
        git_bundle.backup(backup_access(FakeStack(LocalShell({})), tmp_path, "git", place))
    assert not (tmp_path / "repository.bundle").exists()


def test_repository_whose_head_names_a_branch_without_a_commit_comes_back(tmp_path: Path, repository: Path) -> None:
    """As one that was made for `master` and got `main`."""
    git(repository, "symbolic-ref", "HEAD", "refs/heads/master")
    stack, path = FakeStack(LocalShell({})), tmp_path / "restored.git"
    facts = git_bundle.backup(backup_access(stack, tmp_path, "git", {"path": str(repository / ".git")}))
    git_bundle.restore(restore_access(stack, tmp_path, "git", {"path": str(path)}, facts))
    for what in (("symbolic-ref", "HEAD"), ("show-ref",)):
        assert git(path, *what) == git(repository, *what)


@pytest.mark.parametrize("detached", [False, True])
def test_repository_comes_back_with_its_head_detached_or_not(tmp_path: Path, repository: Path, detached: bool) -> None:
    if detached:
        git(repository, "checkout", "--quiet", "--detach", "HEAD~1")
    stack, path = FakeStack(LocalShell({})), tmp_path / "restored.git"
    facts = git_bundle.backup(backup_access(stack, tmp_path, "git", {"path": str(repository / ".git")}))
    assert facts["head"] == (git(repository, "rev-parse", "HEAD") if detached else "refs/heads/main")
    assert (facts["owner"], facts["refs"]) == (f"{os.getuid()}:{os.getgid()}", 3)
    assert str(facts["tool"]).startswith("git version ")
    path.mkdir()
    (path / "left over").write_text("from another repository")
    git_bundle.restore(restore_access(stack, tmp_path, "git", {"path": str(path)}, facts))
    assert not (path / "left over").exists()
    for what in (["show-ref"], ["rev-parse", "HEAD"], ["rev-parse", "--abbrev-ref", "HEAD"]):
        assert git(path, *what) == git(repository, *what)
    assert not git(path, "remote")


def test_linked_working_trees_are_no_refs_of_a_clone(tmp_path: Path, repository: Path) -> None:
    """A bundle lists the HEAD of each, and no clone has it."""
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "deployed")
    stack, path = FakeStack(LocalShell({})), tmp_path / "restored.git"
    facts = git_bundle.backup(backup_access(stack, tmp_path, "git", {"path": str(repository / ".git")}))
    assert "worktrees/linked/HEAD" in git(tmp_path, "bundle", "list-heads", str(tmp_path / "repository.bundle"))
    git_bundle.restore(restore_access(stack, tmp_path, "git", {"path": str(path)}, facts))
    assert git(path, "show-ref") == git(repository, "show-ref")
    lost = {**facts, "refs_sha256": "0" * 64}
    with pytest.raises(CommandFailed, match="other refs than when it was made"):
        git_bundle.restore(restore_access(stack, tmp_path, "git", {"path": str(path)}, lost))
    assert f"{path.stat().st_mode & 0o7777:o}" == facts["mode"]


def test_bundle_of_another_day_is_a_failure(tmp_path: Path, repository: Path) -> None:
    """Whatever was pushed while it was made: it has other refs than when it was made."""
    stack, place = FakeStack(LocalShell({})), {"path": str(repository / ".git")}
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    git_bundle.backup(backup_access(stack, tmp_path, "git", place))
    old = (tmp_path / "repository.bundle").read_bytes()
    (repository / "file").write_text("pushed")
    git(repository, "commit", "--quiet", "-a", "-m", "pushed")
    facts = git_bundle.backup(backup_access(stack, tmp_path, "git", place))
    access = restore_access(stack, tmp_path, "git", {"path": str(tmp_path / "restored.git")}, facts)
    git_bundle.restore(access)
    (tmp_path / "repository.bundle").write_bytes(old)
    with pytest.raises(CommandFailed, match="the bundle has other refs than when it was made"):
        git_bundle.restore(access)


def test_damaged_bundle_is_a_failure(tmp_path: Path, repository: Path) -> None:
    stack = FakeStack(LocalShell({}))
    facts = git_bundle.backup(backup_access(stack, tmp_path, "git", {"path": str(repository / ".git")}))
    bundle = tmp_path / "repository.bundle"
    bundle.write_bytes(bundle.read_bytes()[:-30])
    with pytest.raises(CommandFailed):
        git_bundle.restore(restore_access(stack, tmp_path, "git", {"path": str(tmp_path / "restored.git")}, facts))


def test_own_command_that_fails_is_a_failure(tmp_path: Path) -> None:
    stack = FakeStack(FakeShell({("save",): (3, "", "disk full")}))
    access = backup_access(stack, tmp_path, "git", {"path": "/srv/git"}, backup=["save"], restore=["load"])
    with pytest.raises(CommandFailed, match="save exited with 3: disk full"):
        command.backup(access)


def test_own_command_gets_the_environment_of_its_service(tmp_path: Path) -> None:
    stack = FakeStack()
    engine = {"backup": ["save"], "restore": ["load", "all"]}
    command.restore(restore_access(stack, tmp_path, "git", {"path": "/srv/git"}, {}, **engine))
    assert stack.the_shell.commands == [("load", "all")]
    assert stack.the_shell.environments == [{"POSTGRES_PASSWORD": PASSWORD}]


SECRET, PLACE, VARIABLE = "Schlüssel-4711", "${file:/etc/portal-drill/backup.key}", "${env:BACKUP_PASSPHRASE}"
KEYED: dict[str, Any] = {
    "backup": ["save"],
    "restore": ["load"],
    "keys": {"backup.key": PLACE, "passphrase": VARIABLE},
}
HALVES = ["backup", "restore"]


def run_command(half: str, stack: FakeStack, tmp_path: Path) -> None:
    place = {"path": "/srv/git"}
    if half == "backup":
        command.backup(backup_access(stack, tmp_path, "git", place, **KEYED))
    else:
        command.restore(restore_access(stack, tmp_path, "git", place, {}, **KEYED))


@pytest.mark.parametrize("half", HALVES)
def test_keys_are_laid_into_memory_before_the_command_and_stand_in_no_command_line(tmp_path: Path, half: str) -> None:
    stack = FakeStack()
    stack.places = {PLACE: SECRET, VARIABLE: "of env"}
    run_command(half, stack, tmp_path)
    shell = stack.the_shell
    assert shell.programs == ["sh", "sh", "save" if half == "backup" else "load"]
    assert [argv[-2:] for argv in shell.commands[:2]] == [(command.KEYS, "backup.key"), (command.KEYS, "passphrase")]
    assert shell.inputs == [SECRET.encode(), b"of env", None]
    assert shell.environments == [{}, {}, {"POSTGRES_PASSWORD": PASSWORD}]
    assert not any(SECRET in word for argv in shell.commands for word in argv)


@pytest.mark.parametrize("half", HALVES)
def test_key_that_is_not_at_its_place_is_a_failure_before_anything_is_run(tmp_path: Path, half: str) -> None:
    stack = FakeStack()
    stack.places = {PLACE: NotThere(f"{PLACE} is an empty file")}
    said = f"the key backup.key is not at its place {PLACE}: nobody can read this backup without it (GEN-D24)"
    with pytest.raises(CommandFailed, match=re.escape(f"{said}; {PLACE} is an empty file")):
        run_command(half, stack, tmp_path)
    assert stack.the_shell.commands == []


@pytest.mark.parametrize("half", HALVES)
def test_place_of_a_key_that_cannot_be_asked_is_no_failure(tmp_path: Path, half: str) -> None:
    stack = FakeStack()
    stack.places = {VARIABLE: HarnessBroken("permission denied")}
    with pytest.raises(CouldNotAsk, match=r"the key passphrase is at its place .* cannot be told: permission denied"):
        run_command(half, stack, tmp_path)
    assert stack.the_shell.commands == []


@pytest.mark.parametrize("half", HALVES)
def test_key_that_cannot_be_laid_into_memory_is_no_failure_and_nothing_is_run(tmp_path: Path, half: str) -> None:
    stack = FakeStack(FakeShell({("backup.key",): (1, "", "/dev/shm/keys is not in memory")}))
    with pytest.raises(CouldNotAsk, match=r"the key backup\.key could not be laid .* is not in memory"):
        run_command(half, stack, tmp_path)
    assert stack.the_shell.programs == ["sh"]


def test_key_is_written_into_memory_alone_and_for_root_alone(tmp_path: Path) -> None:
    def lay(folder: Path) -> subprocess.CompletedProcess[bytes]:
        argv = ["sh", "-c", command._LAY, "sh", str(folder), "backup.key"]
        return subprocess.run(argv, input=SECRET.encode(), capture_output=True, check=False)

    memory = Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        assert lay(memory / "keys").returncode == 0
        key = memory / "keys" / "backup.key"
        assert (key.read_text(), f"{key.stat().st_mode & 0o7777:o}") == (SECRET, "400")
    finally:
        shutil.rmtree(memory)
    said = lay(Path("/proc"))  # of a kind that is no memory, wherever this runs
    assert (said.returncode, said.stderr) == (1, b"/proc is not in memory\n")


# ---------------------------------------------------------------- snapshot

INDICES = {"indices": ["shop-*"]}


def opensearch(**changes: Any) -> FakeHttp:
    """One index; `changes` are parts of what the server says of a snapshot or a restore."""
    good = {"state": "SUCCESS", "shards": {"total": 1, "failed": 0, "successful": 1}, "failures": [], "indices": ["s"]}

    def answer(method: str, path: str) -> HttpReply:
        body: Any = {}
        if path.endswith(("/snapshot", "/_restore")):
            body = {"snapshot": good | changes, "snapshots": [good | changes.get("asked", {})]}
        elif path.endswith("/_count"):
            body = {"count": 7, "_shards": {"failed": changes.get("silent_shards", 0)}}
        elif "/_cluster/health" in path:
            body = {"status": changes.get("health", "green")}
        elif path == "/":
            body = {"version": {"number": "2.19.6"}}
        elif "/_alias" in path or "/_cat" in path or "/_resolve" in path:
            body = {}
        return HttpReply(200, {}, json.dumps(body).encode())

    return FakeHttp(answer)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "PARTIAL"},
        {"shards": {"total": 2, "failed": 1, "successful": 1}},
        {"failures": ["s"]},
        {"indices": []},
    ],
)
def test_snapshot_that_is_not_whole_is_refused_whatever_its_status(tmp_path: Path, changes: dict[str, Any]) -> None:
    stack = FakeStack(http=opensearch(**changes))
    access = backup_access(stack, tmp_path, "opensearch", INDICES, repository_path="/var/snapshots")
    with pytest.raises(CommandFailed):
        snapshot.backup(access)


@pytest.mark.parametrize(
    "shards", [{"total": 2, "failed": 1, "successful": 1}, {"total": 2, "failed": 0, "successful": 1}]
)
def test_restore_of_which_a_shard_failed_is_refused_whatever_its_status(tmp_path: Path, shards: dict[str, int]) -> None:
    stack = FakeStack(http=opensearch(shards=shards))
    facts = {"snapshot": "snapshot", "indexes": ["s"]}
    with pytest.raises(CommandFailed, match="answered 200"):
        snapshot.restore(
            restore_access(stack, tmp_path, "opensearch", INDICES, facts, repository_path="/var/snapshots")
        )


def test_cleaning_up_that_fails_hides_no_refusal_and_is_done_to_its_end(tmp_path: Path) -> None:
    http = opensearch(shards={"total": 2, "failed": 1, "successful": 1})
    sound = http.answer

    def answer(method: str, path: str) -> HttpReply:
        if method == "DELETE" and path.startswith("/_snapshot/"):
            raise CouldNotAsk("the server is gone")
        return sound(method, path)

    http.answer = answer
    stack = FakeStack(http=http)
    access = restore_access(
        stack, tmp_path, "opensearch", INDICES, {"snapshot": "snapshot", "indexes": ["s"]}, repository_path="/var/snap"
    )
    with pytest.raises(CommandFailed, match="answered 200"):
        snapshot.restore(access)
    assert stack.the_shell.programs[-1] == "rm"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"asked": {"state": "PARTIAL"}}, "the snapshot is PARTIAL"),
        ({"asked": {"failures": ["shard 0"]}}, "failures"),
        ({"asked": {"indices": ["s2"]}}, "was of s, which it does not hold"),
        ({"indices": []}, "was of s, which it does not hold"),
    ],
)
def test_snapshot_of_something_else_is_not_restored(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    http = opensearch(**changes)
    facts = {"snapshot": "snapshot", "indexes": ["s"]}
    with pytest.raises(CommandFailed, match=said):
        snapshot.restore(
            restore_access(
                FakeStack(http=http), tmp_path, "opensearch", INDICES, facts, repository_path="/var/snapshots"
            )
        )
    restored = [path for method, path in http.requests if path.endswith("/_restore")]
    assert bool(restored) is ("asked" not in changes)
