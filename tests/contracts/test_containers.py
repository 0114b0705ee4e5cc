"""The containers folder on a real engine: handles, stacks, isolation, garbage, preflight."""

from __future__ import annotations

import hashlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from harness import at_once
from harness.clock import new_id, utc_now
from harness.containers import firewall, garbage, images, preflight, teardown
from harness.containers.engine import Engine, connect
from harness.containers.labels import RUN, Owner, new_owner
from harness.containers.locks import RunLock
from harness.containers.own_layer import changed_in_layer
from harness.containers.stack import ContainerStack
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken
from harness.kinds.contracts import LOG_LINES, Http, Shell, Sql, ToolImage
from harness.model.drill import Service

pytestmark = pytest.mark.engine

IMAGE = "portal-drill/tools:3"
POSTGRESQL = "portal-drill/postgresql:15"
PASSWORD = "Postgres-4711"
SLEEP = ("sleep", "600")

# Answers every request with the cookie that it got, and sets one.
WEB_SERVER = """
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $server->accept) {
  my $cookie = "none";
  while (my $line = <$client>) { $cookie = $1 if $line =~ /^cookie: (\\S+)/i; last if $line =~ /^\\s*$/; }
  print $client "HTTP/1.1 200 OK\\r\\nSet-Cookie: seen=yes\\r\\nConnection: close\\r\\n\\r\\n$cookie";
  close $client;
}
"""


def service(name: str = "app", **changes: Any) -> Service:
    return Service(**{"name": name, "image": IMAGE, "command": SLEEP, "stop_grace_s": 5.0} | changes)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = connect()
    yield engine
    engine.close()


def nobody(secret: str) -> None:
    """Is told what references stand for."""


@contextmanager
def running(
    engine: Engine, state_dir: Path, *services: Service, copy: bool = True, start: bool = True, **options: Any
) -> Iterator[ContainerStack]:
    owner = new_owner(new_id(), "contract", "sandbox", state_dir)
    given: dict[str, Any] = {"on_secret": nobody} | options
    stack = ContainerStack(engine, services, role="sandbox", owner=owner, copy_image_content=copy, **given)
    try:
        stack.create()
        for one in services if start else ():
            stack.start(one.name)
        yield stack
    finally:
        assert stack.remove() == ()


@pytest.fixture(scope="module")
def app(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStack]:
    """A running service that nothing in this file changes."""
    with running(engine, tmp_path_factory.mktemp("state"), service()) as stack:
        yield stack


@pytest.fixture(params=["service", "tool"])
def shell(request: pytest.FixtureRequest, app: ContainerStack, engine: Engine) -> Iterator[Shell]:
    """Of a service, in which each command is a process that the engine begins; of a tool container of ours, in which
    one shell is told all of them."""
    if request.param == "service":
        yield app.shell("app")
        return
    with tool_container(engine, TOOLS_IMAGE, app.owner, [], resident=True) as told:
        yield told


@pytest.fixture
def told(app: ContainerStack, engine: Engine) -> Iterator[Shell]:
    with tool_container(engine, TOOLS_IMAGE, app.owner, [], resident=True) as told:
        yield told


def everything_of(engine: Engine, run: str) -> list[str]:
    labels = [f"{RUN}={run}"]
    found = [str(item["Id"]) for item in teardown.list_containers(engine, labels)]
    found += [str(item["Name"]) for item in teardown.list_volumes(engine, labels)]
    found += [str(item["Name"]) for item in teardown.list_networks(engine, labels)]
    found += [" ".join(rule) for _, rule in firewall.all_rules() if firewall.rule_run(rule) == run]
    return found


# ---------------------------------------------------------------- shell


def test_exit_code_and_both_outputs_are_answers(shell: Shell) -> None:
    result = shell.run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout_s=20)
    assert (result.exit_code, result.stdout, result.stderr, result.truncated) == (3, b"out\n", b"err\n", False)


def test_early_output_is_never_lost(shell: Shell) -> None:
    assert [shell.run(["echo", str(i)], timeout_s=20).text for i in range(20)] == [f"{i}\n" for i in range(20)]


def test_command_that_is_not_there_is_an_answer(shell: Shell) -> None:
    assert shell.run(["no-such-command"], timeout_s=20).exit_code in (126, 127)


def test_stdin_is_sent_whole_and_ended(shell: Shell) -> None:
    data = bytes(range(256)) * 8192
    assert shell.run(["sha256sum"], stdin=data, timeout_s=20).text.split()[0] == sha256(data)
    assert shell.run(["wc", "-c"], stdin=b"", timeout_s=20).text == "0\n"


