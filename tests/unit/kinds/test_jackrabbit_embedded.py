"""What a built-in repository has kept, and which records its Derby databases name, asked while it runs and at rest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import CommandResult, HttpReply, ToolImage
from harness.kinds.portals import jackrabbit_embedded as portal
from harness.kinds.portals._jackrabbit.writes import SIGNS, attached
from harness.model.evidence import Instant, Mark
from harness.model.restore_point import Canary

MARK = Mark(name="canary_written", at=Instant(monotonic_s=1, utc=datetime(2026, 11, 30, tzinfo=UTC), boot_id="one"))
NAME = "portal-drill-canary-first"
RECORD = hashlib.sha256(attached("first")).hexdigest()
WRITTEN = Canary(
    number=1,
    token="first",
    refs={"search_index": NAME, "repository_directory": RECORD},
    acknowledged=True,
    mark=MARK,
)
EDITED = Canary(
    number=2,
    token="second",
    refs={"search_index": NAME, "repository_directory": NAME},
    acknowledged=True,
    mark=MARK,
)
LINES = f"{'b' * 64} version_bundle/2\n{'a' * 64} default_bundle/1\n"


class Repository:
    """A stack whose server holds one release and one attachment, or one of them."""

    def __init__(self, words: str = "", indexed: str = "", record: bool = True, runs: bool = True) -> None:
        self.words, self.indexed, self.record, self.runs = words, indexed, record, runs
        self.tools: list[ToolImage] = []
        self.index_status, self.shell_ends = 200, 0

    def environment(self, service: str) -> dict[str, str]:
        return {"PORTAL_ADMIN_PASSWORD": "admin"}

    def addresses(self) -> dict[str, str]:
        return {"release": "10.0.0.3"} if self.runs else {}

    def http(self, service: str, port: int) -> Any:
        def request(method: str, path: str, **more: Any) -> HttpReply:
            said: Any = {"portal-drill": {NAME: {"words": self.words}}}
            if path == "/xl/index":
                said = {"items": [{"releaseId": NAME, "words": self.indexed}]}
            status = self.index_status if path == "/xl/index" else 200
            return HttpReply(status, {}, LINES.encode() if path == "/xl/records" else json.dumps(said).encode())

        return SimpleNamespace(request=request)

    def shell(self, service: str) -> Any:
        def run(argv: Sequence[str], **more: Any) -> CommandResult:
            said = f"{RECORD}  -\n" if self.record else "-\n"
            return CommandResult(tuple(argv), self.shell_ends, said.encode(), b"", False, 0.0)

        return SimpleNamespace(run=run)

    @contextmanager
    def tool(self, service: str, *, image: ToolImage, writable: bool) -> Iterator[Any]:
        assert not writable
        self.tools.append(image)
        yield SimpleNamespace(stream=lambda argv, **more: iter([LINES.encode()]))

    @property
    def access(self) -> Any:
        component = SimpleNamespace(service="release", options={"path": "/opt/xl-release-server/repository"})
        described = SimpleNamespace(service="release", port=5516, options={})
        return SimpleNamespace(stack=self, drill=SimpleNamespace(component=lambda name: component), portal=described)


ALL = " ".join(("first", "second", *SIGNS))
BEFORE_THE_EDIT = " ".join(("first", *SIGNS))


@pytest.mark.parametrize(
    ("repository", "lost"),
    [
        (Repository(ALL, ALL), set()),
        (Repository(ALL, ALL, record=False), {(1, "repository_directory")}),
        (Repository(BEFORE_THE_EDIT, ALL), {(2, "repository_directory")}),
        (Repository(ALL, BEFORE_THE_EDIT), {(2, "search_index")}),
        (Repository("first second", ALL), {(1, "repository_directory"), (2, "repository_directory")}),
    ],
    ids=["all", "attachment lost", "edit lost", "edit not indexed", "signs lost"],
)
def test_directory_keeps_a_write_if_release_and_attachment_are_there(
    repository: Repository, lost: set[tuple[int, str]]
) -> None:
    kept = list(portal.kept_canaries(repository.access, [WRITTEN, EDITED]))
    assert {(number, tier) for number, tier, _ in kept} == {(n, t) for n in (1, 2) for t in portal.TIERS}
    assert {(number, tier) for number, tier, good in kept if not good} == lost


def test_index_that_does_not_answer_has_lost_nothing() -> None:
    repository = Repository(ALL, ALL)
    for status, raised in ((500, CommandFailed), (504, CouldNotAsk)):
        repository.index_status = status
        with pytest.raises(raised, match=f"HTTP {status}"):
            list(portal.kept_canaries(repository.access, [WRITTEN]))


def test_records_that_were_not_all_looked_for_are_not_lost() -> None:
    repository = Repository(ALL, ALL)
    repository.shell_ends = 137
    with pytest.raises(CouldNotAsk, match=r"1 files of .*/datastore were not all looked for"):
        list(portal.kept_canaries(repository.access, [WRITTEN]))


@pytest.mark.parametrize("runs", [True, False])
def test_records_are_asked_of_the_server_or_read_of_a_copy(runs: bool) -> None:
    repository = Repository(runs=runs)
    found = [(one.component, one.key, one.row) for one in portal.references(repository.access)]
    assert found == [
        ("repository_directory", f"repository/datastore/{letter * 2}/{letter * 2}/{letter * 2}/{letter * 64}", row)
        for letter, row in (("a", "default_bundle/1"), ("b", "version_bundle/2"))
    ]
    assert repository.tools == ([] if runs else [ToolImage.SERVICE])
