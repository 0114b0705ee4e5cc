"""Whom services run as and what they may do: seen through shells, judged from hand-written observations."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes import Answer, FakeShell, FakeStack
from test_checks import AT, drill, plan, point

from harness.errors import CouldNotAsk
from harness.kinds.checks import permissions
from harness.kinds.checks._processes import _LOOK, processes, users_of, users_seen
from harness.kinds.checks._tree_access import Before, tree_access
from harness.kinds.contracts import CheckAccess, ComponentAccess, Judgement, Record, Script
from harness.model.drill import Component, Service
from harness.model.evidence import AT_SOURCE, Evidence, Observation
from harness.model.inventory import ClassRule, Difference, ItemClass, Named
from harness.model.plan import Plan
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
PASSWD = "root:x:0:0:root:/root:/bin/sh\nliferay:x:1000:1000::/opt/liferay:/bin/sh\n"


def status(pid: int, parent: int, name: str, user: int = 1000, group: int | None = None) -> str:
    group = user if group is None else group
    return f"Name:\t{name}\nPid:\t{pid}\nPPid:\t{parent}\nUid:\t0\t{user}\t0\t0\nGid:\t0\t{group}\t0\t0\n"


def looks(*found: str) -> Answer:
    """What a service's container says at two looks alike."""
    return 0, "\0".join(("".join(found), "".join(found), PASSWD)), ""


INIT = status(1, 0, "docker-init", 0)


# ---------------------------------------------------------------- processes


def test_init_and_commands_from_outside_are_no_processes_of_the_service() -> None:
    of_the_harness = [status(90, 0, "sh", 0), status(91, 90, "cat", 0)]
    found = processes("".join((INIT, status(7, 1, "gunicorn"), status(8, 7, "gunicorn"), *of_the_harness)))
    assert sorted(found) == [7, 8]


def test_service_without_an_init_is_process_one() -> None:
    assert sorted(processes(status(1, 0, "postgres", 5432) + status(20, 1, "postgres", 5432))) == [1, 20]


@pytest.mark.parametrize("found", [[], [INIT], [status(90, 0, "cat", 0)], ["Name:\tcut off\nPid:\t7\n"]])
def test_service_of_which_no_process_is_seen_is_no_answer(found: list[str]) -> None:
    with pytest.raises(CouldNotAsk, match="no process"):
        processes("".join(found))


def test_process_of_a_moment_says_nothing() -> None:
    earlier, later = (INIT + status(7, 1, "gunicorn") + status(pid, 7, "helper", 0) for pid in (30, 31))
    users = users_seen(FakeShell({("sh",): (0, "\0".join((earlier, later, PASSWD)), "")}))
    assert (users.main, users.users, users.names) == ("1000:1000", ("1000:1000",), {"1000:1000": "liferay"})


def test_command_stands_in_for_the_service_with_its_groups() -> None:
    """With the group that the container gives anyway, the engine adds the others by itself."""
    for found, command in ((status(7, 1, "x"), "1000"), (status(7, 1, "x", 1000, 50), "1000:50")):
        seen = processes(INIT + found)
        assert users_of(seen, seen, PASSWD).for_command == command
    unknown = processes(INIT + status(7, 1, "x", 4711))
    assert users_of(unknown, unknown, "").for_command == "4711:4711"


def test_look_that_was_cut_short_is_no_answer() -> None:
    for said in ("", INIT + status(7, 1, "x"), INIT + status(7, 1, "x") + "\0" + INIT):
        with pytest.raises(CouldNotAsk):
            users_seen(FakeShell({("sh",): (0, said, "")}))


def test_two_looks_are_taken_by_one_command_of_any_shell() -> None:
    """By this machine's own: processes of others, a moment apart, and the names of users."""
    before, after, passwd = b"".join(LocalShell({}).stream(["sh", "-c", _LOOK], timeout_s=9)).decode().split("\0")
    assert all(re.search(r"^Name:\s.*^Pid:\s.*^PPid:\s.*^Uid:\s", text, re.M | re.S) for text in (before, after))
    assert passwd.startswith("root:")


def test_worker_of_a_server_that_starts_as_root_stands_in_for_it() -> None:
    found = processes(INIT + status(7, 1, "nginx", 0) + "".join(status(n, 7, "nginx", 1000) for n in (8, 9)))
    users = users_of(found, found, PASSWD)
    assert (users.main, users.users, users.for_command, users.is_root) == ("0:0", ("0:0", "1000:1000"), "1000", False)