def test_stdin_that_nobody_reads_is_no_error(shell: Shell) -> None:
    assert shell.run(["true"], stdin=b"x" * 4_000_000, timeout_s=20).exit_code == 0


def test_output_over_the_cap_keeps_its_head_and_is_flagged(shell: Shell) -> None:
    result = shell.run(["sh", "-c", "echo first; head -c 3000000 /dev/zero"], timeout_s=20)
    assert (len(result.stdout), result.stdout[:6], result.truncated) == (1024 * 1024, b"first\n", True)


def test_root_by_default_and_another_user_on_demand(shell: Shell) -> None:
    assert shell.run(["id", "-un"], timeout_s=20).text == "root\n"
    assert shell.run(["id", "-un"], user="nobody", timeout_s=20).text == "nobody\n"


def test_timeout_could_not_ask_says_what_was_seen_and_ends_the_processes(shell: Shell) -> None:
    with pytest.raises(CouldNotAsk, match="did not end within 1 s; seen last: working"):
        shell.run(["sh", "-c", "echo working; sleep 4711; true"], timeout_s=1)
    wait_until(lambda: "4711" not in shell.run(["sh", "-c", "cat /proc/[0-9]*/cmdline"], timeout_s=20).text)


def test_command_that_leaves_a_child_with_its_output_open_ends(shell: Shell) -> None:
    assert shell.run(["sh", "-c", "sleep 4712 & echo started"], timeout_s=20).text == "started\n"


def test_stream_gives_all_of_stdout(shell: Shell) -> None:
    data = b"".join(shell.stream(["seq", "300000"], timeout_s=30))
    assert data == b"".join(b"%d\n" % i for i in range(1, 300001))


def test_stream_gives_all_to_one_who_takes_it_slowly(shell: Shell) -> None:
    """What the engine and the pipes in between hold of a command that has ended, it drops after two seconds."""
    whole = b"".join(b"%099d\n" % number for number in range(13_500))
    got = bytearray()
    script = "awk 'BEGIN { for (i = 0; i < 13500; i++) printf \"%099d\\n\", i }'"
    for chunk in shell.stream(["sh", "-c", script], timeout_s=60):
        if not got:
            time.sleep(3)
        got += chunk
    assert bytes(got) == whole


def test_command_of_a_stream_reads_nothing(shell: Shell) -> None:
    assert b"".join(shell.stream(["sh", "-c", "cat; echo end"], timeout_s=20)) == b"end\n"


def test_stream_of_what_cannot_be_executed_raises(shell: Shell) -> None:
    with pytest.raises(CommandFailed, match="exited with 127"):
        list(shell.stream(["/no/such/program"], timeout_s=20))


def test_stream_that_fails_at_its_end_raises_after_its_data(shell: Shell) -> None:
    seen = []
    with pytest.raises(CommandFailed, match="exited with 7: broken pipe dream"):
        seen.extend(shell.stream(["sh", "-c", "echo data; echo broken pipe dream >&2; exit 7"], timeout_s=20))
    assert b"".join(seen) == b"data\n"


def test_stream_has_a_deadline(shell: Shell) -> None:
    with pytest.raises(CouldNotAsk, match="did not end within 1 s"):
        list(shell.stream(["sh", "-c", "while :; do echo x; sleep 0.1; done"], timeout_s=1))


# What a line for a shell could spoil.
WORDS = ["", " ", "two\nlines\n", "\n", "it's", '"$NL"', "$HOME `id` $(id)", "\\n\\\\", "*", "~", "-n", "a=b"]
WORDS += ["ünï🧯", "\udcff\udc80"]


def test_words_arrive_as_they_are(shell: Shell) -> None:
    said = shell.run(["printf", "%s\\0", *WORDS], timeout_s=20).ok().stdout
    if b"\xff" not in said:  # to begin a process the engine takes no bytes that are no text
        assert said.replace(b"\xef\xbf\xbd", b"") == b"".join(b"%s\0" % w.encode(errors="ignore") for w in WORDS)
    else:
        assert said.split(b"\0")[:-1] == [word.encode(errors="surrogateescape") for word in WORDS]


def test_more_words_than_fit_into_a_line_are_run_too(told: Shell) -> None:
    words = ["x" * 1000] * 40
    assert told.run(["printf", "%s", *words], timeout_s=20).stdout == b"x" * 40_000


