"""The operator's own backup and restore commands, run in a container of the component's service image.

The commands find the component's volumes at their paths, other services by name, and must write to (read
from) `/artefact`. Their exit codes are believed only when they are bad: what was written is looked at.
"""

from __future__ import annotations

from pydantic import Field

from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, ToolImage
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"file_tree", "git", "index_files", "opensearch", "postgresql"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "finished"


class Options(KindOptions):
    backup: list[str] = Field(description="Command and arguments that write the artefact into /artefact.")
    restore: list[str] = Field(description="Command and arguments that restore from /artefact.")


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    options = Options.model_validate(access.component.engine_options)
    with access.stack.tool(
        access.component.service,
        image=ToolImage.SERVICE,
        writable=False,
        networked=True,
        artefact=access.artefact,
        artefact_writable=True,
    ) as shell:
        environment = access.stack.environment(access.component.service)
        shell.run(options.backup, timeout_s=access.timeout_s, environment=environment).ok()
    return {"tool": options.backup[0]}


def restore(access: RestoreAccess) -> None:
    options = Options.model_validate(access.component.engine_options)
    with access.stack.tool(
        access.component.service,
        image=ToolImage.SERVICE,
        writable=True,
        networked=True,
        artefact=access.artefact,
    ) as shell:
        environment = access.stack.environment(access.component.service)
        shell.run(options.restore, timeout_s=access.timeout_s, environment=environment).ok()
