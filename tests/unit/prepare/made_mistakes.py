"""Wrong drill files that cannot lie in the repository as they are: bytes that editors change, sizes, kinds of file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

HEAD = "drill: made\nproduct: liferay-dxp-7.4\nportal: paper\nsource: {stack: stacks/sound.yaml}\n"
FIFTY_MB = 50_000_000


def _bytes(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


def _text(more: str) -> Callable[[Path], None]:
    return _bytes((HEAD + more).encode())


def _fifty_mb(path: Path) -> None:
    """No room is taken on the disk: the file has one end and a hole."""
    path.write_text(HEAD, encoding="utf-8")
    os.truncate(path, FIFTY_MB)


def _unreadable(path: Path) -> None:
    path.write_text(HEAD, encoding="utf-8")
    path.chmod(0)


# By name of the golden file; each writes the wrong thing at the path it is given.
MADE: dict[str, Callable[[Path], object]] = {
    "fifty-megabytes": _fifty_mb,
    "not-utf-8": _bytes(HEAD.encode() + "why: nächtlich\n".encode("latin-1")),
    "utf-16": _bytes(HEAD.encode("utf-16")),
    "control-character": _text("why: night\x07ly\n"),
    "null-byte-escaped": _bytes(HEAD.replace("portal: paper", 'portal: "\\0"').encode()),
    "null-byte": _bytes(HEAD.encode() + b"why: \x00\n"),
    "compressed": _bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
    "wrong-after-crlf": _bytes((HEAD + "why: dayly\n").replace("\n", "\r\n").encode()),
    "wrong-after-bom": _bytes(b"\xef\xbb\xbfdril: x\n" + HEAD.encode()),
    "no-such-file": lambda path: None,
    "a-folder": lambda path: path.mkdir(),
    "link-loop": lambda path: path.symlink_to(path.name),
    "link-to-nothing": lambda path: path.symlink_to("nowhere.yaml"),
    "a-pipe": lambda path: os.mkfifo(path),
    "unreadable": _unreadable,
    "secret-in-key": _text("portal_password: open-sesame\n"),
}
