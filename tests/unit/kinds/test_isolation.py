"""The check isolation on hand-written observations: open ways, undeclared attempts, and what nobody recorded."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import written_drill

from harness.kinds import registry
from harness.kinds.checks import isolation
from harness.kinds.contracts import Judgement, Record
from harness.model.drill import External, Portal
from harness.model.evidence import Evidence, Instant, Observation
from harness.model.plan import Plan
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
SHUT = {"name": "services of the host", "open": False, "found": "no answer"}


def attempt(sort: str, target: str, port: int | None = None, detail: str = "", service: str = "web") -> dict[str, Any]:
    return {"service": service, "sort": sort, "target": target, "port": port, "detail": detail, "count": 1}


def judged(
    attempts: list[dict[str, Any]],
    *,
    ways: tuple[dict[str, Any], ...] = (SHUT,),
    not_recorded: tuple[str, ...] = (),
    external: tuple[External, ...] = (),
    **options: Any,
) -> Judgement:
    data: Any = {"attempts": attempts, "ways_out": [*ways], "not_recorded": [*not_recorded]}
    at = Instant.model_validate({"monotonic_s": 1, "utc": "2026-11-21T07:51:00Z", "boot_id": "one"})
    evidence = Evidence(lines=(Observation(name="isolation", data=data, at=at),), complete=True, sha256="")
    drill = written_drill(
        portal=Portal(kind="sql", service="db", port=5432),
        external=external,
    )
    plan = Plan(drill="shop", components=(), services=(), capture=(), recover=())
    record = Record(drill, plan, None, evidence, True)
    return isolation.judge(record, registry.options(isolation, options))


def test_nothing_asked_and_nothing_open_passes() -> None:
    result = judged([])
    assert (result.outcome, result.found) == (PASS, "1 ways out tried, none is open; it asked for nothing")


@pytest.mark.parametrize(
    ("attempts", "named"),
    [
        ([attempt("name", "db.example", None, "A")], "web asked for the name db.example"),
        (
            [attempt("name", "db.example", None, "A"), attempt("connection", "db.example", 5432, "TCP")],
            "web tried to connect to db.example:5432 (TCP)",
        ),
        ([attempt("connection", "198.51.100.20", 5432, "TCP")], "web tried to connect to 198.51.100.20:5432 (TCP)"),
        (
            [attempt("connection", "mail.example", 25, "TCP"), attempt("mail", "mail.example", 25, "from a to b")],
            "web sent a mail to mail.example:25: from a to b",
        ),
        ([attempt("request", "hooks.example", 80, "GET /x")], "web called hooks.example:80: GET /x"),
        (
            [attempt("host", "172.18.0.1", None, "dropped")],
            "web asked 1 times for services of the machine that the engine runs on",
        ),
    ],
)
def test_undeclared_attempt_fails_and_is_named_once(attempts: list[dict[str, Any]], named: str) -> None:
    result = judged(attempts)
    assert (result.outcome, result.items.first, result.items.count) == (FAIL, (named,), 1)


def test_open_way_fails_though_nothing_was_asked() -> None:
    result = judged([], ways=(SHUT, {"name": "other networks", "open": True, "found": "bridge"}))
    assert (result.outcome, result.items.first) == (FAIL, ("other networks: open: bridge",))


def test_declared_attempts_pass_and_are_said() -> None:
    mail = [attempt("name", "mail.example", None, "A"), attempt("connection", "mail.example", 25, "TCP")]
    allowed = [{"host": "mail.*", "port": 25, "reason": "a relay"}]
    result = judged(mail, allowed=allowed)
    assert result.outcome is PASS
    assert "web tried to connect to mail.example:25" in result.found


def test_another_port_than_the_declared_one_fails() -> None:
    result = judged(
        [attempt("connection", "mail.example", 5432, "TCP")],
        allowed=[{"host": "mail.example", "port": 25, "reason": "a relay"}],
    )
    assert result.outcome is FAIL


def test_reachable_system_of_the_drill_passes_and_another_does_not() -> None:
    fonts = External(host="fonts.example", reason="pages link to it", reachable=True)
    assert judged([attempt("name", "fonts.example")], external=(fonts,)).outcome is PASS
    known = External(host="mail.example", reason="a relay")
    assert judged([attempt("name", "mail.example")], external=(known,)).outcome is FAIL


def test_record_that_is_not_whole_is_unknown_and_hides_no_attempt() -> None:
    lacking = ("web has no route to the sink",)
    assert judged([], not_recorded=lacking).outcome is UNKNOWN
    assert judged([attempt("name", "db.example")], not_recorded=lacking).outcome is FAIL


def test_way_that_could_not_be_tried_is_unknown() -> None:
    result = judged([], ways=({"name": "the outside", "open": None, "found": "no tool container"},))
    assert (result.outcome, result.found) == (UNKNOWN, "the outside: no tool container")
    assert judged([], ways=()).outcome is UNKNOWN


def test_everything_allowed_makes_a_run_partial() -> None:
    options = registry.options(isolation, {"allowed": [{"host": "*", "reason": "too lazy"}], "watch_s": 1.0})
    assert [*isolation.loosened(options)] == [  # type: ignore[arg-type]  # options of this check
        "the portal is watched for 1 s, not 5 s",
        "any host like * may be asked for",
    ]
