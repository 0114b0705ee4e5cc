"""Lines of a tree's text files that may name a host, in pieces of bounded length; no kind of its own.

`grep` in a tool container leaves out what cannot name any (`host_lines.py`), and what is long is cut here, so that
neither time nor memory grow with what a tree holds besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import NAMED_AS_TEXT, Shell
from harness.kinds.endpoints import Named, Piece, named_at
from harness.kinds.host_lines import MAY_NAME
from harness.model.inventory import key_text

TIMEOUT_S = 120.0
PIECE_BYTES, FROM_BYTES = 64 * 1024, 48 * 1024  # of a piece of a longer line: at most, at least

# `path NUL number:line`, of lines that follow one `path NUL number-line`; files first that are text by their names.
# What vanished meanwhile has no lines; all else that find or grep could not read is an error (grep's 1: a file has no
# line), and so is a root that is gone.
_LINES = rf"""
set -o pipefail; export LC_ALL=C signs=$2; root=$1; shift 2
pruned=(-false) wanted=(-false) named=( {NAMED_AS_TEXT} )
while [ "$1" != -- ]; do pruned+=(-o -path "$1"); shift; done; shift
for glob; do wanted+=(-o -path "$root/$glob"); done
may_vanish() {{
    local well=$1 said code one IFS=$'\n'; shift
    {{ said=$("$@" 2>&1 >&3); code=$?; }} 3>&1
    [ "$code" -le "$well" ] && return
    set -f
    for one in $said; do [[ $one == *': No such file or directory' ]] || code=9; done
    [ "$code" -le 2 ] && [ -n "$said" ] && return
    printf '%s\n' "$said" >&2; return 9
}}
search() {{
    may_vanish 1 grep -E -H -Z -n -A 1 --no-group-separator -e "$signs" \
        -e $'[^\001-\377]' -e $'^(\377\376|\376\377)' "$@"
}}
export -f may_vanish search
lines() {{
    may_vanish 0 find "$root" -xdev \( "${{pruned[@]}}" \) -prune -o -type f \( "${{wanted[@]}}" \) "${{@:2}}" -print0 \
    | sort -z | xargs -0 -r bash -c 'search "$@"' each "$1" --
}}
there() {{ [ -e "$root" ] || {{ echo "$root is not there" >&2; return 9; }}; }}
there && lines -a \( "${{named[@]}}" \) && lines -I ! \( "${{named[@]}}" \) -size -1024k && there
"""
_HEAD = re.compile(rb"([^\0]*)\0([0-9]+)[:-]")
# Where a long line is cut, the best first: between pairs or elements, else between words; zero bytes are UTF-16's.
_SEAMS = re.compile(rb">\0?(?=<)|[,;]\0?(?=(?:\s\0?)?[\"'])"), re.compile(rb"[\s,;&|]")
_MARKS = "\ufeff", "\udcff\udcfe", "\udcfe\udcff"  # of the order of bytes: UTF-8, UTF-16 in both orders


def named_in_files(
    shell: Shell, root: str, left_out: Iterable[str], files: Sequence[str]
) -> Iterator[tuple[str, Named]]:
    """Each host with the path of the file that names it. Given: paths or globs that are `left_out`, and globs of
    `files` below `root`; `*` crosses slashes.

    Raises: CouldNotAsk: that a file cannot be read is no answer of the portal.
    """
    argv = ["bash", "-c", _LINES, "lines", root, MAY_NAME, *left_out, "--", *files]
    try:
        parts = pieces(shell.stream(argv, timeout_s=TIMEOUT_S))
        for path, group in groupby(parts, key=lambda part: part[0]):
            for named in named_at(_texts((line, text) for _, line, text in group)):
                yield key_text(path), named
    except CommandFailed as error:
        raise CouldNotAsk(str(error)) from error


def pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, int, bytes]]:
    """Path, number and text of each line, of a long one several times; the same however the stream is cut.

    Raises: CouldNotAsk if the stream ends in the middle of a line.
    """
    rest, head = b"", None
    for chunk in chunks:
        rest, at = rest + chunk, 0
        while True:
            if head is None:
                begin = _HEAD.match(rest, at)
                if begin is None:
                    break
                head, at = (begin[1], int(begin[2])), begin.end()
            end = rest.find(b"\n", at, at + PIECE_BYTES + 1)
            if end >= 0:
                yield *head, rest[at:end]
                head, at = None, end + 1
            elif len(rest) - at > PIECE_BYTES:
                end = _cut(rest, at)
                yield *head, rest[at:end]
                at = end
            else:
                break
        rest = rest[at:]
    if rest or head:
        raise CouldNotAsk(f"lines of files ended in the middle of one: {rest[:80]!r}")


def _cut(data: bytes, at: int) -> int:
    """Where the piece that begins there ends."""
    last = at + PIECE_BYTES
    for seam in _SEAMS:
        if ends := [match.end() for match in seam.finditer(data, at + FROM_BYTES, last)]:
            return ends[-1]
    while data[last] & 0xC0 == 0x80 and last > at + PIECE_BYTES - 3:  # no letter of UTF-8 is cut
        last -= 1
    return last


def _texts(lines: Iterable[tuple[int, bytes]]) -> Iterator[Piece]:
    """Lines of one file without a mark of the order of bytes. In UTF-16 every letter of a host has a zero byte beside
    it, elsewhere a zero byte ends a word."""
    wide, begun = False, False
    for number, data in lines:
        text = key_text(data)
        mark = next((mark for mark in _MARKS if number == 1 and not begun and text.startswith(mark)), "")
        wide, begun = wide or mark in _MARKS[1:], True
        if "\0" in text:
            text = text.replace("\0", "" if wide or text.count("\0") > len(text) // 3 else " ")
        yield Piece(number, text.removeprefix(mark))
