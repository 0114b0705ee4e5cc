"""What is left out of all that a run writes: secrets, each as `***` (DESIGN 7)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from harness.containers.references import secrets_at_hand, secrets_in_text, secrets_of
from harness.model.drill import Drill, Service
from harness.model.evidence import CommandLine, LogLine, Mark, Observation, StepLine
from harness.model.frozen import Frozen

Written = TypeVar("Written", Mark, Observation, CommandLine, StepLine, LogLine)
Declared = TypeVar("Declared", bound=Frozen)

# What people read in a line of evidence. All else there is a name, a time, a number or one word of a few.
TEXTS = ("reason", "argv", "output", "text", "facts", "data")
# In facts and data, and as the name of an observation whose data is a list: below these keys stands what is looked up,
# compared or counted afterwards. A password may be the name of a component, or four digits of a digest.
OF_MARKS = ("run", "fault", "nonce", "token", "ref", "freshness", "tier")
OF_ITEMS = ("component", "moment", "path", "sha256", "form", "kept", "rotated", "first", "id", "image", "golden_key")
OF_HOSTS = ("service", "host_names", "addresses", "sort", "target", "main", "users", "names")
OF_CHECKS = ("name", "outcome", "chosen", "not_chosen", "file", "entry", "not_before", "not_after", "differences")
NAMES = frozenset((*OF_MARKS, *OF_ITEMS, *OF_HOSTS, *OF_CHECKS))
# In a drill or its plan: what only containers and tools read. All else is declared, and the judge looks it up.
GIVEN = frozenset({"environment", "command", "engine_options"})


def without(secrets: Iterable[str], text: str) -> str:
    """`text` with every secret as `***`, the longest first: one that contains another is hidden whole."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def line_without(secrets: Iterable[str], line: Written) -> Written:
    """A line of evidence without secrets in its texts; what is judged of it stays as it is."""
    held = {text: getattr(line, text) for text in TEXTS if text in type(line).model_fields}
    if isinstance(line, Observation) and line.name in NAMES and isinstance(line.data, list):
        del held["data"]
    return line.model_copy(update={text: _without(secrets, value) for text, value in held.items()})


def declared_without(secrets: Iterable[str], declared: Declared) -> Declared:
    """A drill or plan, to be saved, without secrets in what it gives to containers and tools."""
    return type(declared).model_validate(_given_without(secrets, declared.model_dump(mode="json")))


def secrets_in(services: Iterable[Service], drill: Drill) -> frozenset[str]:
    """What references stand for, and plain values of variables that are named like secrets (DESIGN 7).

    Those of components and checks that are not at their places are left out: who needs them asks for them, and hides
    what is found then (GEN-D24). Raises: HarnessBroken for those of services and the portal.
    """
    plain = {
        value
        for service in services
        for name, value in service.environment.items()
        if any(word in name.upper() for word in ("PASSWORD", "SECRET", "TOKEN"))
    }
    known = plain | secrets_of(services) | secrets_in_text(json.dumps(drill.portal.options, ensure_ascii=False))
    options = [*((one.options, one.engine_options) for one in drill.components), *(use.options for use in drill.checks)]
    return worth_hiding(known | secrets_at_hand(json.dumps(options, ensure_ascii=False)))


def worth_hiding(secrets: Iterable[str]) -> frozenset[str]:
    """Secrets as they may be written: whole, and line by line, as tools print them; none that hides common words."""
    whole = frozenset(secret for secret in secrets if len(secret) > 3)
    return whole | {line for secret in whole for line in secret.splitlines() if len(line) > 7}


def _without(secrets: Iterable[str], value: Any, names: frozenset[str] = NAMES) -> Any:
    if isinstance(value, str):
        return without(secrets, value)
    if isinstance(value, dict):
        return {key: below if key in names else _without(secrets, below, names) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without(secrets, below, names) for below in value)
    return value


def _given_without(secrets: Iterable[str], value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without(secrets, below, frozenset()) if key in GIVEN else _given_without(secrets, below)
            for key, below in value.items()
        }
    return [_given_without(secrets, below) for below in value] if isinstance(value, list) else value
