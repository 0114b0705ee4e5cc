"""Where the links of a tree lead, and whether all that is in it can be read (LR71-10, GEN-D17, GEN-D28).

Asked in the service's own container, for a link may lead into its image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from harness.errors import CouldNotAsk
from harness.kinds.contracts import Probe, Shell, Surrounding
from harness.kinds.records import records

TIMEOUT_S = 900.0
_THERE = 'for path; do if [ -e "$path" ]; then printf "%s\\0" "$path"; fi; done'
# Every folder is listed and every file opened; a file that vanishes meanwhile is no finding.
_READ = r'''find . -prune >/dev/null && head -c 0 </dev/null || exit 9
LC_ALL=C find "$@" -type f -exec head -qc 1 -- {} + 2>&1 >/dev/null | grep -av "No such file or directory$"'''


def links(shell: Shell, service: str, root: str, nested: Sequence[str]) -> Iterator[Surrounding]:
    """Every link that leaves the tree, with the place that it leads to."""
    every = [*_walk(root, nested), "-type", "l"]
    names = list(records(shell.stream([*every, "-print0"], timeout_s=TIMEOUT_S)))
    resolved = [*every, "-exec", "readlink", "-zm", "--", "{}", "+"]
    targets = list(records(shell.stream(resolved, timeout_s=TIMEOUT_S)))
    if len(names) != len(targets):
        raise CouldNotAsk(f"{len(names)} links in {root}, {len(targets)} targets: they change while they are read")
    mounted = [f"{root}/{mount}" for mount in nested]
    leaving = {n: t for n, t in zip(names, targets, strict=True) if not _inside(t, root) or _on_any(t, mounted)}
    there = _there(shell, sorted(set(leaving.values())))
    for name, target in leaving.items():
        excused = "" if target in there else "it leads to nothing"
        why = f"it leads to {target}: the tree's backup holds the link alone"
        yield Surrounding(f"link {service}:{name}", False, why, ("LR71-10", "GEN-D17"), excused, place=target)


def _walk(root: str, nested: Sequence[str]) -> list[str]:
    prune = [word for mount in nested for word in ("-path", f"{root}/{mount}", "-prune", "-o")]
    return ["find", root, "-ignore_readdir_race", "-xdev", *prune]


def _inside(path: str, root: str) -> bool:
    return PurePosixPath(path).is_relative_to(root)


def _on_any(path: str, mounts: Sequence[str]) -> bool:
    return any(_inside(path, mount) for mount in mounts)


def _there(shell: Shell, paths: Sequence[str]) -> set[str]:
    if not paths:
        return set()
    return set(records(shell.stream(["sh", "-c", _THERE, "there", *paths], timeout_s=TIMEOUT_S)))


def readable(shell: Shell, root: str, nested: Sequence[str]) -> Iterator[Probe]:
    said = shell.run(["sh", "-c", _READ, "read", *_walk(root, nested)[1:]], timeout_s=TIMEOUT_S)
    wrong = said.text.splitlines()
    if said.exit_code not in (0, 1):  # of grep: 1 is no line
        raise CouldNotAsk(f"{root} cannot be walked: {said.stderr.decode(errors='replace')[-300:]}")
    found = f"{len(wrong)} cannot be read, such as {wrong[0]}" if wrong else "every entry can be read"
    yield Probe("readable", not wrong, "every entry can be read", found, ("GEN-D28",))
