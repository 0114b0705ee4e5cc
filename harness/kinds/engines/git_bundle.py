"""`git bundle`: all refs and their objects in one file (LR-16, LR-29, LR-30)."""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.components.git import GIT_ENVIRONMENT
from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, ToolImage
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"git"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "started"
BUNDLE = "/artefact/repository.bundle"
# A line each: owner and mode, what HEAD names, the version of git, a digest of all refs (a bundle also lists each
# working tree's HEAD, which no clone has); then the heads of the bundle. HEAD may name a branch without a commit.
_BACK_UP = """set -e; shallow=$(git -C "$1" rev-parse --is-shallow-repository)
if [ "$shallow" != false ]; then echo "$1 is a shallow clone: its history is not all there (LR-30)" >&2; exit 1; fi
head=HEAD; git -C "$1" rev-parse --quiet --verify HEAD >/dev/null || head=
git -C "$1" bundle create --quiet "$2" --all $head; stat -c '%u:%g %a' "$1"
git -C "$1" symbolic-ref -q HEAD || git -C "$1" rev-parse --verify HEAD
git --version; git bundle list-heads "$2" | sed -n '/ refs\\//p' | LC_ALL=C sort | sha256sum
git bundle list-heads "$2" """
# The path itself may be a mount point.
_RESTORE = """set -e; mkdir -p "$1"; find "$1" -xdev -mindepth 1 -delete
git clone --mirror --quiet "$2" "$1"
refs=$(git -C "$1" for-each-ref --format='%(objectname) %(refname)' | LC_ALL=C sort | sha256sum)
if [ "$6" ] && [ "$refs" != "$6" ]; then echo "the bundle has other refs than when it was made" >&2; exit 1; fi
git -C "$1" remote remove origin
case $3 in refs/*) git -C "$1" symbolic-ref HEAD "$3" ;; *) git -C "$1" update-ref --no-deref HEAD "$3" ;; esac
chown -R "$4" "$1"; chmod "$5" "$1" """


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
        argv = ["sh", "-c", _BACK_UP, "back up", path, BUNDLE]
        said = shell.run(argv, timeout_s=access.timeout_s, environment=GIT_ENVIRONMENT).ok()
    if len(lines := said.text.splitlines()) < 4:
        raise CommandFailed(f"git said too little of {path}: {said.text!r}")
    (owner, mode), head, version, digest, *heads = lines[0].split(), *lines[1:]
    return {
        "tool": version,
        "refs": len(heads),
        "refs_sha256": digest,
        "head": head,
        "owner": owner,
        "mode": mode,
    }


def restore(access: RestoreAccess) -> None:
    """Remove the repository, then clone the bundle as a mirror; owner and HEAD as they were.

    Raises: CommandFailed if the bundle is damaged or incomplete, or has other refs than when it was made: after a push
    during the backup the inventories of the source cannot tell that.
    """
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service, image=ToolImage.TOOLS, writable=True, artefact=access.artefact
    ) as shell:
        facts = [str(access.facts[name]) for name in ("head", "owner", "mode")]
        facts.append(str(access.facts.get("refs_sha256", "")))  # restore points of before 2026-12 have none
        argv = ["sh", "-c", _RESTORE, "restore", path, BUNDLE, *facts]
        shell.run(argv, timeout_s=access.timeout_s, environment=GIT_ENVIRONMENT).ok()
