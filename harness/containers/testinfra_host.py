"""A testinfra host on a running service: its commands go through our own shell, with real deadlines."""

from __future__ import annotations

from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult  # type: ignore[import-untyped]  # it ships no types
from testinfra.host import Host  # type: ignore[import-untyped]  # as above

from harness.errors import CouldNotAsk
from harness.kinds.contracts import Shell

MOST_S = 600.0  # one command that is run outside of any test


class ShellBackend(BaseBackend):  # type: ignore[misc]  # untyped, as above
    """Runs testinfra's commands by `/bin/sh -c`, as its backend for Docker does."""

    NAME = "portal-drill"

    def __init__(self, shell: Shell, service: str, user: str | None) -> None:
        super().__init__(service)
        self._shell, self._user = shell, user
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Raises: CouldNotAsk if there is no whole answer."""
        text = self.get_command(command, *args)
        said = self._shell.run(["/bin/sh", "-c", text], user=self._user, timeout_s=MOST_S)
        if said.truncated:
            raise CouldNotAsk(f"{self.hostname}: `{text[:200]}` printed more than is kept")
        return self.result(said.exit_code, self.encode(text), said.stdout, said.stderr)


def host_of(shell: Shell, service: str, user: str | None) -> Host:
    return Host(ShellBackend(shell, service, user))