# ---------------------------------------------------------------- trees, by real shells


class LocalShell(FakeShell):
    """Runs the commands on this host, as a user who is not root."""

    def stream(self, argv: Sequence[str], *, user: str | None = None, timeout_s: float) -> Iterator[bytes]:
        as_user: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        yield subprocess.run(list(argv), stdout=subprocess.PIPE, check=False, **as_user).stdout


@pytest.fixture
def tree() -> Iterator[Path]:
    """A folder that another user can reach, with a file, a script, a folder and a link."""
    top = Path(tempfile.mkdtemp(prefix="portal-drill-"))
    root = top / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "run me\n.sh").write_text("#!/bin/sh\n")
    (root / "data").mkdir()
    (root / "data" / "a.txt").write_text("a")
    (root / "link").symlink_to("nowhere")
    for path in (top, *root.rglob("*"), root):
        if not path.is_symlink():
            path.chmod(0o777 if path.is_dir() else 0o644)
    (root / "bin" / "run me\n.sh").chmod(0o755)
    yield root
    for path in root.rglob("*"):
        if path.is_dir():
            path.chmod(0o777)
    shutil.rmtree(top)


def seen_of(tree: Path, before: Any = None, classes: tuple[ClassRule, ...] = ()) -> dict[str, Any]:
    one = Component(
        name="home", kind="file_tree", service="web", engine="tar", options={"path": str(tree)}, classes=classes
    )
    data = tree_access(ComponentAccess(one, FakeStack(LocalShell({}))), "1000", Before.of(before))
    assert isinstance(data, dict)
    return data


def test_tree_that_is_as_it_was_has_lost_nothing(tree: Path) -> None:
    before = seen_of(tree)
    assert (before["files"], before["directories"]) == (2, 3)
    assert before["executable"] == {"count": 1, "first": ["bin/run me\n.sh"]}
    assert (before["unreadable"]["count"], before["unwritable"]["count"]) == (0, 0)
    lost = seen_of(tree, before)["lost"]
    assert {kind: part["count"] for kind, part in lost.items()} == {"unreadable": 0, "unwritable": 0, "executable": 0}


@pytest.mark.parametrize(
    ("path", "mode", "kind", "names"),
    [
        ("data/a.txt", 0o000, "unreadable", ["data/a.txt"]),
        ("data", 0o555, "unwritable", ["data"]),
        ("data", 0o666, "unreadable", ["data", "data/a.txt"]),
        ("bin/run me\n.sh", 0o644, "executable", ["bin/run me\n.sh"]),
        (".", 0o555, "unwritable", ["."]),
        (".", 0o000, "unreadable", ["."]),
    ],
)
def test_what_the_user_can_no_longer_do_is_named(tree: Path, path: str, mode: int, kind: str, names: list[str]) -> None:
    before = seen_of(tree)
    (tree / path).chmod(mode)
    try:
        assert seen_of(tree, before)["lost"][kind] == {"count": len(names), "first": names}
    finally:
        tree.chmod(0o777)


def test_what_it_could_not_do_before_is_no_loss(tree: Path) -> None:
    (tree / "data").chmod(0o555)
    (tree / "data" / "a.txt").chmod(0o000)
    before = seen_of(tree)
    lost = seen_of(tree, before)["lost"]
    assert {kind: part["count"] for kind, part in lost.items()} == {"unreadable": 0, "unwritable": 0, "executable": 0}


def test_files_that_come_and_go_are_left_out(tree: Path) -> None:
    before = seen_of(tree)
    (tree / "data" / "b.pid").write_text("7")
    (tree / "data" / "b.pid").chmod(0o000)
    rule = ClassRule(match="data/*.pid", item_class=ItemClass.DISPOSABLE, reason="a pid")
    assert seen_of(tree, before, (rule,))["lost"]["unreadable"]["count"] == 0
    assert seen_of(tree, before)["lost"]["unreadable"]["count"] == 1


def test_names_beyond_those_that_were_kept_are_not_judged() -> None:
    before = Before.of({"unreadable": {"count": 3, "first": ["a", "m"]}, "unwritable": {"count": 0, "first": []}})
    assert before is not None
    lost = [name for name in (b"a", b"b", b"m", b"n") if before.lost("unreadable", name)]
    assert lost == [b"b"]
    assert before.lost("unwritable", b"z")


