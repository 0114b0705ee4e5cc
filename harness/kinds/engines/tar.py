"""GNU tar with owners by number, modes, links, extended attributes and sparse files.

Requirements: GEN-D15, GEN-D16 (the root and every directory keep their own owner and mode), GEN-D18 (a file
that changed while it was read), LR-21. Remove, then replace: design fact 5.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath

from pydantic import Field

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, ToolImage, nested_in
from harness.kinds.engines._trees import CLEAR
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.inventory import VOLATILE, key_bytes, key_text, rule_of
from harness.model.plan import NOT_BACKED_UP

COMPONENTS = frozenset({"file_tree", "index_files"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "finished"
ARCHIVE = "tree.tar"
_TELL_AND_RUN = 'tar --version | head -n 1; exec "$@"'

_FLAGS = ["--numeric-owner", "--acls", "--xattrs", "--xattrs-include=*", "--sparse"]
# Exit code 1 of GNU tar means "some files differ"; only these reasons are harmless online, because the two
# inventories of the source show by data which files changed. No name looks like a reason: in names tar writes `:` as
# `\:`, a newline as `\n`, and other bytes in octal. Source: GNU tar 1.34, src/create.c, src/sparse.c; gnulib quotearg.
_HARMLESS = re.compile(
    r": (file changed as we read it|File removed before we read it|socket ignored"
    r"|(file|directory) is on a different filesystem; not dumped)$"
)
# Of what a file held, zeros are in the archive: harmless only where nobody holds the copy to its whole content.
_PADDED = re.compile(r"tar: \./((?:[^\\:\ufffd]|\\.)+): File shrank by \d+ bytes?; padding with zeros")
_ESCAPED = re.compile(rb"\\([0-3][0-7]{2}|.)")
_CONTROLS = bytes.maketrans(b"abfnrtv", b"\a\b\f\n\r\t\v")


class Options(KindOptions):
    exclude: list[str] = Field(
        default=[], description="Patterns that tar leaves out; each stands in plan and report (GEN-D19)."
    )


def rules(options: Options) -> Iterator[tuple[str, str, str]]:
    yield from ((pattern, NOT_BACKED_UP, "tar is told to leave it out (exclude)") for pattern in options.exclude)


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Write one uncompressed archive of the tree, staying on its volume.

    Given: a tree that may be written meanwhile. Shape: `tree.tar`. Raises: CommandFailed if tar says more than that a
    file changed, or that zeros stand for what a file held whose content is judged; CouldNotAsk if it says too much to
    be read.
    """
    options = Options.model_validate(access.component.engine_options)
    path = str(access.component.options["path"])
    nested = [f"--exclude=./{_literal(mount)}/?*" for mount in nested_in(path, access)]
    excluded = [*(f"--exclude={pattern}" for pattern in options.exclude), "--anchored", *nested]
    create = ["tar", "--create", "--file", f"/artefact/{ARCHIVE}", "--one-file-system", *_FLAGS, *excluded]
    with access.stack.tool(
        access.component.service,
        image=ToolImage.TOOLS,
        writable=False,
        artefact=access.artefact,
        artefact_writable=True,
    ) as shell:
        argv = ["sh", "-c", _TELL_AND_RUN, "back up", *create, "-C", path, "."]
        said = shell.run(argv, timeout_s=access.timeout_s)
    warnings = said.stderr.decode(errors="replace").splitlines()
    padded = _padded(warnings, access)
    serious = [line for line in warnings if not _HARMLESS.search(line) and line not in padded]
    if said.exit_code in (0, 1) and said.truncated:
        raise CouldNotAsk("tar said more of what changed than can be read")
    if said.exit_code not in (0, 1) or serious:
        raise CommandFailed(f"tar exited with {said.exit_code}: " + "\n".join(serious[-50:]))
    return {"tool": said.text.strip(), "warnings": [*warnings[:20]], "excluded": [*options.exclude]}