def test_one_shell_runs_all_commands_with_their_own_environment(told: Shell) -> None:
    parents = {told.run(["sh", "-c", "echo $PPID"], timeout_s=20).text for _ in range(50)}
    assert len(parents) == 1
    assert told.run(["sh", "-c", "echo $A"], environment={"A": "its own"}, timeout_s=20).text == "its own\n"
    assert told.run(["sh", "-c", "echo $A; cd /; umask 0; exec 1>&-"], timeout_s=20).text == "\n"
    assert told.run(["sh", "-c", "umask; exit 77"], timeout_s=20).exit_code == 77


def test_commands_of_several_threads_have_their_own_answers(told: Shell) -> None:
    def ask(number: int) -> tuple[int, str]:
        said = told.run(["sh", "-c", f"sleep 0.0{number % 9}; echo {number}; exit {number}"], timeout_s=60)
        return said.exit_code, said.text

    assert at_once.each(ask, range(60), 4) == [(number, f"{number}\n") for number in range(60)]


def test_what_a_child_says_later_is_nobodys_answer(told: Shell) -> None:
    assert told.run(["sh", "-c", "(sleep 0.3; echo stray; echo stray >&2) & echo done"], timeout_s=20).text == "done\n"
    time.sleep(0.8)
    for _ in range(3):
        result = told.run(["echo", "next"], timeout_s=20)
        assert (result.text, result.stderr) == ("next\n", b"")


def test_answer_that_nobody_read_to_its_end_is_no_part_of_the_next(told: Shell) -> None:
    assert told.run(["true"], timeout_s=20).exit_code == 0
    begun = told.stream(["sh", "-c", "yes | head -n 1000000; sleep 4713"], timeout_s=30)
    assert next(begun)
    begun.close()  # type: ignore[attr-defined]
    assert told.run(["echo", "next"], timeout_s=20).text == "next\n"
    wait_until(lambda: "4713" not in told.run(["sh", "-c", "cat /proc/[0-9]*/cmdline"], timeout_s=20).text)


def test_command_that_was_killed_is_an_answer_and_a_shell_that_was_is_none(told: Shell) -> None:
    assert told.run(["sh", "-c", "kill -9 $$"], timeout_s=20).exit_code == 137
    with pytest.raises(CouldNotAsk, match="the shell that ran it has ended"):
        told.run(["sh", "-c", "kill -9 $PPID; sleep 1"], timeout_s=20)
    assert told.run(["echo", "next"], timeout_s=20).text == "next\n"


def test_tool_container_that_dies_under_a_command_could_not_ask(engine: Engine, app: ContainerStack) -> None:
    with tool_container(engine, TOOLS_IMAGE, app.owner, [], resident=True) as told:
        container = told.run(["hostname"], timeout_s=20).text.strip()
        killer = threading.Timer(0.5, engine.api.kill, [container])
        killer.start()
        with pytest.raises(CouldNotAsk, match="its container ended"):
            told.run(["sleep", "30"], timeout_s=20)
        killer.join()
        with pytest.raises(CouldNotAsk):
            told.run(["true"], timeout_s=20)


def test_container_that_dies_under_a_command_could_not_ask(engine: Engine, tmp_path: Path) -> None:
    with running(engine, tmp_path, service()) as stack:
        killer = threading.Timer(0.5, stack.kill, ["app"])
        killer.start()
        with pytest.raises(CouldNotAsk):
            stack.shell("app").run(["sleep", "30"], timeout_s=20)
        killer.join()
        with pytest.raises(CouldNotAsk):
            stack.shell("app").run(["true"], timeout_s=20)


def test_containers_on_another_machine_call_themselves_otherwise_and_reach_each_other(
    engine: Engine, tmp_path: Path
) -> None:
    given = (service(), service("db", hostname="shop-1.example.com"), service("long", hostname="a" * 63))
    wanted = {"app": "app-restored", "db": "shop-1-restored.example.com", "long": f"{'a' * 54}-restored"}
    with running(engine, tmp_path, *(one.on_another_machine() for one in given)) as stack:
        assert stack.host_names() == wanted
        for name, host_name in wanted.items():
            asked = stack.shell(name).run(["cat", "/proc/sys/kernel/hostname"], timeout_s=20)
            assert asked.ok().text == f"{host_name}\n"
            assert stack.shell("app").run(["getent", "hosts", name], timeout_s=20).exit_code == 0
        stack.kill("db")
        assert sorted(stack.host_names()) == ["app", "long"]


