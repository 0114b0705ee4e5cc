# Most names are bytes, of which pathlib makes no paths.
# ruff: noqa: PTH101, PTH102, PTH103, PTH123, PTH211
"""Run inside the portal's container: files of every legal sort below Liferay Home."""

import os
import socket

ROOT = "/opt/liferay/data/strange/"
DEEP = "deep/" * 200
NAMES = (
    b"two  words", b" leading", b"trailing ", b"line\nbreak", b"caf\xe9", b"-rf", b"--", b"back\\slash", b"\\134",
    b"*?[x]", b"'quote\"s'", b"$HOME", b"%P%s", b"a=b", b"tab\there", b"\xf0\x9f\x90\x98", b"l" * 255,
    b"\xe2\x80\xae", b"..hidden", b"...", b"#", b"~", b"a|b;c&d", b"(.*)", b"\x7f\x1b[31m", b"a\x01", b"a\x02b", b"a",
)  # fmt: skip


def put(name: str | bytes, text: bytes = b"x\n") -> None:
    with open(name, "wb") as file:
        file.write(text)


os.makedirs(ROOT + DEEP)
os.chdir(ROOT)
for name in NAMES:
    put(name, name)
put(b"../../logs/caf\xe9 -x\n.log")
put("empty", b"")
put(DEEP + "bottom")
with open("sparse", "wb") as file:
    file.truncate(5_000_000)
    file.seek(3_000_000)
    file.write(b"end")
put("one")
os.link("one", "another")
os.link("one", "deep/third name")
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
for target, name in (("one", "inside"), ("nowhere", "dangling"), ("deep", "folder"), ("l" * 200, "far")):
    os.symlink(target, name)
for folder, mode in (("shared", 0o2775), ("sticky", 0o1777), ("nothing", 0o755)):
    os.mkdir(folder)
    os.chmod(folder, mode)
put("program")
os.chmod("program", 0o4755)
put("secret")
os.utime("secret", (0, 0))
os.chmod("secret", 0)
os.setxattr("one", "user.note", b"kept\n\x00\xff")
os.utime("one", (4_000_000_000, 4_000_000_000))
