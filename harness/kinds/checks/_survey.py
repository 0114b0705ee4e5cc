"""What a survey has found so far, and the survey of a service's container: mounts, own layer, open files."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from harness import at_once
from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import UNDECLARED, Occupies, Shell, SourceAccess, Surrounding, counted
from harness.kinds.records import records
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.layout import Layout, below

MOST = 500  # findings of one sort that are named; the rest is counted
TIMEOUT_S = 120.0

# What changes in every container at run time. An entry that ends with `/` is a folder with all below it, one that
# begins with `*` the end of a name.
EXCUSED = {
    "/tmp/": "temporary files",
    "/var/tmp/": "temporary files",
    "/run/": "sockets and pid files of what runs now",
    "/var/run/": "sockets and pid files of what runs now",
    "/dev/": "devices",
    "/usr/sbin/docker-init": "the init process that the container engine puts in front",
    "/sbin/docker-init": "the init process that the container engine puts in front",
    "/.dockerenv": "a mark of the container engine",
    "/etc/hostname": "written by the container engine for each container",
    "/etc/hosts": "written by the container engine for each container",
    "/etc/resolv.conf": "written by the container engine for each container",
    "/etc/mtab": "written by the container engine for each container",
    "/var/log/": "logs of the container's own programs",
    "/var/cache/": "caches, filled again",
    "/root/.cache/": "caches, filled again",
    "*.pyc": "compiled from the source beside it",
    "*/__pycache__": "compiled from the sources beside it",
    "*.pid": "the number of a process that runs now",
}
_PSEUDO = ("/dev", "/proc", "/sys")
_USERS = "stat -c %u:%g /proc/[0-9]* 2>/dev/null | sort -u"
# Without root's rights over others' processes, each user looks at its own. The engine's init holds nothing.
# A process that has ended and waits to be noticed has no command line, and nothing open.
_OPEN = """set --; for id in /proc/[0-9]*; do words=; read -r words <"$id/cmdline"
    if [ -n "$words" ] && [ "$id" != "/proc/$$" ] && [ -O "$id" ] && [ -G "$id" ]; then set -- "$@" "$id/fd"; fi