def _padded(lines: Sequence[str], access: BackupAccess) -> set[str]:
    """The lines that say that zeros stand for what a file held, of files that no copy is held to in full, by their own
    class and that of every hard link to them. A line whose name cannot be told is none of them."""
    names = {line: _unescaped(found[1]) for line in lines if (found := _PADDED.fullmatch(line))}
    free = {line: name for line, name in names.items() if _is_volatile(name, access.component)}
    held = set[str]()
    if free:
        with _opened(access) as members:
            links = ([_key(one.linkname), _key(one.name)] for one in members if one.islnk())
            held = {first for first, name in links if not _is_volatile(name, access.component)}
    return {line for line, name in free.items() if name not in held}


def _is_volatile(name: str, component: Component) -> bool:
    rule = rule_of(name, component.classes)
    return rule is not None and rule.item_class in VOLATILE


def _unescaped(name: str) -> str:
    """The name that tar wrote so."""
    return key_text(_ESCAPED.sub(_byte, key_bytes(name)))


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 8)]) if len(found[1]) == 3 else found[1].translate(_CONTROLS)


def _key(name: str) -> str:
    return name.removeprefix("./")


def restore(access: RestoreAccess) -> None:
    """Empty the tree, then unpack; nothing of the archive may leave the tree (DESIGN 8).

    Raises: CommandFailed if the archive is hostile, damaged or cannot be unpacked.
    """
    _refuse_hostile(access)
    path = str(access.component.options["path"])
    unpack = ["tar", "--extract", "--file", f"/artefact/{ARCHIVE}", *_FLAGS, "--same-owner", "--preserve-permissions"]
    unpack.append("--warning=no-timestamp")  # a file may say that it is from the year 2096
    with access.stack.tool(
        access.component.service, image=ToolImage.TOOLS, writable=True, artefact=access.artefact
    ) as shell:
        shell.run(["bash", "-c", CLEAR, "clear", path, *nested_in(path, access)], timeout_s=access.timeout_s).ok()
        said = shell.run([*unpack, "-C", path], timeout_s=access.timeout_s).ok()
        if said.stderr:
            raise CommandFailed(f"tar exited with 0 but said: {said.stderr.decode(errors='replace')[-2000:]}")


def _literal(path: str) -> str:
    """A path whose signs mean themselves in a pattern of tar."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", path)


def _refuse_hostile(access: RestoreAccess) -> None:
    """Names and hard links must stay inside, and no member may lie below a symbolic link of the archive, through
    which it would be written to wherever the link leads; links themselves are made as they were."""
    links: set[PurePosixPath] = set()
    with _opened(access) as members:
        for member in members:
            names = [member.name, member.linkname] if member.islnk() else [member.name]
            for name in names:
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    raise CommandFailed(f"{ARCHIVE} holds {name!r}, which leaves the tree")
                if links and not links.isdisjoint(PurePosixPath(name).parents):
                    raise CommandFailed(f"{ARCHIVE} holds {name!r} below a symbolic link")
            if member.issym():
                links.add(PurePosixPath(member.name))


@contextmanager
def _opened(access: BackupAccess | RestoreAccess) -> Iterator[Iterator[tarfile.TarInfo]]:
    """The members one by one, however many they are.

    Raises: CommandFailed if the archive cannot be read, then or while its members are."""
    try:
        with tarfile.open(access.artefact / ARCHIVE, "r:", encoding="utf-8", errorlevel=1) as archive:
            yield _forgotten(archive)
    except (OSError, tarfile.TarError) as error:
        raise CommandFailed(f"{ARCHIVE} of {access.component.name} cannot be read: {error}") from error


def _forgotten(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Each as it comes: the archive would keep all of them, half a kilobyte each."""
    for member in archive:
        yield member
        archive.members.clear()  # type: ignore[attr-defined]  # of no stub, and in every version
