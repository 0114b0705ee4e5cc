"""References to secrets, `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}`, resolved at the last moment."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue

from harness.clock import remaining_s
from harness.containers.hooks import OnSecret
from harness.errors import HarnessBroken, NotThere
from harness.model.drill import Service

REFERENCE = re.compile(r"\$\{(?:env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?|file:(?P<file>/[^}]+))\}")
READING_S = 30.0  # a share whose server is gone keeps its readers for ever


def resolve(text: str, on_secret: OnSecret) -> str:
    """`text` with every reference replaced; `on_secret` is told what each stands for, before anybody can use it.

    Nobody gets a value to use without that: a secret that was renewed during a run must be left out too.

    Raises: NotThere, naming the reference, if a variable is not set, or a file does not exist or is empty;
    HarnessBroken if a file cannot be read, in time, as text.
    """

    def value(reference: re.Match[str]) -> str:
        found = _value(reference)
        on_secret(found)
        return found

    return REFERENCE.sub(value, text)


def resolved(environment: Mapping[str, str], on_secret: OnSecret) -> dict[str, str]:
    """As `resolve`, of each value."""
    return {name: resolve(value, on_secret) for name, value in environment.items()}


def secrets_of(services: Iterable[Service]) -> frozenset[str]:
    """What the services' references stand for, so that the journal can leave it out."""
    values = (value for service in services for value in service.environment.values())
    return frozenset(secret for value in values for secret in secrets_in_text(value))


def secrets_in_text(text: str) -> frozenset[str]:
    """What the references in one text stand for. Raises as `resolve`."""
    return frozenset(secret for reference in REFERENCE.finditer(text) if (secret := _value(reference)))


def secrets_at_hand(text: str) -> frozenset[str]:
    """As `secrets_in_text`, of the references that stand for anything now: the others are missed by who needs them."""
    found = set[str]()
    for reference in REFERENCE.finditer(text):
        with suppress(HarnessBroken):
            found.add(_value(reference))
    return frozenset(found)


def _value(reference: re.Match[str]) -> str:
    if reference["file"]:
        return _text_in(reference[0], reference["file"])
    value = os.environ.get(reference["name"], "")
    if value:
        return value
    if reference["default"] is None:
        raise NotThere(f"{reference[0]}: the environment variable {reference['name']} is not set")
    return reference["default"][2:]


def _text_in(reference: str, path: str) -> str:
    try:
        text = in_time(lambda: _content(path)).decode().rstrip("\r\n")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise NotThere(f"{reference} cannot be read: {error}") from error
    except UnicodeDecodeError:  # which would quote a byte of it
        raise HarnessBroken(f"{reference} cannot be read: it is no text in UTF-8") from None
    except OSError as error:
        raise HarnessBroken(f"{reference} cannot be read: {error}") from error
    if not text:
        raise NotThere(f"{reference} is an empty file")
    return text


def _content(path: str) -> bytes:
    """Of a file: a pipe or device may keep its reader waiting, and gives nothing a second time."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(f"{path} is a folder")
        if not stat.S_ISREG(mode):
            raise OSError(f"{path} is no regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def in_time(read: Callable[[], bytes], within_s: float = READING_S) -> bytes:
    """What is read. Raises: TimeoutError if that takes longer; else as `read`. Whoever hangs is left behind."""
    said = SimpleQueue[bytes | OSError]()

    def work() -> None:
        try:
            said.put(read())
        except OSError as error:
            said.put(error)

    threading.Thread(target=work, name="reference", daemon=True).start()
    try:
        found = said.get(timeout=remaining_s(within_s))
    except Empty:
        raise TimeoutError(f"its place gave no answer within {within_s:g} s") from None
    if isinstance(found, OSError):
        raise found
    return found