def test_commands_are_recorded_without_secrets_and_environment(engine: Engine, tmp_path: Path) -> None:
    lines: list[tuple[object, ...]] = []
    hooks: dict[str, Any] = {
        "on_command": lambda *line: lines.append(line),
        "redact": lambda text: text.replace("s3cret", "***"),
    }
    with running(engine, tmp_path, service(), **hooks) as stack:
        script = ["sh", "-c", 'echo "$TOKEN s3cret"; exit 2']
        result = stack.shell("app").run(script, environment={"TOKEN": "hidden"}, timeout_s=20)
    assert result.stdout == b"hidden s3cret\n"
    where, argv, exit_code, _, output = lines[0]
    assert (where, argv) == ("sandbox/app", ("sh", "-c", 'echo "$TOKEN ***"; exit 2'))
    assert (exit_code, output) == (2, "hidden ***")


# ---------------------------------------------------------------- tool containers


def test_tool_sees_the_volumes_read_only_unless_writable(engine: Engine, tmp_path: Path) -> None:
    outer_and_inner = service(volumes={"/data": "outer", "/data/deep/inside": "inner"})
    with running(engine, tmp_path, outer_and_inner, copy=False, start=False) as stack:
        with stack.tool("app", image=ToolImage.SERVICE, writable=True) as shell:
            shell.run(["sh", "-c", "echo 1 > /data/a; echo 2 > /data/deep/inside/b"], timeout_s=20).ok()
        with stack.tool("app", image=ToolImage.TOOLS, writable=False) as shell:
            assert shell.run(["cat", "/data/a", "/data/deep/inside/b"], timeout_s=20).text == "1\n2\n"
            assert shell.run(["touch", "/data/c"], timeout_s=20).exit_code != 0
            assert shell.run(["touch", "/data/deep/inside/c"], timeout_s=20).exit_code != 0
        assert stack.proved_empty() == {"outer": ["a"], "inner": ["b"]}


def test_mounts_and_changed_files_are_what_the_engine_knows(engine: Engine, tmp_path: Path) -> None:
    """A volume that only the image asks for has no name; of changed folders only what is in them is listed."""
    one = service(image=POSTGRESQL, volumes={"/srv/data": "data"})
    with running(engine, tmp_path, one) as stack:
        assert stack.attached("app") == {"/srv/data": "data", "/var/lib/postgresql/data": ""}
        change = "mkdir /opt/new; touch /opt/new/a /srv/data/b; echo >>/etc/passwd; rm /etc/issue; ln -s / /opt/link"
        stack.shell("app").run(["sh", "-c", change], timeout_s=30).ok()
        changed = set(stack.changed_files("app"))
    assert changed >= {"/opt/new/a", "/etc/passwd", "/etc/issue", "/opt/link"}
    assert not changed & {"/opt", "/opt/new", "/etc", "/srv/data/b"}


ODD_CHANGES = """mkdir -p /opt/new/deep; touch /opt/new/a; echo >>/etc/passwd; rm /etc/issue; ln -s / /opt/link
chmod 700 /etc/skel; chmod u+s /bin/cat; exec 3<>/etc/debian_version; mv /etc/shadow /etc/shadow2; mkfifo /opt/fifo
touch /etc/fstab; cp -a /etc/group /opt/group; rm /etc/group; cp -a /opt/group /etc/group; rm -r /etc/cron.daily
rm /etc/gshadow; mkdir /etc/gshadow"""


def test_the_own_layer_tells_what_the_engine_tells(engine: Engine, tmp_path: Path) -> None:
    """A file that was opened for writing and is what it was, or was put back as it was, is no change to either."""
    with running(engine, tmp_path, service()) as stack:
        container = engine.api.inspect_container(stack._containers["app"])
        stack.shell("app").run(["sh", "-c", ODD_CHANGES], timeout_s=30).ok()
        told = {change["Path"] for change in engine.api.diff(container["Id"])}
        if (read := changed_in_layer(container)) is None:
            pytest.skip("the engine keeps its layers elsewhere, or otherwise")
        only_above = {str(parent) for path in told for parent in PurePosixPath(path).parents} - set(read)
        assert set(read) == told - only_above
        assert {"/opt/new/a", "/opt/fifo", "/etc/issue", "/etc/shadow2", "/usr/bin/cat"} <= told
        assert not told & {"/etc/debian_version", "/etc/group"}
        replaced = "rm -r /etc/default; mkdir /etc/default; touch /etc/default/x"
        stack.shell("app").run(["sh", "-c", replaced], timeout_s=30).ok()
        assert changed_in_layer(container) is None, "a folder that stands for another is for the engine to compare"
        assert "/etc/default/x" in set(stack.changed_files("app"))