@pytest.mark.parametrize("data", [None, {}, {"reason": "gone"}, {"root": True}])
def test_source_that_was_not_looked_at_makes_no_loss(data: Any) -> None:
    assert Before.of(data) is None


@pytest.mark.parametrize("said", ["", "no find here"])
def test_tree_that_could_not_be_listed_is_no_answer(said: str) -> None:
    one = Component(name="home", kind="file_tree", service="web", engine="tar", options={"path": "/opt"})
    with pytest.raises(CouldNotAsk):
        tree_access(ComponentAccess(one, FakeStack(FakeShell({("sh",): (0, said, "")}))), "1000", None)


# ---------------------------------------------------------------- observing


class WithScript:
    SCRIPTS = (Script("web", ("/opt/list.sh",)),)


def looked(answers: dict[tuple[str, ...], Answer | Exception], portal: Any = WithScript) -> dict[str, Any]:
    home = Component(name="home", kind="file_tree", service="web", engine="tar", options={"path": "/opt"})
    nothing: Any = None
    access = CheckAccess(
        drill=drill(home),
        plan=Plan(drill="shop", components=(home,), services=(Service(name="web", image="i"),), capture=(), recover=()),
        stack=FakeStack(FakeShell(answers)),
        portal=nothing,
        portal_kind=portal,
        component_kinds={},
        restore_point=point({}),
        canaries=(),
        differences={},
    )
    data = permissions.observe(access, permissions.Options())
    assert isinstance(data, dict)
    return data


def test_service_that_does_not_run_is_said_with_its_reason() -> None:
    data = looked({("sh",): CouldNotAsk("sandbox/web is not running")})
    assert data["services"] == {"web": {"reason": "sandbox/web is not running"}}
    assert data["trees"] == {"home": {"reason": "it is not known whom web runs as"}}
    assert data["scripts"][0]["exit_code"] is None


def test_service_that_runs_as_root_hides_what_it_may() -> None:
    data = looked({("sh",): looks(INIT, status(7, 1, "x", 0))})
    assert data["trees"] == {"home": {"root": True}}


def test_script_is_executed_directly_and_its_answer_kept() -> None:
    said = "OCI runtime exec failed: permission denied"
    answers: dict[tuple[str, ...], Answer | Exception] = {
        ("/opt/list.sh",): (126, said, ""),
        ("list",): (0, "drwx .\0", ""),
        ("sh",): looks(INIT, status(7, 1, "x")),
    }
    assert looked(answers)["scripts"] == [{"name": "/opt/list.sh", "exit_code": 126, "said": said}]
    assert looked(answers, portal=object())["scripts"] == []


# ---------------------------------------------------------------- judging


def users(main: str = "1000:1000", *more: str) -> dict[str, Any]:
    return {"main": main, "users": sorted({main, *more}), "names": {"1000:1000": "liferay", "0:0": "root"}}


NONE = {"count": 0, "first": []}
WAS = {"files": 3, "directories": 2, "unreadable": NONE, "unwritable": NONE, "executable": NONE}


def tree_now(**lost: list[str]) -> dict[str, Any]:
    parts = {kind: {"count": 0, "first": []} for kind in ("unreadable", "unwritable", "executable")}
    parts |= {kind: {"count": len(names), "first": names} for kind, names in lost.items()}
    return {"files": 3, "directories": 2, "lost": parts, "bounded": []}


def script(code: int | None, said: str = "") -> dict[str, Any]:
    return {"name": "/opt/list.sh", "exit_code": code, "said": said}


def seen(web: Any, home: Any, *scripts: Any) -> dict[str, Any]:
    return {"services": {"web": web}, "trees": {"home": home}, "scripts": list(scripts)}


HOME = Component(name="home", kind="file_tree", service="web", engine="tar", options={"path": "/opt"})
BEFORE, NOW = seen(users(), WAS, script(0)), seen(users(), tree_now(), script(0))


