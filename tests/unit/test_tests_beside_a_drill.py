"""Plain pytest tests beside a drill file, on a run that is handed in: what pytest shows, and what is noted of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

VERDICTS = Path(__file__).parents[1] / "golden" / "verdicts"
CONFTEST = f'''
import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
import pytest
from harness.containers.restored import how_it_went
from harness.errors import CouldNotAsk, HarnessBroken, OutOfTime
from harness.model.evidence import Seen
from harness.model.verdict import Verdict
from harness.run.interrupts import interrupted_after
from harness.stages import Stages

class Tests:
    """What a run gives to its tests; everything it is told becomes a line of the log."""

    def __init__(self, say, word):
        self.say, self.word = say, word

    @property
    def restored(self):
        if "down" in self.word:
            raise CouldNotAsk("not run: the portal was not restored, or did not start")
        return SimpleNamespace(word=self.word, ask=self.ask)

    def ask(self):
        raise CouldNotAsk("the connection is gone")

    def begin(self, chosen, not_chosen):
        self.say("begin", chosen=chosen, not_chosen=not_chosen)

    @contextmanager
    def in_time(self):
        with interrupted_after(0.3, "0.3 s"):
            yield

    def how_it_went(self, error):
        return Seen.TIMED_OUT if isinstance(error, OutOfTime) else how_it_went(error)

    def ended(self, test):
        if "full" in self.word:
            raise HarnessBroken("no space is left")
        self.say("ended", **test.model_dump(mode="json"))

class Fake(Stages):
    def read_drill(self, path):
        shown = Verdict.model_validate_json(Path("{VERDICTS}", "recovered.json").read_bytes())
        uses = [SimpleNamespace(name=check.name) for check in shown.checks] + [SimpleNamespace(name="tests")]
        return SimpleNamespace(name=path.name, word=path.read_text(), checks=uses, shown=shown)

    def make_plan(self, drill, only=()):
        return SimpleNamespace(only=only)

    @contextmanager
    def drill_run(self, drill, plan, *, root, progress, restore_point, keep):
        def say(what, **more):
            with (root / "log.jsonl").open("a") as file:
                file.write(json.dumps(dict(drill=drill.name, what=what, **more)) + "\\n")
        say("enter", only=plan.only)
        if "broken" in drill.word:
            raise HarnessBroken("no engine answers")
        tests = Tests(say, drill.word) if not plan.only or "tests" in plan.only else None
        run = SimpleNamespace(run_id="run-1", folder=root / "reports" / "run-1", verdict=None, tests=tests)
        try:
            yield run
        finally:
            say("leave")
            partial = ("tests: not run",)
            run.verdict = drill.shown.model_copy(update=dict(partial=partial, recovered=False))

@pytest.hookimpl
def pytest_portal_drill_stages(config):
    return Fake()

@pytest.fixture
def of_the_conftest(restored):
    return restored.word
'''
CHECKS = 9  # of the verdict, `tests` and objectives, as items


@pytest.fixture
def drills(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    return pytester


def drill(pytester: pytest.Pytester, tests: str, name: str = "nightly-1.2", word: str = "sound") -> None:
    (pytester.path / f"{name}.drill.yaml").write_text(word)
    module = f"test_{name.replace('-', '_').replace('.', '_')}.py"
    (pytester.path / module).write_text("import pytest\n" + tests)


def log(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    path = pytester.path / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def noted(pytester: pytest.Pytester) -> dict[str, str]:
    """Of each test what was noted: its outcome, else how it went."""
    return {line["name"]: line["outcome"] or line["seen"] for line in log(pytester) if line["what"] == "ended"}


THREE = """
def test_one(restored): assert restored.word == "sound"
@pytest.mark.parametrize("n", [1, 2])
def test_two(of_the_conftest, n): assert of_the_conftest
"""


@pytest.mark.parametrize(
    "asked",
    [
        (),
        ("nightly-1.2.drill.yaml",),
        ("nightly-1.2.drill.yaml", "test_nightly_1_2.py"),
        ("nightly-1.2.drill.yaml", "-n", "2"),
        ("-n", "2", "--dist", "loadfile"),
    ],
)
def test_tests_run_while_the_drill_is_open_and_before_its_checks(
    drills: pytest.Pytester, asked: tuple[str, ...]
) -> None:
    drill(drills, THREE)
    result = drills.runpytest(*asked)
    result.assert_outcomes(passed=3 + CHECKS - 1, skipped=1)  # the verdict handed in has no row `tests`
    assert [line["what"] for line in log(drills)] == ["enter", "begin", "ended", "ended", "ended", "leave"]
    assert log(drills)[0]["only"] == []
    assert log(drills)[1]["chosen"] == ["test_one", "test_two[1]", "test_two[2]"]
    assert log(drills)[1]["not_chosen"] == []
    assert set(noted(drills).values()) == {"passed"}


def test_collecting_lists_them_and_runs_nothing(drills: pytest.Pytester) -> None:
    drill(drills, THREE)
    result = drills.runpytest("--collect-only", "-q", "nightly-1.2.drill.yaml")
    names = [line for line in result.outlines if "::" in line]
    assert names[:3] == [f"test_nightly_1_2.py::{name}" for name in ("test_one", "test_two[1]", "test_two[2]")]
    assert len(names) == 3 + CHECKS
    assert log(drills) == []


def test_each_drill_has_its_own_tests_and_its_own_run(drills: pytest.Pytester) -> None:
    for name in ("first", "second"):
        drill(drills, f"def test_it(restored): assert restored.word == {name!r}", name, name)
    drills.makepyfile(test_other="def test_of_nobody(): pass")
    result = drills.runpytest()
    result.assert_outcomes(passed=2 * CHECKS + 1, skipped=2)
    for name in ("first", "second"):
        said = [line["what"] for line in log(drills) if line["drill"] == f"{name}.drill.yaml"]
        assert said == ["enter", "begin", "ended", "leave"]


@pytest.mark.parametrize(
    ("body", "came_to", "shown"),
    [
        ("assert 1 == 2", "failed", "*1 failed*"),
        ("pytest.fail('not there')", "failed", "*1 failed*"),
        ("restored.ask()", "could_not_ask", "*1 unknown*"),
        ("{}['key']", "crashed", "*1 unknown*"),
        ("open('/no/such/file')", "could_not_ask", "*1 unknown*"),
        ("import time; time.sleep(60)", "timed_out", "*1 unknown*"),
        ("pytest.skip('no licence here')", "skipped", "*2 skipped*"),
        ("pytest.xfail('ticket 7')", "skipped", "*1 xfailed*"),
    ],
)
def test_what_a_test_comes_to(drills: pytest.Pytester, body: str, came_to: str, shown: str) -> None:
    drill(drills, f"def test_it(restored): {body}")
    result = drills.runpytest()
    assert noted(drills) == {"test_it": came_to}
    result.stdout.fnmatch_lines([shown])
    assert log(drills)[-1]["what"] == "leave"
    assert result.ret == (0 if came_to == "skipped" else 1)


def test_what_was_said_and_where_is_noted(drills: pytest.Pytester) -> None:
    drill(drills, "def test_it(restored):\n    assert restored.word == 'lost'")
    drills.runpytest()
    (line,) = [line for line in log(drills) if line["what"] == "ended"]
    assert line["said"].startswith("assert 'sound' == 'lost'")
    assert line["place"] == "test_nightly_1_2.py:3"


@pytest.mark.parametrize(
    ("source", "came_to", "said"),
    [
        ("@pytest.fixture\ndef ready(): assert False\ndef test_it(ready): pass", "crashed", "in a fixture, setup: "),
        (
            "@pytest.fixture\ndef ready():\n    yield\n    assert False\ndef test_it(ready): pass",
            "crashed",
            "in a fixture, teardown: ",
        ),
        (
            "import time\n@pytest.fixture\ndef ready(): time.sleep(60)\ndef test_it(ready): pass",
            "timed_out",
            "in a fixture, setup: ",
        ),
        ("@pytest.mark.xfail\ndef test_it(): pass", "skipped", "marked to fail, and passed"),
        ("@pytest.mark.xfail(strict=True)\ndef test_it(): pass", "crashed", "[XPASS(strict)]"),
        ("@pytest.mark.xfail(reason='ticket 7')\ndef test_it(): assert 0", "skipped", "did: ticket 7"),
        ("def test_it(there_is_none): pass", "crashed", "in a fixture, setup: "),
    ],
)
def test_fixtures_and_marks_say_nothing_of_the_portal(
    drills: pytest.Pytester, source: str, came_to: str, said: str
) -> None:
    drill(drills, source)
    drills.runpytest()
    (line,) = [line for line in log(drills) if line["what"] == "ended"]
    assert line["outcome"] or line["seen"] == came_to
    assert said in line["said"]


def test_a_test_that_catches_everything_ends_all_the_same(drills: pytest.Pytester) -> None:
    drill(drills, "import time\ndef test_it():\n    try: time.sleep(60)\n    except BaseException: time.sleep(60)")
    drills.runpytest()
    assert noted(drills) == {"test_it": "timed_out"}


def test_a_part_of_the_tests_is_a_part_of_the_drill(drills: pytest.Pytester) -> None:
    tests = (
        THREE + "class TestMore:\n    def test_three(self): pass\nclass TestEvenMore:\n    def test_four(self): pass\n"
    )
    drill(drills, tests)
    drills.runpytest("test_nightly_1_2.py::TestMore::test_three").assert_outcomes(passed=1)
    assert log(drills)[0]["only"] == ["tests"]
    assert log(drills)[1]["chosen"] == ["TestMore::test_three"]
    assert log(drills)[1]["not_chosen"] == ["TestEvenMore", "test_one", "test_two[1]", "test_two[2]"]


@pytest.mark.parametrize(
    ("chosen", "only", "ran"),
    [
        ("test_one", ["tests"], ["test_one"]),
        ("test_two or rto", ["tests", "rto"], ["test_two[1]", "test_two[2]"]),
        ("rto", ["rto"], []),
    ],
)
def test_what_k_chooses_is_run(drills: pytest.Pytester, chosen: str, only: list[str], ran: list[str]) -> None:
    drill(drills, THREE)
    assert drills.runpytest("-k", chosen).ret == 0
    assert log(drills)[0]["only"] == only
    assert list(noted(drills)) == ran


def test_x_stops_and_the_drill_is_left_with_a_verdict(drills: pytest.Pytester) -> None:
    drill(drills, "def test_it(restored): assert 0\ndef test_next(): pass")
    result = drills.runpytest("-x")
    result.assert_outcomes(failed=1)
    assert [line["what"] for line in log(drills)] == ["enter", "begin", "ended", "leave"]
    result.stdout.fnmatch_lines(["*drill liferay-nightly*"])


def test_an_interrupt_leaves_the_drill_and_the_test_has_no_result(drills: pytest.Pytester) -> None:
    drill(drills, "def test_it(restored): raise KeyboardInterrupt")
    assert drills.runpytest_subprocess().ret == pytest.ExitCode.INTERRUPTED
    assert [line["what"] for line in log(drills)] == ["enter", "begin", "leave"]


@pytest.mark.parametrize(
    ("word", "said"), [("broken", "*no engine answers*"), ("down", "*the portal was not restored, or did not start*")]
)
def test_without_a_restored_portal_no_test_is_run(drills: pytest.Pytester, word: str, said: str) -> None:
    drill(drills, "def test_it(): raise SystemError('it was run')", word=word)
    result = drills.runpytest()
    result.stdout.fnmatch_lines(["*UNKNOWN: could not tell*", said])
    result.stdout.no_fnmatch_line("*it was run*")
    result.stdout.no_fnmatch_line("*Error*")
    assert set(noted(drills).values()) <= {"crashed"}


def test_evidence_that_cannot_be_written_ends_the_run(drills: pytest.Pytester) -> None:
    drill(drills, THREE, word="full")
    assert drills.runpytest().ret == 1
    assert [line["what"] for line in log(drills)] == ["enter", "begin", "leave"]


def test_a_file_of_no_drill_is_told_which_there_are(drills: pytest.Pytester) -> None:
    drill(drills, "")
    drills.makepyfile(test_nigthly="def test_it(restored): pass")
    result = drills.runpytest("test_nigthly.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["test_nigthly.py belongs to no drill*those of the drills beside it are test_nightly_1_2.py"]
    )
    assert log(drills) == []


def test_a_file_of_two_drills_is_refused(drills: pytest.Pytester) -> None:
    drill(drills, "def test_it(): pass", "a-b")
    drill(drills, "def test_it(): pass", "a.b")
    result = drills.runpytest()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["a-b.drill.yaml and a.b.drill.yaml would both have these tests*"])


def test_other_peoples_fixture_of_that_name_is_theirs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n@pytest.fixture\ndef restored(): return 1\ndef test_it(restored): assert restored"
    )
    pytester.runpytest().assert_outcomes(passed=1)
