"""Handles in memory: a shell whose answers are scripted, a stack that gives it, HTTP by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from harness.kinds.contracts import (
    AttemptRecord,
    BackupAccess,
    CommandResult,
    HttpReply,
    RestoreAccess,
    ToolImage,
    WayOut,
)
from harness.model.drill import Component, Drill, Objectives, Portal, Source, Stack
from harness.model.evidence import Evidence
from harness.model.restore_point import RestorePoint

Answer = tuple[int, str, str]  # exit code, stdout, stderr
PASSWORD = "Postgres-4711"


class FakeShell:
    """Answers a command by the first entry whose words all stand in it; any other ends well and says nothing."""

    def __init__(self, answers: Mapping[tuple[str, ...], Answer | Exception]) -> None:
        self.answers = answers
        self.commands: list[tuple[str, ...]] = []
        self.inputs: list[bytes | None] = []
        self.environments: list[Mapping[str, str]] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str | None = None,
        stdin: bytes | None = None,
        timeout_s: float,
        environment: Mapping[str, str] | None = None,
    ) -> CommandResult:
        self.commands.append(tuple(argv))
        self.inputs.append(stdin)
        self.environments.append(environment or {})
        for words, answer in self.answers.items():
            if all(word in argv for word in words):
                if isinstance(answer, Exception):
                    raise answer
                code, out, err = answer
                return CommandResult(tuple(argv), code, out.encode(), err.encode(), False, 0.1)
        return CommandResult(tuple(argv), 0, b"", b"", False, 0.1)

    def stream(self, argv: Sequence[str], *, user: str | None = None, timeout_s: float) -> Iterator[bytes]:
        yield self.run(argv, user=user, timeout_s=timeout_s).ok().stdout

    @property
    def programs(self) -> list[str]:
        return [argv[0] for argv in self.commands]


class FakeHttp:
    def __init__(self, answer: Callable[[str, str], HttpReply]) -> None:
        self.answer = answer
        self.requests: list[tuple[str, str]] = []

    def request(self, method: str, path: str, **given: Any) -> HttpReply:
        self.requests.append((method, path))
        return self.answer(method, path)


class FakeStack:
    """`tools` records what each tool container was given."""

    role: Literal["source", "sandbox"] = "source"

    def __init__(self, shell: FakeShell | None = None, http: FakeHttp | None = None) -> None:
        self.the_shell, self.the_http = shell or FakeShell({}), http
        self.tools: list[dict[str, Any]] = []
        self.volumes: Mapping[str, str] = {}
        self.changed: list[str] = []
        self.places: dict[str, str | Exception] = {}  # what references stand for

    def shell(self, service: str) -> FakeShell:
        return self.the_shell

    def http(self, service: str, port: int) -> FakeHttp:
        assert self.the_http
        return self.the_http

    def sql(self, service: str, *, database: str, user: str, password: str) -> Any:
        raise NotImplementedError

    def environment(self, service: str) -> Mapping[str, str]:
        return {"POSTGRES_PASSWORD": PASSWORD}

    def resolved(self, text: str) -> str:
        found = self.places.get(text, text)
        if isinstance(found, Exception):
            raise found
        return found

    def addresses(self) -> Mapping[str, str]:
        return {}

    def host_names(self) -> Mapping[str, str]:
        return {}

    def attempts(self) -> AttemptRecord:
        return AttemptRecord(())

    def ways_out(self) -> tuple[WayOut, ...]:
        return ()

    def mounts(self, service: str) -> tuple[str, ...]:
        return ()

    def attached(self, service: str) -> Mapping[str, str]:
        return self.volumes

    def changed_files(self, service: str) -> Iterator[str]:
        return iter(self.changed)

    def logs(self, service: str) -> str:
        return ""

    def log_lines(self, service: str) -> Iterator[str]:
        return iter(())

    @contextmanager
    def tool(self, service: str, *, image: ToolImage, writable: bool, **given: Any) -> Iterator[FakeShell]:
        self.tools.append({"image": image, "writable": writable} | given)
        yield self.the_shell


def written_drill(**fields: Any) -> Drill:
    """A drill by hand of which only what is given matters."""
    usual: dict[str, Any] = {
        "name": "shop",
        "file": "shop.drill.yaml",
        "sha256": "0" * 64,
        "product": "plain",
        "portal": Portal(kind="wagtail", service="web", port=8080),
        "stand_in": None,
        "why": "nightly",
        "source": Source(stack=Stack(file="compose.yaml", services=())),
        "schedule_s": None,
        "objectives": Objectives(),
        "components": (),
        "checks": (),
    }
    return Drill(**usual | fields)


def backup_access(stack: FakeStack, artefact: Path, kind: str, options: dict[str, Any], **engine: Any) -> BackupAccess:
    component = Component(
        name="it", kind=kind, service="db", engine="any", options=options, engine_options=engine
    )  # fmt: skip
    return BackupAccess(component, stack, artefact, "pair", 60)


def restore_access(
    stack: FakeStack, artefact: Path, kind: str, options: dict[str, Any], facts: dict[str, Any], **engine: Any
) -> RestoreAccess:
    component = Component(name="it", kind=kind, service="db", engine="any", options=options, engine_options=engine)
    return RestoreAccess(component, stack, artefact, "pair", facts, 60)


def written_point(**fields: Any) -> RestorePoint:
    """A restore point by hand of which only what is given matters."""
    usual: dict[str, Any] = {
        "id": "20261121T075100Z-4f3a",
        "drill": "shop",
        "drill_sha256": "0" * 64,
        "product": "plain",
        "portal": "wagtail",
        "harness_version": "0",
        "captured_utc": datetime(2026, 11, 21, tzinfo=UTC),
        "nonce": "today",
        "artefacts": (),
        "inventories": (),
        "survey": {},
        "versions": {},
        "canaries": (),
        "evidence": Evidence(lines=(), complete=False, sha256="0" * 64),
    }
    return RestorePoint(**usual | fields)
