"""The operator's own backup and restore commands, run in a container of the component's service image.

The commands find the component's volumes at their paths, other services by name, and must write to (read
from) `/artefact`. Their exit codes are believed only when they are bad: what was written is looked at.

Keys that they encrypt with are in no backup. Each is fetched from its declared place at the backup and once more at
the restore, as on the day on which nothing else is left (GEN-D24).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from harness.errors import CommandFailed, CouldNotAsk, HarnessBroken, NotThere
from harness.kinds.contracts import (
    BackupAccess,
    KindOptions,
    RestoreAccess,
    SecretReference,
    Shell,
    ToolImage,
)
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"file_tree", "git", "index_files", "opensearch", "postgresql"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "finished"
KEYS = "/dev/shm/keys"
# A container's /dev/shm is memory, unless its image or a volume puts something else there: then no key is written.
_LAY = """set -eu; umask 077; mkdir -p "$1"
[ "$(stat -f -c %T "$1")" = tmpfs ] || { echo "$1 is not in memory" >&2; exit 1; }
umask 377; cat >"$1/$2" """
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _file_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a plain file name, such as backup.key")
    return value


class Options(KindOptions):
    backup: list[str] = Field(description="Command and arguments that write the artefact into /artefact.")
    restore: list[str] = Field(description="Command and arguments that restore from /artefact.")
    keys: dict[Annotated[str, AfterValidator(_file_name)], SecretReference] = Field(
        default={},
        description="Keys by file name, which the commands find in /dev/shm/keys; each a reference.",
        json_schema_extra={"propertyNames": {"pattern": f"^{_NAME.pattern}$"}},
    )


def needed_keys(options: Options) -> Mapping[str, str]:
    return options.keys


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Run the operator's command. Raises: as `_run`."""
    options = Options.model_validate(access.component.engine_options)
    keys = _fetched(access, options)
    with access.stack.tool(
        access.component.service,
        image=ToolImage.SERVICE,
        writable=False,
        networked=True,
        artefact=access.artefact,
        artefact_writable=True,
    ) as shell:
        _run(access, shell, options.backup, keys)
    return {"tool": options.backup[0]}


def restore(access: RestoreAccess) -> None:
    """Run the operator's command. Raises: as `_run`."""
    options = Options.model_validate(access.component.engine_options)
    keys = _fetched(access, options)
    with access.stack.tool(
        access.component.service,
        image=ToolImage.SERVICE,
        writable=True,
        networked=True,
        artefact=access.artefact,
    ) as shell:
        _run(access, shell, options.restore, keys)


def _fetched(access: BackupAccess | RestoreAccess, options: Options) -> dict[str, bytes]:
    """Each key as it is at its declared place now.

    Raises: CommandFailed if one is not there, CouldNotAsk if nobody can tell.
    """
    found = {}
    for name, place in options.keys.items():
        try:
            found[name] = access.stack.resolved(place).encode()
        except NotThere as error:
            lost = f"the key {name} is not at its place {place}: nobody can read this backup without it (GEN-D24)"
            raise CommandFailed(f"{lost}; {error}") from error
        except HarnessBroken as error:
            raise CouldNotAsk(f"whether the key {name} is at its place {place} cannot be told: {error}") from error
    return found


def _run(access: BackupAccess | RestoreAccess, shell: Shell, argv: list[str], keys: Mapping[str, bytes]) -> None:
    """The command, with the keys in memory beside it: never on a disk, in a command line or in its environment.

    Raises: CommandFailed if it says no, CouldNotAsk if it cannot be run, or cannot be given a key.
    """
    for name, key in keys.items():
        laid = shell.run(["sh", "-c", _LAY, "sh", KEYS, name], stdin=key, timeout_s=access.timeout_s)
        if laid.exit_code:
            said = (laid.stderr or laid.stdout).decode(errors="replace").strip()
            raise CouldNotAsk(f"the key {name} could not be laid into {KEYS} beside {access.component.service}: {said}")
    environment = access.stack.environment(access.component.service)
    shell.run(argv, timeout_s=access.timeout_s, environment=environment).ok()