def judged(before: Any = BEFORE, now: Any = NOW, differences: Any = None, *, rebuilt: bool = False) -> Judgement:
    lines = [Observation(name="permissions", data=before, at=AT, subject=AT_SOURCE)] if before is not None else []
    here = [Observation(name="permissions", data=now, at=AT)] if now is not None else []
    found = {"home": difference()} if differences is None else differences
    within = drill(HOME, restore_strategy={"home": "rebuild"}) if rebuilt else drill(HOME)
    of = point({"home": (1,)}, tuple(lines))
    record = Record(within, plan((HOME,)), of, Evidence(lines=tuple(here), complete=True, sha256=""), False, found)
    return permissions.judge(record, permissions.Options())


def difference(*attributes: str) -> Difference:
    named = Named(count=len(attributes), first=attributes)
    return Difference(component="home", source_count=9, restored_count=9, attributes=named, changed=named)


def test_same_users_modes_and_scripts_pass() -> None:
    result = judged()
    assert result.outcome is PASS
    assert "web runs as liferay (1000:1000)" in result.found
    assert "5 files and directories" in result.found


def test_mode_that_differs_fails_by_name_even_if_nobody_looked_at_the_portal() -> None:
    for now in (NOW, None):
        result = judged(now=now, differences={"home": difference("bin (mode 0755 → 0700)")})
        assert (result.outcome, result.items.first) == (FAIL, ("home: bin (mode 0755 → 0700)",))


def test_count_of_many_is_of_all_of_them() -> None:
    many = Difference(
        component="home", source_count=9, restored_count=9, attributes=Named(count=300, first=("a (mode 1 → 2)",))
    )
    assert judged(differences={"home": many}).items.count == 300


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (seen(users("0:0"), {"root": True}, script(0)), "web runs as root (0:0), at the source as liferay (1000:1000)"),
        (seen(users("1000:1000", "0:0"), tree_now(), script(0)), "web has processes of root (0:0)"),
        (seen(users(), tree_now(unwritable=["logs", "temp"]), script(0)), "can no longer write into logs and 1 more"),
        (seen(users(), tree_now(unreadable=["key"]), script(0)), "can no longer read key"),
        (seen(users(), tree_now(executable=["x.sh"]), script(0)), "cannot execute x.sh"),
        (seen(users(), tree_now(), script(126, "denied")), "/opt/list.sh does not run: cannot be executed with 126"),
        (seen(users(), tree_now(), script(1, "no such folder")), "/opt/list.sh does not run: ended with 1: no such"),
    ],
)
def test_less_than_at_the_source_fails(now: Any, found: str) -> None:
    result = judged(now=now)
    assert result.outcome is FAIL
    assert found in "\n".join(result.items.first)


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (None, NOW, "at the source"),
        (BEFORE, None, "after the restore"),
        (seen({"reason": "gone"}, WAS, script(0)), NOW, "web: whom it runs as at the source is not known: gone"),
        (BEFORE, seen({"reason": "gone"}, {"reason": "gone"}, script(0)), "as after the restore is not known: gone"),
        (seen(users(), {"reason": "no shell"}, script(0)), NOW, "home: what the service can do .* not known: no shell"),
        (BEFORE, seen(users(), {"reason": "no shell"}, script(0)), "home: what the service can do"),
        (seen(users(), WAS, script(126)), NOW, "did not run at the source either: cannot be executed with 126"),
        (seen(users(), WAS, script(1)), seen(users(), tree_now(), script(1)), "did not run at the source either"),
        (seen(users(), WAS, script(None, "timed out")), NOW, "was not run at the source: timed out"),
        (seen(users(), WAS), NOW, "was not run at the source: nobody tried"),
    ],
)
def test_what_was_not_seen_is_unknown(before: Any, now: Any, found: str) -> None:
    result = judged(before, now)
    assert result.outcome is UNKNOWN
    assert any(re.search(found, name) for name in result.items.first), result.items


def test_tree_whose_modes_were_not_compared_is_unknown() -> None:
    result = judged(differences={})
    assert (result.outcome, "home: modes and owners were not compared" in result.found) == (UNKNOWN, True)
    no_tree = {"services": {"web": users()}, "trees": {}, "scripts": []}
    assert judged(no_tree, no_tree, differences={}, rebuilt=True).outcome is PASS


def test_root_on_both_sides_passes_and_says_that_it_shows_nothing() -> None:
    as_root = seen(users("0:0"), {"root": True})
    result = judged(as_root, as_root)
    assert (result.outcome, "runs as root" in result.found) == (PASS, True)
