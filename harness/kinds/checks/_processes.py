"""Whom a service runs as, by the processes in its own container; no kind of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import CouldNotAsk
from harness.kinds.contracts import Shell
from harness.model.frozen import JsonValue

ROOT = 0
# Processes that stand in front of a service to reap and to pass signals on. Source: their projects' program names.
INITS = frozenset({"docker-init", "tini", "dumb-init", "catatonit"})
# Two looks, and what the container calls its users; the second a moment later.
_LOOK = """cat /proc/[0-9]*/status 2>/dev/null; printf '\\0'; sleep 0.1 2>/dev/null || sleep 1
cat /proc/[0-9]*/status 2>/dev/null; printf '\\0'; cat /etc/passwd 2>/dev/null; true"""


@dataclass(frozen=True)
class Process:
    """`user` and `group` are the effective ids."""

    pid: int
    parent: int
    name: str
    user: int
    group: int


def users_seen(shell: Shell) -> Users:
    """Raises: CouldNotAsk, CommandFailed."""
    said = b"".join(shell.stream(["sh", "-c", _LOOK], timeout_s=60)).decode(errors="replace").split("\0")
    if len(said) != 3:
        raise CouldNotAsk(f"two looks at the processes gave {len(said) - 1}")
    return users_of(processes(said[0]), processes(said[1]), said[2])


def processes(text: str) -> dict[int, Process]:
    """The service's own processes by id, from their `status` in /proc: the init in front and whatever was brought in
    from outside (commands of the harness, of an operator) left out. Raises: CouldNotAsk if none is seen."""
    found: dict[int, Process] = {}
    for block in re.split(r"^Name:\s*", text, flags=re.MULTILINE)[1:]:
        fields = dict(re.findall(r"^(Pid|PPid|Uid|Gid):\s+(.*)$", block, re.MULTILINE))
        if len(fields) == 4:  # it may end while it is read
            user, group = (int(fields[name].split()[1]) for name in ("Uid", "Gid"))
            one = Process(int(fields["Pid"]), int(fields["PPid"]), block.splitlines()[0].strip(), user, group)
            found[one.pid] = one
    inside = {pid: one for pid, one in found.items() if _descends(pid, found) and not _is_init(one)}
    if not inside:
        raise CouldNotAsk("no process of the service was seen")
    return inside


def _is_init(process: Process) -> bool:
    return process.pid == 1 and process.name in INITS


def _descends(pid: int, found: Mapping[int, Process]) -> bool:
    """Whether process 1 is an ancestor: a command brought in from outside has none."""
    seen = set[int]()
    while pid in found and pid != 1 and pid not in seen:
        seen.add(pid)
        pid = found[pid].parent
    return pid == 1


@dataclass(frozen=True)
class Users:
    """Whom a service runs as: `main` is its first process, `worker` whom most of its processes but root's run as (a
    web server's first process is root, and its workers read the files). Users are `uid:gid`; `names` what the
    container calls them, `primary` the ids whose group is the one that the container gives them anyway."""

    main: str
    worker: str
    users: tuple[str, ...]
    names: dict[str, str]
    primary: frozenset[str]

    @property
    def is_root(self) -> bool:
        return self.worker.startswith(f"{ROOT}:")

    @property
    def for_command(self) -> str:
        """As whom a command has to run to stand in for the service, supplementary groups included."""
        return self.worker.partition(":")[0] if self.worker in self.primary else self.worker

    def data(self) -> JsonValue:
        return {"main": self.main, "users": [*self.users], "names": {**self.names}}


def users_of(earlier: Mapping[int, Process], later: Mapping[int, Process], passwd: str) -> Users:
    """Of processes that were there at both looks: what a helper of a moment runs as says nothing.

    Raises: CouldNotAsk if there is none.
    """
    lasting = [later[pid] for pid in sorted(earlier.keys() & later.keys())]
    if not lasting:
        raise CouldNotAsk("no process of the service was there at both looks")
    entries = [line.split(":") for line in passwd.splitlines()]
    known = {entry[2]: (entry[0], entry[3]) for entry in entries if len(entry) > 3}
    counts = Counter(f"{one.user}:{one.group}" for one in lasting)
    ids, main = sorted(counts), f"{lasting[0].user}:{lasting[0].group}"
    workers = [one for one in ids if not one.startswith(f"{ROOT}:")]
    return Users(
        main=main,
        worker=max(workers, key=lambda one: counts[one], default=main),
        users=tuple(ids),
        names={one: known[user][0] for one in ids if (user := one.partition(":")[0]) in known},
        primary=frozenset(one for one in ids if known.get(one.partition(":")[0], ("", ""))[1] == one.partition(":")[2]),
    )
