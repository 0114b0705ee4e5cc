"""`git bundle`: all refs and their objects in one file (LR-16, LR-29, LR-30)."""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.components.git import TIMEOUT_S, git, head
from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, ToolImage
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"git"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "started"
BUNDLE = "/artefact/repository.bundle"


class Options(KindOptions):
    pass


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Write `repository.bundle`; a shallow clone is refused, for its bundle could not be cloned (LR-30)."""
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service,
        image=ToolImage.TOOLS,
        writable=False,
        artefact=access.artefact,
        artefact_writable=True,
    ) as shell:
        if git(shell, "-C", path, "rev-parse", "--is-shallow-repository").ok().text.strip() != "false":
            raise CommandFailed(f"{path} is a shallow clone: its history is not all there (LR-30)")
        git(shell, "-C", path, "bundle", "create", BUNDLE, "--all", "HEAD").ok()
        heads = git(shell, "bundle", "list-heads", BUNDLE).ok().text.splitlines()
        owner = shell.run(["stat", "-c", "%u:%g %a", path], timeout_s=TIMEOUT_S).ok().text.split()
        facts: dict[str, JsonValue] = {"head": head(shell, path), "owner": owner[0], "mode": owner[1]}
        version = git(shell, "--version").ok().text.strip()
    return {"tool": version, "refs": len(heads), **facts}


def restore(access: RestoreAccess) -> None:
    """Remove the repository, then clone the bundle as a mirror; owner and HEAD as they were.

    Raises: CommandFailed if the bundle is damaged or incomplete.
    """
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service, image=ToolImage.TOOLS, writable=True, artefact=access.artefact
    ) as shell:
        clear = 'mkdir -p "$1" && find "$1" -xdev -mindepth 1 -delete'  # the path itself may be a mount point
        shell.run(["sh", "-c", clear, "clear", path], timeout_s=TIMEOUT_S).ok()
        git(shell, "clone", "--mirror", "--quiet", BUNDLE, path).ok()
        git(shell, "-C", path, "remote", "remove", "origin").ok()
        named = str(access.facts["head"])
        to_head = ["symbolic-ref"] if named.startswith("refs/") else ["update-ref", "--no-deref"]
        git(shell, "-C", path, *to_head, "HEAD", named).ok()
        shell.run(["chown", "-R", str(access.facts["owner"]), path], timeout_s=TIMEOUT_S).ok()
        shell.run(["chmod", str(access.facts["mode"]), path], timeout_s=TIMEOUT_S).ok()
