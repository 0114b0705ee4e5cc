"""GNU tar with owners by number, modes, links, extended attributes and sparse files.

Requirements: GEN-D15, GEN-D16 (the root and every directory keep their own owner and mode), GEN-D18 (a file
that changed while it was read), LR-21. Remove, then replace: design fact 5.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import Field

from harness.errors import CommandFailed
from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, ToolImage, nested_in
from harness.kinds.engines._trees import CLEAR
from harness.model.frozen import JsonValue
from harness.model.plan import NOT_BACKED_UP

COMPONENTS = frozenset({"file_tree", "index_files"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "finished"
ARCHIVE = "tree.tar"
_TELL_AND_RUN = 'tar --version | head -n 1; exec "$@"'

_FLAGS = ["--numeric-owner", "--acls", "--xattrs", "--xattrs-include=*", "--sparse"]
# Exit code 1 of GNU tar means "some files differ"; only these reasons are harmless online, because the two
# inventories of the source show by data which files changed. Source: GNU tar 1.34, src/create.c.
_HARMLESS = re.compile(
    r"(file changed as we read it|File removed before we read it|socket ignored|different filesystem"
    r"|: File shrank by \d+ bytes?; padding with zeros$)"
)


class Options(KindOptions):
    exclude: list[str] = Field(
        default=[], description="Patterns that tar leaves out; each stands in plan and report (GEN-D19)."
    )


def rules(options: Options) -> Iterator[tuple[str, str, str]]:
    yield from ((pattern, NOT_BACKED_UP, "tar is told to leave it out (exclude)") for pattern in options.exclude)


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Write one uncompressed archive of the tree, staying on its volume.

    Given: a tree that may be written meanwhile. Shape: `tree.tar`. Raises: CommandFailed if tar says more
    than that a file changed.
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
    serious = [line for line in warnings if not _HARMLESS.search(line)]
    if said.exit_code not in (0, 1) or serious:
        raise CommandFailed(f"tar exited with {said.exit_code}: " + "\n".join(serious[-50:]))
    return {"tool": said.text.strip(), "warnings": [*warnings[:20]], "excluded": [*options.exclude]}


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
    archive = access.artefact / ARCHIVE
    links: set[PurePosixPath] = set()
    try:
        with tarfile.open(archive, "r:", errorlevel=1) as members:
            for member in members:
                names = [member.name, member.linkname] if member.islnk() else [member.name]
                for name in names:
                    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                        raise CommandFailed(f"{archive.name} holds {name!r}, which leaves the tree")
                    if links and not links.isdisjoint(PurePosixPath(name).parents):
                        raise CommandFailed(f"{archive.name} holds {name!r} below a symbolic link")
                if member.issym():
                    links.add(PurePosixPath(member.name))
    except (OSError, tarfile.TarError) as error:
        raise CommandFailed(f"{archive.name} of {access.component.name} cannot be read: {error}") from error