def _printed(stack: ContainerStack) -> str:
    """The log as soon as there is one."""
    give_up = time.monotonic() + 10
    while not (text := stack.logs("app")) and time.monotonic() < give_up:
        time.sleep(0.05)
    return text


def test_log_is_read_to_its_beginning_however_long_it_is(engine: Engine, tmp_path: Path) -> None:
    most = LOG_LINES + 1000
    command = ("sh", "-c", f"seq {most}; exec sleep 600")
    with running(engine, tmp_path, service(command=command)) as stack:
        wait_until(lambda: stack.logs("app").endswith(f"\n{most}\n"))
        assert len(stack.logs("app").splitlines()) == LOG_LINES
        assert list(stack.log_lines("app")) == [str(number) for number in range(1, most + 1)]


def test_log_is_that_of_the_present_life(engine: Engine, tmp_path: Path) -> None:
    with running(engine, tmp_path, service(command=("sh", "-c", "date +%N; exec sleep 600"))) as stack:
        first = _printed(stack)
        stack.stop("app")
        stack.start("app")
        second = _printed(stack)
    assert first.strip().isdigit()
    assert second.strip().isdigit()
    assert first != second


def test_artefact_is_mounted_read_only_unless_writable(app: ContainerStack, tmp_path: Path) -> None:
    with app.tool("app", image=ToolImage.TOOLS, writable=False, artefact=tmp_path, artefact_writable=True) as shell:
        shell.run(["sh", "-c", "echo kept > /artefact/file"], timeout_s=20).ok()
    with app.tool("app", image=ToolImage.TOOLS, writable=False, artefact=tmp_path, volumes=False) as shell:
        assert shell.run(["cat", "/artefact/file"], timeout_s=20).text == "kept\n"
        assert shell.run(["touch", "/artefact/other"], timeout_s=20).exit_code != 0
    assert (tmp_path / "file").read_text() == "kept\n"


def test_artefact_must_be_an_absolute_folder_that_exists(app: ContainerStack, tmp_path: Path) -> None:
    for folder in (Path("relative"), tmp_path / "missing"):
        with pytest.raises(HarnessBroken), app.tool("app", image=ToolImage.TOOLS, writable=False, artefact=folder):
            pass


def test_tool_has_a_network_only_if_asked(app: ContainerStack) -> None:
    resolve = ["getent", "hosts", "app"]
    with app.tool("app", image=ToolImage.TOOLS, writable=False, networked=True) as shell:
        assert shell.run(resolve, timeout_s=20).exit_code == 0
    with app.tool("app", image=ToolImage.TOOLS, writable=False) as shell:
        assert shell.run(["sh", "-c", "ls /sys/class/net"], timeout_s=20).text.split() == ["lo"]


# ---------------------------------------------------------------- volumes


def test_target_volumes_are_empty_and_owned_as_in_the_image(engine: Engine, tmp_path: Path) -> None:
    games = service(volumes={"/var/lib/dpkg": "packages", "/var/mail": "mail"})
    with running(engine, tmp_path, games, copy=False) as stack:
        assert stack.proved_empty() == {"packages": [], "mail": []}
        assert stack.shell("app").run(["stat", "-Lc", "%G %a", "/var/mail"], timeout_s=20).text == "mail 2775\n"
        assert {"type", "size_bytes", "free_bytes"} == set(stack.free_of_fs())
    with running(engine, tmp_path, games, copy=True) as stack:
        found = stack.proved_empty()
        assert "status" in found["packages"] and found["mail"] == []


# ---------------------------------------------------------------- isolation


