"""`cp`, thrown away after the test."""

from __future__ import annotations

from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, ToolImage
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"ledger"})
TOLERATES_OPEN_FILES = False
CAPTURE_POINT = "finished"


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
        shell.run(["cp", f"{path}/ledger", "/artefact/ledger"], timeout_s=access.timeout_s).ok()
    return {}


def restore(access: RestoreAccess) -> None:
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service, image=ToolImage.TOOLS, writable=True, artefact=access.artefact
    ) as shell:
        shell.run(["cp", "/artefact/ledger", f"{path}/ledger"], timeout_s=access.timeout_s).ok()