done 2>/dev/null
if [ "$1" = /proc/1/fd ] && grep -qs docker-init /proc/1/comm; then shift; fi
[ $# -eq 0 ] || LC_ALL=C find "$@" -ignore_readdir_race -maxdepth 1 -type l -printf '%l\\0'; true"""
_KIND = """for path; do if [ -L "$path" ] || [ -f "$path" ]; then echo changed; elif [ -d "$path" ]; then echo folder
elif [ -e "$path" ]; then echo special; else echo removed; fi; done"""


@dataclass
class Survey:
    """Shape of `data`: counts of what was surveyed and of what is excused, findings by name, what was not seen."""

    counts: Counter[str] = field(default_factory=Counter)
    found: dict[str, Surrounding] = field(default_factory=dict)
    named: Counter[str] = field(default_factory=Counter)
    more: int = 0
    unasked: list[str] = field(default_factory=list)
    _adding: threading.Lock = field(default_factory=threading.Lock)

    def part(self, what: str, see: Callable[[], None]) -> None:
        try:
            see()
        except (CommandFailed, CouldNotAsk) as error:
            self.unasked.append(f"{what}: {error}"[:400])

    def count(self, word: str) -> None:
        with self._adding:
            self.counts[word] += 1

    def add(self, one: Surrounding) -> None:
        """Several may see the same thing: it is well if one of them holds it or knows an excuse."""
        word = one.name.partition(" ")[0]
        if word not in UNDECLARED:
            raise ValueError(f"{one.name!r} does not begin with a word of UNDECLARED")
        with self._adding:
            self._add(word, one)

    def _add(self, word: str, one: Surrounding) -> None:
        known = self.found.get(one.name)
        wrong = not (one.declared or one.excused)
        if known is None and wrong and self.named[word] >= MOST:
            self.more += 1
            return
        self.counts[word] += known is None
        self.named[word] += known is None and wrong
        if known is None or one.declared or (one.excused and not known.declared):
            self.found[one.name] = one

    def data(self) -> dict[str, JsonValue]:
        wrong = _folded([one for one in self.found.values() if not (one.declared or one.excused)])
        excused = Counter(one.name.partition(" ")[0] for one in self.found.values() if one.excused and not one.declared)
        return {
            "surveyed": dict(sorted(self.counts.items())),
            "excused": dict(sorted(excused.items())),
            "findings": [
                {"name": one.name, "why": one.why, "requirements": [*one.requirements]}
                for one in sorted(wrong, key=lambda one: one.name)
            ],
            "more": self.more,
            "unasked": [*sorted(self.unasked)],
        }


def _folded(wrong: list[Surrounding]) -> list[Surrounding]:
    # Files that lie in a place which is a finding itself are counted there.
    places = {_file_name(one): one for one in wrong if one.place}
    inside: Counter[str] = Counter()
    rest = []
    for one in wrong:
        parents = [place for place in places if one.name.startswith("file ") and below(one.name, place)]
        inside.update(parents)
        rest += [] if parents else [one]
    return [replace(o, why=f"{o.why}; {n} files") if (n := inside[_file_name(o)]) else o for o in rest]


def _file_name(one: Surrounding) -> str:
    """What a file at its place would be called: `file web:/srv/library`."""
    service = one.name.partition(" ")[2].partition(":")[0]
    return f"file {service}:{one.place}"


def layouts(access: SourceAccess, survey: Survey) -> dict[str, Layout]:
    """What each running service keeps where, as engine and servers say."""
    found: dict[str, Layout] = {}
    for service in access.plan.services:
        if service.profiles:
            continue
        mine = [component for component in access.plan.components if component.service == service.name]
        mounts, servers = dict[str, str](), list[str]()
        survey.part(f"mounts of {service.name}", partial(_attached, access, service.name, mounts))
        for component in mine:
            survey.part(f"where {component.name} lies", partial(_occupied, access, component, servers))
        trees = tuple(str(c.options["path"]) for c in mine if "path" in c.options)
        found[service.name] = Layout(mounts=mounts, trees=trees, servers=tuple(servers))
    return found


def _attached(access: SourceAccess, service: str, mounts: dict[str, str]) -> None:
    mounts.update(access.stack.attached(service))


def _occupied(access: SourceAccess, component: Component, servers: list[str]) -> None:
    kind = access.component_kinds[component.name]
    if isinstance(kind, Occupies):
        servers.extend(kind.occupies(access.on(component)))


class Container:
    """One service's container."""

    def __init__(self, access: SourceAccess, survey: Survey, service: str, layout: Layout, closed: bool) -> None:
        self.survey, self.service, self.layout, self.closed = survey, service, layout, closed
        self.stack, self.shell = access.stack, access.stack.shell(service)
        self.changed: list[str] = []  # in the own layer, not excused
        self._held: set[str] = set()
        self._listed = at_once.begin(lambda: [*self.stack.changed_files(service)])  # may read the whole image

    def look_inside(self) -> None:
        self.survey.part(f"volumes of {self.service}", self._volumes)
        if not self.closed:
            self.survey.part(f"open files of {self.service}", lambda: self._held.update(self._open()))

    def look_at_layer(self) -> None:
        self.survey.part(f"changed files of {self.service}", self._own_layer)

    def _volumes(self) -> None:
        for path, volume in self.layout.mounts.items():
            name = f"volume {volume or f'{self.service}:{path}'}"
            where = f"no component looks into it, at {path} of {self.service}"
            self.survey.add(Surrounding(name, self.layout.looks_into(path), where, ("LR-18",)))
            if self.layout.looks_into(path) and not self.layout.holds(path):
                self._beside(path)

    def _beside(self, mount: str) -> None:
        """What lies on a volume beside the trees on it: the topmost entries that are above no tree."""
        inner = [tree for tree in (*self.layout.trees, *self.layout.servers) if below(tree, mount)]
        inner += [other for other in self.layout.mounts if other != mount and below(other, mount)]
        prune = [word for path in inner for word in ("-path", path, "-prune", "-o")]
        argv = ["find", mount, "-ignore_readdir_race", "-xdev", *prune, "!", "-type", "d", "-print0"]
        tops: Counter[str] = Counter()
        for path in records(self.shell.stream(argv, timeout_s=TIMEOUT_S)):
            parts = path.split("/")
            ends = range(mount.count("/") + 2, len(parts) + 1)
            heads = ("/".join(parts[:end]) for end in ends)
            tops[next((head for head in heads if not any(below(tree, head) for tree in inner)), path)] += 1
        for top, count in tops.items():
            why = f"{counted(count, 'file')} beside the declared trees of the same volume"
            self.survey.add(Surrounding(f"files {self.service}:{top}", False, why, ("LR-18", "LR71-10")))

    def _own_layer(self) -> None:
        paths = [path for path in self._listed() if self.layout.mount_of(path) is None]
        rest = []
        for path in paths:
            if why := excuse(path):
                self.survey.add(Surrounding(f"file {self.service}:{path}", False, "", excused=why))
            else:
                rest.append(path)
        for path, kind in zip(rest, _kinds(self.shell, rest), strict=True):
            # Nothing is in a folder, or something was and is gone; what was removed from the image is still listed.
            if kind == "folder" or (kind == "removed" and path not in set(self.stack.changed_files(self.service))):
                continue
            self.changed.append(path)
            what = "in the container's own layer, and held open by a process" if path in self._held else ""
            why = what or ("removed against the image" if kind == "removed" else "added or changed against the image")
            self.survey.add(Surrounding(f"file {self.service}:{path}", False, why, ("LR-18", "LR-4")))

    def _open(self) -> Iterator[str]:
        """What the service's processes hold open outside every component."""
        closed: list[str] = []
        for user in self.shell.run(["sh", "-c", _USERS], timeout_s=TIMEOUT_S).ok().text.split():
            said = self.shell.run(["sh", "-c", _OPEN], user=user, timeout_s=TIMEOUT_S).ok()
            if said.truncated or b"Permission denied" in said.stderr:
                closed.append(user)
            for path in sorted({*said.text.split("\0")}):
                if not path.startswith("/") or path.endswith(" (deleted)") or any(below(path, p) for p in _PSEUDO):
                    continue
                self.survey.count("open file")
                if not self.layout.holds(path):
                    yield path
        if closed:
            raise CouldNotAsk(f"not every process of user {', '.join(closed)} lets itself be looked into")


def excuse(path: str) -> str:
    """Why a change of this file means nothing, "" if it may mean something."""
    for pattern, why in EXCUSED.items():
        if pattern.startswith("*"):
            fits = path.endswith(pattern[1:])
        else:
            fits = below(path, pattern.rstrip("/")) if pattern.endswith("/") else path == pattern
        if fits:
            return why
    return ""


def _kinds(shell: Shell, paths: list[str]) -> list[str]:
    found: list[str] = []
    for at in range(0, len(paths), MOST):
        argv = ["sh", "-c", _KIND, "kind", *paths[at : at + MOST]]
        found += shell.run(argv, timeout_s=TIMEOUT_S).ok().text.split()
    return found