def test_network_is_cut_from_outside_and_host_and_open_to_the_harness(engine: Engine, tmp_path: Path) -> None:
    web = service("web", command=("perl", "-e", WEB_SERVER))
    with running(engine, tmp_path, web) as stack, listening_on(stack.network.gateway) as port:
        assert stack.network.cut_from_host
        assert can_connect(stack.network.gateway, port)  # from the host itself it is there
        shell = stack.shell("web")
        assert not reaches(shell, stack.network.gateway, port)
        assert not reaches(shell, host_address(), port)
        assert not reaches(shell, "198.51.100.7", 80)
        assert shell.run(["getent", "ahostsv4", "db.production.example"], timeout_s=20).exit_code == 2
        http: Http = stack.http("web", 8080)
        wait_until(lambda: answers(http))
        assert http.request("GET", "/").text == "seen=yes"  # cookies are kept
        assert stack.http("web", 8080).request("GET", "/").text == "none"
        with pytest.raises(CouldNotAsk, match="sandbox/web: GET / got no answer"):
            stack.http("web", 8081).request("GET", "/")


def test_source_and_sandbox_do_not_reach_each_other(engine: Engine, tmp_path: Path) -> None:
    web = service("web", command=("perl", "-e", WEB_SERVER))
    with running(engine, tmp_path, web) as one, running(engine, tmp_path, service()) as other:
        wait_until(lambda: answers(one.http("web", 8080)))
        assert not reaches(other.shell("app"), one.addresses()["web"], 8080)


def test_sink_records_the_outside_and_neither_own_services_nor_the_machine(engine: Engine, tmp_path: Path) -> None:
    with running(engine, tmp_path, service(), service("late"), start=False, watched=True) as stack:
        stack.start("app")
        shell = stack.shell("app")
        assert shell.run(["getent", "ahostsv4", "late"], timeout_s=30).exit_code == 2  # it does not run yet
        assert shell.run(["getent", "ahostsv4", "db.production.example"], timeout_s=30).exit_code == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as machine:
            machine.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(stack.network.gateway))
            machine.sendto(b"names", ("224.0.0.251", 5353))
        shell.run(["bash", "-c", "echo >/dev/udp/198.51.100.20/514"], timeout_s=30).ok()
        wait_until(lambda: len(stack.attempts().tried) >= 2)
        found = {(tried.service, tried.sort, tried.target) for tried in stack.attempts().tried}
        assert found == {("app", "name", "db.production.example"), ("app", "connection", "198.51.100.20")}
        ways = {way.name: way.open for way in stack.ways_out()}
    assert set(ways.values()) == {False}


# ---------------------------------------------------------------- stack


