"""The journal: evidence written line by line, so that `kill -9` loses nothing already seen (DESIGN 3, 8)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from harness import clock
from harness.errors import HarnessBroken
from harness.model.evidence import (
    CommandLine,
    EndLine,
    Evidence,
    Line,
    LogLine,
    Mark,
    Observation,
    Seen,
    StepLine,
    StepState,
)
from harness.model.frozen import JsonValue
from harness.run.secrets import Written, line_without, without

_LINE: TypeAdapter[Line] = TypeAdapter(Line)


class Journal:
    """Appends lines to `evidence.jsonl`; safe to use from several threads; each line reaches the kernel
    before the call returns. In texts one of `secrets` is written as `***` (DESIGN 7); what is judged, names, times
    and numbers among it, stays as it is (`run/secrets`)."""

    def __init__(self, path: Path, secrets: Iterable[str] = ()) -> None:
        self._secrets: dict[str, str] = {}  # each with what it is in a line of JSON
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb", buffering=0)
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._lines: list[Line] = []
        self._closed = False
        self._path = path
        self.broken = ""  # why no more can be written; what was written until then stays
        self.hide(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on these are left out too: a key may be another one when it is asked for again."""
        with self._lock:
            if new := {*secrets} - self._secrets.keys():
                escaped = {secret: json.dumps(secret, ensure_ascii=False)[1:-1] for secret in new}
                self._secrets = self._secrets | escaped  # others may be reading it

    def redacted(self, text: str) -> str:
        """`text` with every secret as `***`."""
        return without(self._secrets, text)

    def _write(self, line: Written) -> Written:
        """The line as it was written."""
        try:
            written = line.model_dump_json()
        except PydanticSerializationError:  # text that is not Unicode, such as the name of a file
            line = type(line).model_validate(_unicode(line.model_dump()))
            written = line.model_dump_json()
        secrets = self._secrets
        if any(escaped in written for escaped in secrets.values()):
            line = line_without(secrets, line)
            written = line.model_dump_json()
        text = written.encode() + b"\n"
        with self._lock:
            if self._closed or self.broken:
                return line  # a thread that was given up on has nothing more to say
            self._append(text)
            self._hash.update(text)
            self._lines.append(line)
        return line

    def _append(self, text: bytes) -> None:
        """Raises: HarnessBroken if not all of it reached the kernel: what happens from then on is not known."""
        try:
            written = self._file.write(text)
            reason = "" if written == len(text) else f"only {written} of {len(text)} bytes were written"
        except OSError as error:
            reason = str(error)
        if reason:
            self.broken = f"the evidence cannot be written any more: {reason}"
            raise HarnessBroken(self.broken)

    def mark(self, name: str, subject: str = "", **facts: JsonValue) -> Mark:
        return self._write(Mark(name=name, subject=subject, at=clock.now(), facts=facts))

    def observe(
        self, name: str, data: JsonValue, *, subject: str = "", seen: Seen = Seen.SEEN, reason: str = ""
    ) -> None:
        self._write(Observation(name=name, subject=subject, seen=seen, reason=reason, data=data, at=clock.now()))

    def step(self, step: str, state: StepState, duration_s: float, reason: str = "") -> StepLine:
        """The line of the step; its first one, if it has ended before: a thread that was given up on says no more."""
        if earlier := self.so_far().step(step):
            return earlier
        seconds = round(duration_s, 3)
        return self._write(StepLine(step=step, state=state, reason=reason, duration_s=seconds, at=clock.now()))

    def command(self, where: str, argv: tuple[str, ...], exit_code: int | None, duration_s: float, output: str) -> None:
        self._write(
            CommandLine(
                where=where,
                argv=tuple(word[:300] for word in argv),
                exit_code=exit_code,
                duration_s=round(duration_s, 3),
                output=output[-2000:],
                at=clock.now(),
            )
        )

    def log(self, text: str) -> None:
        self._write(LogLine(text=text, at=clock.now()))

    def so_far(self) -> Evidence:
        """All lines written until now; not complete."""
        with self._lock:
            return Evidence(lines=tuple(self._lines), complete=False, sha256=self._hash.hexdigest())

    def close(self) -> Evidence:
        """Write the end line with count and digest. Later lines are dropped.

        Evidence that could not be written to its end is what lies on the disk: not complete.
        """
        with self._lock:
            end = EndLine(count=len(self._lines), sha256=self._hash.hexdigest())
            self._closed = True
            with contextlib.suppress(HarnessBroken):
                if not self.broken:
                    self._append(end.model_dump_json().encode() + b"\n")
            self._file.close()
            if self.broken:
                return read_evidence(self._path)
            return Evidence(lines=tuple(self._lines), complete=True, sha256=end.sha256)


def read_evidence(path: Path) -> Evidence:
    """The saved evidence. A last line cut short is dropped; `complete` only if the end line agrees.

    Raises: FileNotFoundError.
    """
    digest, lines = hashlib.sha256(), list[Line]()
    complete = False
    for text in path.read_bytes().splitlines(keepends=True):
        try:
            line = _LINE.validate_json(text)
        except ValidationError:
            break
        if isinstance(line, EndLine):
            complete = line.count == len(lines) and line.sha256 == digest.hexdigest()
            break
        digest.update(text)
        lines.append(line)
    return Evidence(lines=tuple(lines), complete=complete, sha256=digest.hexdigest())


def _unicode(value: Any) -> Any:
    """The same data with bytes that surrogates stand for written out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_unicode(key): _unicode(below) for key, below in value.items()}
    return [_unicode(below) for below in value] if isinstance(value, list | tuple) else value


def plain(value: Any) -> JsonValue:
    """A frozen model or a mapping of them as JSON data for an observation."""
    return TypeAdapter(Any).dump_python(value, mode="json")  # type: ignore[no-any-return]
