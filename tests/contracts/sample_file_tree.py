"""A tree with everything that a backup of files gets wrong."""

from __future__ import annotations

from typing import Any

from bench import Change

from harness.kinds.contracts import ToolImage
from harness.model.drill import Component, Service
from harness.model.frozen import JsonValue

ROOT = "/srv/tree"
SERVICES = (
    Service(
        name="files",
        image="portal-drill/tools:3",
        command=("sleep", "600"),
        volumes={ROOT: "tree", f"{ROOT}/deep/nested": "nested"},
    ),
)
COMPONENT = Component(name="files", kind="file_tree", service="files", engine="", options={"path": ROOT})
VARIANTS: dict[str, dict[str, JsonValue]] = {"below_the_volume": {"path": f"{ROOT}/not/there/yet"}}

_FLAGS = "--numeric-owner --acls --xattrs '--xattrs-include=*' --sparse -C /srv/tree"
_PACK = f"tar -cf /artefact/tree.tar {_FLAGS} --exclude='./deep/nested/?*' ."
_UNPACK = f"""cd /srv/tree && find . -mindepth 1 -path ./deep -prune -o -mindepth 1 -print0 | xargs -0r rm -rf --
    find deep -mindepth 1 -path deep/nested -prune -o -mindepth 1 -print0 | xargs -0r rm -rf --
    tar -xpf /artefact/tree.tar {_FLAGS}"""
ENGINES: dict[str, dict[str, JsonValue]] = {
    "tar": {},
    "command": {"backup": ["bash", "-euc", _PACK], "restore": ["bash", "-euc", _UNPACK]},
}
EMPTY_REFUSED: frozenset[str] = frozenset()
ALSO: tuple[str, ...] = ()

_FILL = r"""
mkdir -p deep/nested empty 'folder with blank'
echo nested > deep/nested/other; echo deep > deep/file; echo x > 'folder with blank/two  words'
echo secret > private; chmod 0600 private; chown 1001:1002 private
mkdir -m 0750 closed; echo 1 > closed/a; chown -R 4711:4712 closed
mkdir shared; chgrp 5000 shared; chmod 2775 shared; echo 2 > shared/b; chgrp 5000 shared/b
mkdir sticky; chmod 1777 sticky; echo 3 > program; chmod 4755 program
ln -s private inside; ln -s /etc/passwd outside; ln -s ../../.. up; ln -s nowhere dangling; ln -s empty directory
chown -h 7:8 dangling
echo linked > linked; ln linked 'hard link'; ln linked deep/linked
echo 4 > $'line\nbreak'; echo 5 > $'caf\xe9'; echo 6 > -dash; echo 7 > 'häuser 🐘'; echo 8 > 'back\slash'
echo 9 > '*?[x]'; echo 10 > $'tab\there'; echo 11 > 'a'; echo 12 > 'a-b'; mkdir 'a.d'; echo 13 > 'a.d/e'
: > nothing; truncate -s 3M sparse; printf end | dd of=sparse bs=1 seek=2000000 conv=notrunc status=none
mkfifo pipe; head -c 400000 /dev/urandom > large; touch -d 2001-09-09 large
setfattr -n user.note -v kept private; echo 14 > Case; echo 15 > case
setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 program
chown 1001:1002 .; chmod 0751 .
"""


def in_tree(stack: Any, script: str) -> str:
    with stack.tool("files", image=ToolImage.TOOLS, writable=True) as shell:
        said = shell.run(["bash", "-euc", f"cd {ROOT}; {script}"], timeout_s=60).ok()
    return str(said.text)


def answers(stack: Any) -> bool:
    return True


def make_empty(stack: Any) -> None: ...


def fill(stack: Any) -> None:
    in_tree(stack, _FILL)


def wipe(stack: Any) -> None:
    in_tree(stack, "find . -mindepth 1 ! -path ./deep ! -path ./deep/nested -delete; chown 0:0 .; chmod 755 .")


def leave_behind(stack: Any) -> None:
    script = "echo left > left; mkdir -p deep/left; echo left > deep/left/file; rm -rf empty; ln -sfn left inside"
    in_tree(stack, f"{script}; echo kept > deep/nested/kept")


def bystanders(stack: Any) -> str:
    return in_tree(stack, "find deep/nested -mindepth 1 -printf '%P %m %T@ ' -exec cat {} +")


def _do(script: str, *changed: str, missing: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> Change:
    return Change(lambda stack: in_tree(stack, script) and None, changed, missing, extra)


CHANGES = {
    "mode": _do("chmod 0640 private", "private (mode 0600 → 0640)"),
    "mode_of_a_directory": _do("chmod 0755 closed", "closed (mode 0750 → 0755)"),
    "sticky_bit": _do("chmod 0777 sticky", "sticky (mode 1777 → 0777)"),
    "mode_of_the_root": _do("chmod 0700 .", ". (mode"),
    "owner": _do("chown 1001:9 linked", "deep/linked", "hard link", "linked"),
    "owner_of_a_link": _do("chown -h 0:0 dangling", "dangling (owner 7:8 → 0:0)"),
    "target_of_a_link": _do("ln -sfn private outside", "outside (link /etc/passwd → private)"),
    "one_byte": _do(
        r"touch -r large s; printf X | dd of=large bs=1 seek=200000 conv=notrunc status=none; touch -r s large; rm s",
        "large (content)",
    ),
    "link_made_a_file": _do("rm inside; cp -p private inside", "inside ("),
    "empty_directory_lost": _do("rmdir empty", missing=("empty",)),
    "file_of_another_name": _do(r"mv $'caf\xe9' café", missing=("caf\\udce9",), extra=("café",)),
    "name_with_a_line_break_lost": _do(r"rm $'line\nbreak'", missing=("line\nbreak",)),
    "file_too_much": _do(": > 'a.'", extra=("a.",)),
    "nested_volume_changes": _do("echo changed > deep/nested/other"),
    "extended_attribute": _do("setfattr -x user.note private", "private ("),
    "capability": _do("setfattr -x security.capability program", "program (security.capability"),
    "one_of_two_names_that_differ_by_case": _do("mv case Case", "Case (content)", missing=("case",)),
    "access_list": _do("setfacl -m u:4242:rwx deep/file; chmod g=r deep/file", "deep/file ("),
    "hard_link_made_a_copy": _do("cp -p linked copy; mv copy linked", "deep/linked (", "hard link (", "linked ("),
    "name_with_a_control_character": _do(r": > $'a\x01'", extra=("a\x01",)),
}