def test_stop_start_kill_and_what_became_of_it(engine: Engine, tmp_path: Path) -> None:
    regular = service(command=("sh", "-c", 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done'))
    missing = service("missing", command=("/no/such/program",))
    with running(engine, tmp_path, regular, missing, start=False) as stack:
        assert (stack.is_running("app"), stack.exit_state("app")) == (False, "not made")
        stack.start("app")
        wait_until(lambda: "up" in stack.logs("app"))
        stack.stop("app")
        assert stack.exit_state("app") == "exited with 0: bye"
        stack.start("app")
        assert (stack.is_running("app"), stack.exit_state("app")) == (True, "running")
        stack.kill("app")
        wait_until(lambda: not stack.is_running("app"))
        assert stack.exit_state("app").startswith("exited with 137")
        try:
            stack.start("missing")
        except CommandFailed as error:
            assert "no such file" in str(error)  # an engine without init says so at once
        else:
            wait_until(lambda: not stack.is_running("missing"))
            assert stack.exit_state("missing").startswith("exited with 127")


def test_server_that_ignores_nothing_stops_at_sigterm(engine: Engine, tmp_path: Path) -> None:
    with running(engine, tmp_path, service(stop_grace_s=30.0)) as stack:
        stack.stop("app")
        assert stack.exit_state("app").startswith("exited with 143")  # 128 + SIGTERM: not killed after the grace


def test_secrets_are_resolved_only_in_the_container(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_DRILL_TEST_SECRET", "s3cret")
    with_secret = service(environment={"PASSWORD": "${env:PORTAL_DRILL_TEST_SECRET}"})
    with running(engine, tmp_path, with_secret) as stack:
        assert stack.shell("app").run(["sh", "-c", 'echo "$PASSWORD"'], timeout_s=20).text == "s3cret\n"
        assert stack.environment("app")["PASSWORD"] == "s3cret"
        assert "PATH" in stack.environment("app")


def test_one_shot_service_runs_to_its_end(engine: Engine, tmp_path: Path) -> None:
    install = service("install", profiles=("install",), command=("sh", "-c", "echo one; echo two; exit 4"))
    endless = service("endless", profiles=("seed",), command=("sh", "-c", "echo waiting; sleep 600"))
    with running(engine, tmp_path, install, endless, start=False) as stack:
        lines: list[str] = []
        result = stack.run_to_end("install", 30, lines.append)
        assert (result.exit_code, result.stdout, lines) == (4, b"one\ntwo\n", ["one", "two"])
        with pytest.raises(CouldNotAsk, match="did not end within 1 s; seen last: waiting"):
            stack.run_to_end("endless", 1)


def test_remove_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    with running(engine, tmp_path, service(volumes={"/data": "data"}), service("other")) as stack:
        run = stack.owner.run
        assert len(everything_of(engine, run)) >= 2 + 1 + 1 + 2
    assert everything_of(engine, run) == []


# ---------------------------------------------------------------- garbage

CHILD = """
import sys, time
from pathlib import Path
from harness.clock import new_id
from harness.containers.engine import connect
from harness.containers.labels import new_owner
from harness.containers.locks import RunLock
from harness.containers.stack import ContainerStack
from harness.model.drill import Service

state_dir, run = Path(sys.argv[1]), new_id()
with RunLock(state_dir, run):
    service = Service(name="app", image=sys.argv[2], command=("sleep", "600"), volumes={"/data": "data"})
    owner = new_owner(run, "contract", "source", state_dir)
    stack = ContainerStack(connect(), [service], role="source", owner=owner, copy_image_content=True, on_secret=str)
    stack.create()
    stack.start("app")
    print(run, flush=True)
    time.sleep(600)
"""


def test_garbage_of_a_killed_run_is_removed_and_a_held_run_is_spared(engine: Engine, tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, tmp_path, IMAGE], stdout=subprocess.PIPE, text=True)
    with child:
        try:
            assert child.stdout is not None
            run = child.stdout.readline().strip()
            assert [one for one in garbage.collect(tmp_path, engine=engine) if run in one] == []
            assert len(everything_of(engine, run)) >= 4
            assert garbage.collect(tmp_path / "another", run=run, engine=engine) == []  # its lock is not seen there
        finally:
            child.send_signal(signal.SIGKILL)
    # The rules go with their network; what other runs on this host leave for a moment is no matter of this one.
    assert len([one for one in garbage.collect(tmp_path, engine=engine) if run in one]) == 3
    assert everything_of(engine, run) == []
    assert [one for one in garbage.collect(tmp_path, engine=engine) if run in one] == []
    assert list((tmp_path / "locks").iterdir()) == []


def test_expired_garbage_is_removed_though_its_run_is_held(engine: Engine, tmp_path: Path) -> None:
    run = new_id()
    owner = Owner(run, "contract", "sandbox", utc_now() - timedelta(seconds=1), "another-folder")
    with RunLock(tmp_path, run):
        stack = ContainerStack(engine, [], role="sandbox", owner=owner, copy_image_content=True, on_secret=nobody)
        name = stack.create().name
        assert f"network {name}" in garbage.collect(tmp_path, run=run, engine=engine)


# ---------------------------------------------------------------- images and preflight


def test_image_that_is_here_is_used(engine: Engine) -> None:
    facts = images.ensure(engine, service())
    assert (facts.tag, facts.built, facts.id.startswith("sha256:")) == (IMAGE, False, True)


def test_missing_image_is_built_from_its_context(engine: Engine, tmp_path: Path) -> None:
    tag = f"portal-drill/contract-test:{new_id().lower()}"
    (tmp_path / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY fetched /fetched\n")
    wanted = service(image=tag, build_context=str(tmp_path))
    with pytest.raises(HarnessBroken, match=r"could not be built: (.|\n)*make images"):
        images.ensure(engine, wanted)
    (tmp_path / "fetched").write_text("data")
    said: list[str] = []
    try:
        assert images.ensure(engine, wanted, said.append).built
    finally:
        engine.api.remove_image(tag, force=True)
    assert said[0] == f"building {tag}"
    with pytest.raises(HarnessBroken, match="nothing says how to build it"):
        images.ensure(engine, service(image=tag))


def test_preflight_is_remembered_when_it_succeeds(engine: Engine, tmp_path: Path) -> None:
    installer = service("install", profiles=("install",), command=("false",))
    assert preflight.preflight(engine, [service(), installer], tmp_path, on_secret=nobody) == ("app",)
    assert preflight.preflight(engine, [service(), installer], tmp_path, on_secret=nobody) == ()
    assert preflight.preflight(engine, [service()], tmp_path, on_secret=nobody) == ()
    assert list((tmp_path / "locks").iterdir()) == []


def test_preflight_names_image_exit_code_and_log_when_it_fails(engine: Engine, tmp_path: Path) -> None:
    broken = service(command=("sh", "-c", "echo no licence; exit 9"))
    with pytest.raises(HarnessBroken, match=rf"{IMAGE} does not start .*exited with 9: no licence"):
        preflight.preflight(engine, [broken], tmp_path, on_secret=nobody)
    assert not (tmp_path / "preflight").exists()


# ---------------------------------------------------------------- sql


@pytest.fixture(scope="module")
def database(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStack]:
    """A PostgreSQL server that answers."""
    server = Service(
        name="db",
        image=POSTGRESQL,
        environment={"POSTGRES_PASSWORD": PASSWORD},
        volumes={"/var/lib/postgresql/data": "database"},
    )
    with running(engine, tmp_path_factory.mktemp("state"), server, copy=False) as stack:
        wait_until(lambda: sql_answers(stack))
        yield stack


def sql_answers(stack: ContainerStack) -> bool:
    try:
        with stack.sql("db", database="postgres", user="postgres", password=PASSWORD) as sql:
            return list(sql.rows("SELECT 1")) == [(1,)]
    except (CouldNotAsk, CommandFailed):
        return False


@pytest.fixture
def sql(database: ContainerStack) -> Iterator[Sql]:
    with database.sql("db", database="postgres", user="postgres", password=PASSWORD) as sql:
        yield sql


def test_session_settings_are_pinned(sql: Sql) -> None:
    text = "SELECT '2026-11-21 12:00+02'::timestamptz::text, 0.1::float8::text, '\\x00ff'::bytea::text"
    assert list(sql.rows(text)) == [("2026-11-21 10:00:00+00", "0.1", "\\x00ff")]
    assert list(sql.rows("SHOW TimeZone")) == [("UTC",)]
    assert list(sql.rows("SHOW DateStyle")) == [("ISO, YMD",)]


def test_rows_are_streamed_and_parameters_passed(sql: Sql) -> None:
    assert sum(row[0] for row in sql.rows("SELECT generate_series(1, %s)", [25_000])) == 312_512_500
    assert next(iter(sql.rows("SELECT generate_series(1, 1000000000)"))) == (1,)  # not read to its end
    assert list(sql.rows("SELECT 'a%'")) == [("a%",)]


def test_refusal_is_an_answer_and_leaves_the_connection_usable(sql: Sql) -> None:
    for refused in ("SELECT * FROM no_such_table", "CREATE TABLE written (a int)", "SELECT 1/0"):
        with pytest.raises(CommandFailed, match="sandbox/db/postgres: "):
            list(sql.rows(refused))
    assert list(sql.rows("SELECT 1")) == [(1,)]


def test_wrong_login_is_an_answer_and_a_stopped_server_none(database: ContainerStack) -> None:
    with (
        pytest.raises(CommandFailed, match="password authentication failed"),
        database.sql("db", database="postgres", user="postgres", password="wrong"),
    ):
        pass
    database.stop("db")
    with (
        pytest.raises(CouldNotAsk),
        database.sql("db", database="postgres", user="postgres", password=PASSWORD),
    ):
        pass
    database.start("db")
    wait_until(lambda: sql_answers(database))


# ---------------------------------------------------------------- what the tests need


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wait_until(condition: Any, deadline_s: float = 20) -> None:
    give_up = time.monotonic() + deadline_s
    while not (last := condition()):
        assert time.monotonic() < give_up, f"not true after {deadline_s} s; seen last: {last!r}"
        time.sleep(0.05)


def answers(http: Http) -> bool:
    try:
        return http.request("GET", "/").status == 200
    except CouldNotAsk:
        return False


def reaches(shell: Shell, address: str, port: int) -> bool:
    script = f"exec 3<>/dev/tcp/{address}/{port}"
    return shell.run(["timeout", "1", "bash", "-c", script], timeout_s=20).exit_code == 0


def can_connect(address: str, port: int) -> bool:
    with socket.create_connection((address, port), timeout=5):
        return True


def host_address() -> str:
    """An address of the host outside the bridge: the one that it would use to reach the outside."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.7", 9))
        return str(probe.getsockname()[0])


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def listening_on(address: str) -> Iterator[int]:
    """A service of the host on all its addresses, the bridge's `address` among them."""
    with ThreadingHTTPServer(("0.0.0.0", 0), Hello) as server:
        assert can_bind(address)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def can_bind(address: str) -> bool:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return True
