"""The files of a tree that may hold certificates or tokens, in one stream; no kind of its own.

One command in a tool container lists them by name, looks which text files have the form of a token in them, and packs
what is left: most trees give nothing but a line of counts.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import ComponentAccess, ToolImage, nested_in
from harness.kinds.records import records

TIMEOUT_S = 600.0
STORES = ("pem", "crt", "cer", "cert", "der", "p12", "pfx", "jks", "keystore", "jceks")
TEXTS = ("properties", "conf", "config", "cfg", "yaml", "yml", "xml", "json", "ini", "token", "env")
MOST_STORES, MOST_TEXTS, MOST_HITS = 2000, 50_000, 2000  # of one tree, the first in byte order
STORE_BYTES, TEXT_BYTES = 8 * 1024 * 1024, 256 * 1024
FIRST_LARGE = 100


def _named(endings: tuple[str, ...]) -> str:
    return "'(' " + " -o ".join(f"-iname '*.{ending}'" for ending in endings) + " ')'"


# grep's 1 is no line, 1 of tar a file that changed while it was read. What vanished meanwhile holds nothing; what is
# there and cannot be read is an error.
_STREAM = rf"""
[ -d "$1" ] || {{ printf '0 0 0 0 0\0\0'; exit 0; }}
cd "$1" || exit 9; shift; export LC_ALL=C; prune=()
for nested; do prune+=(-path "./$nested" -prune -o); done
work=$(mktemp -d) || exit 9; trap 'rm -rf "$work"' EXIT
: >"$work/hits"
find . -ignore_readdir_race -xdev "${{prune[@]}}" -type f -size +0 '(' {_named(STORES)} \
  '(' -size -{STORE_BYTES + 1}c -fprintf "$work/stores" '%P\0' -o -fprintf "$work/large" '%P\0' ')' \
  -o {_named(TEXTS)} \
  '(' -size -{TEXT_BYTES + 1}c -fprintf "$work/texts" '%P\0' -o -fprintf "$work/long" '%P\0' ')' ')' || exit 8
pick() {{ sort -z "$work/$1" | head -z -n "$2"; }}
count() {{ tr -dc '\0' <"$work/$1" | wc -c; }}
search() {{
    grep -lZsaE 'eyJ[A-Za-z0-9_-]+\.eyJ' -- "$@"; [ $? -le 1 ] && return
    for file; do cat -- "$file" >/dev/null || [ ! -e "$file" ] || return 7; done
}}
export -f search
pick texts {MOST_TEXTS} | xargs -0 -r bash -c 'search "$@"' each >"$work/hits"
[ "${{PIPESTATUS[1]}}" = 0 ] || exit 7
printf '%d %d %d %d %d\0' "$(count stores)" "$(count large)" "$(count texts)" "$(count long)" "$(count hits)"
pick large {FIRST_LARGE}; printf '\0'
{{ pick stores {MOST_STORES}; pick hits {MOST_HITS}; }} | tar --create --file - --format gnu --hard-dereference \
  --no-recursion --ignore-failed-read --null --files-from - 2>"$work/said"
code=${{PIPESTATUS[1]}}; [ "$code" -le 1 ] || {{ cat "$work/said" >&2; exit 6; }}
! grep -a ': Warning: ' "$work/said" | grep -av 'No such file or directory$' >&2
"""


@dataclass(frozen=True)
class Listed:
    """How many files of a tree have such names; `large` and `long` are those that are too large to be read, `hits` the
    text files with the form of a token in them, `first_large` names."""

    stores: int
    large: int
    texts: int
    long: int
    hits: int
    first_large: tuple[str, ...]


def is_store(name: str) -> bool:
    return name.lower().endswith(tuple(f".{ending}" for ending in STORES))


def dated_files(access: ComponentAccess) -> Iterator[Listed | tuple[str, bytes]]:
    """The counts, then one by one each file that may hold a date, with its content. A tree that is not there has none.

    Raises: CouldNotAsk: a command that fails in a container of ours is no answer.
    """
    path = str(access.component.options["path"])
    nested = [re.sub(r"([*?\[\]\\])", r"\\\1", mount) for mount in nested_in(path, access)]
    argv = ["bash", "-c", _STREAM, "dated", path, *nested]
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        said = _Chunks(shell.stream(argv, timeout_s=TIMEOUT_S))
        try:
            listed = _listed(said, path)
            yield listed
            if listed.stores or listed.hits:
                yield from _members(said, path)
            said.drain()
        except CommandFailed as error:
            raise CouldNotAsk(str(error)) from error


class _Chunks:
    """A stream of chunks as a file that is read from its beginning to its end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def record(self) -> str | None:
        """What comes before the next NUL; None if there is none."""
        while b"\0" not in self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return None
            self._rest += chunk
        record, _, self._rest = self._rest.partition(b"\0")
        return next(records([record]), "")

    def read(self, size: int) -> bytes:
        parts, held = [self._rest], len(self._rest)
        while held < size and (chunk := next(self._chunks, None)) is not None:
            parts.append(chunk)
            held += len(chunk)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]

    def drain(self) -> None:
        for _ in self._chunks:
            pass


def _listed(said: _Chunks, path: str) -> Listed:
    counts, large = said.record(), list[str]()
    while name := said.record():
        large.append(name)
    if counts is None or name is None or not re.fullmatch(r"\d+( \d+){4}", counts):
        said.drain()
        raise CouldNotAsk(f"the list of stores in {path} is none: {counts!r}"[:200])
    stores, too_large, texts, long, hits = (int(count) for count in counts.split())
    return Listed(stores, too_large, texts, long, hits, tuple(large))


def _members(said: _Chunks, path: str) -> Iterator[tuple[str, bytes]]:
    try:
        stream = cast(IO[bytes], said)  # it is only read, from beginning to end
        with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    yield member.name, content.read()
    except tarfile.TarError as error:
        said.drain()
        raise CouldNotAsk(f"the files of {path} came as an archive that is none: {error}") from error
