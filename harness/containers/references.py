"""References to secrets, `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}`, resolved at the last moment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.errors import HarnessBroken
from harness.model.drill import Service

REFERENCE = re.compile(r"\$\{(?:env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?|file:(?P<file>/[^}]+))\}")


def resolve(text: str) -> str:
    """`text` with every reference replaced.

    Raises: HarnessBroken, naming the reference, if a variable is not set or a file cannot be read.
    """
    return REFERENCE.sub(_value, text)


def resolved(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: resolve(value) for name, value in environment.items()}


def secrets_of(services: Iterable[Service]) -> frozenset[str]:
    """What the services' references stand for, so that the journal can leave it out."""
    values = (value for service in services for value in service.environment.values())
    return frozenset(secret for value in values for secret in secrets_in_text(value))


def secrets_in_text(text: str) -> frozenset[str]:
    """What the references in one text stand for."""
    return frozenset(secret for reference in REFERENCE.finditer(text) if (secret := _value(reference)))


def _value(reference: re.Match[str]) -> str:
    if reference["file"]:
        try:
            return Path(reference["file"]).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise HarnessBroken(f"{reference[0]} cannot be read: {error}") from error
    value = os.environ.get(reference["name"], "")
    if value:
        return value
    if reference["default"] is None:
        raise HarnessBroken(f"{reference[0]}: the environment variable {reference['name']} is not set")
    return reference["default"][2:]
