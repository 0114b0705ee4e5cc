"""`cp` with a digest beside the copy; thrown away after the test."""

from __future__ import annotations

from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, ToolImage
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"ledger"})
TOLERATES_OPEN_FILES = False
CAPTURE_POINT = "finished"
_BACKUP = 'cp "$1/ledger" /artefact; cd /artefact; sha256sum ledger > digest'
_RESTORE = 'cd /artefact; sha256sum --check --quiet digest; find "$1" -mindepth 1 -delete; cp ledger "$1"'


class Options(KindOptions):
    pass


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service,
        image=ToolImage.TOOLS,
        writable=False,
        artefact=access.artefact,
        artefact_writable=True,
    ) as shell:
        shell.run(["sh", "-euc", _BACKUP, "backup", path], timeout_s=access.timeout_s).ok()
    return {}


def restore(access: RestoreAccess) -> None:
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service, image=ToolImage.TOOLS, writable=True, artefact=access.artefact
    ) as shell:
        shell.run(["sh", "-euc", _RESTORE, "restore", path], timeout_s=access.timeout_s).ok()
