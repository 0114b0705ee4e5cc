"""Tests beside a drill file on a real restored database: what they come to is in the verdict, by the check `tests`."""

from __future__ import annotations

from pathlib import Path

import pytest
from drill_bench import DRILL_FILE, Bench, Finished

from harness.drill_files import file_of_tests
from harness.model.progress import Silent
from harness.pipeline import changed_since, drill_run, judge_saved
from harness.prepare import make_plan, read_drill
from harness.pytest_plugin.alone import run_own_tests
from harness.report.files import verdict_bytes

pytestmark = pytest.mark.engine

PASSWORD = "Postgres-4711"
HEAD = """
import pytest

@pytest.fixture
def shop(restored):
    password = restored.environment("db")["POSTGRES_PASSWORD"]
    with restored.sql("db", database="shop", user="postgres", password=password) as connection:
        yield connection
"""


def recovered(bench: Bench, point: Path, name: str, tests: str) -> Finished:
    """The restore point again, by a drill file of another name with these tests beside it; other checks left out."""
    file = bench.root / "with_tests" / f"{name}.drill.yaml"
    file.parent.mkdir(exist_ok=True)
    stack = str(DRILL_FILE.parents[1] / "fixtures" / "stacks" / "postgresql" / "compose.yaml")
    text = DRILL_FILE.read_text(encoding="utf-8").replace("fixtures/stacks/postgresql/compose.yaml", stack)
    file.write_text(text, encoding="utf-8")
    file_of_tests(file).write_text(HEAD + tests, encoding="utf-8")
    drill = read_drill(file)
    plan = make_plan(drill, only_checks=("tests",))
    with drill_run(drill, plan, root=bench.root, progress=Silent(), restore_point=point) as run:
        run_own_tests(run, drill, file)
    return Finished(run.run_id, run.folder)


def test_own_tests_of_the_clean_drill_hold(clean: Finished) -> None:
    assert clean.check("tests")["outcome"] == "PASS"
    assert "test_reports_see_this_year_and_nobody_else_does" in clean.check("tests")["found"]


def test_one_that_fails_is_named_and_what_it_said_has_no_secret(bench: Bench, point: Path) -> None:
    run = recovered(
        bench,
        point,
        "failing",
        """
def test_holds(shop, restored):
    assert restored.host("db", user="postgres").check_output("id -un") == "postgres"

def test_fails(shop, restored):
    (count,) = shop.execute("SELECT count(*) FROM stock.product").fetchone()
    assert (count, restored.environment("db")["POSTGRES_PASSWORD"]) == (0, "")

def test_is_refused(shop):
    shop.execute("SELECT * FROM there_is_none")
""",
    )
    found = run.check("tests")
    assert (run.verdict["outcome"], found["outcome"], found["items"]["count"]) == ("FAIL", "FAIL", 2)
    assert found["items"]["first"][0].startswith("test_fails: assert (1804, '***') == (0, '')")
    assert 'relation "there_is_none" does not exist' in found["items"]["first"][1]
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in run.folder.iterdir() if path.is_file())
    assert verdict_bytes(judge_saved(run.folder)) == (run.folder / "verdict.json").read_bytes()
    assert bench.left_of(run.run) == []


def test_what_nobody_knows_is_unknown(bench: Bench, point: Path) -> None:
    run = recovered(
        bench,
        point,
        "unknown",
        """
def test_holds(shop):
    assert shop.execute("SELECT 1").fetchone() == (1,)

def test_loses_its_connection(shop):
    shop.execute("SELECT pg_terminate_backend(pg_backend_pid())")

@pytest.fixture
def broken(shop):
    raise RuntimeError("of our own making")

def test_has_a_broken_fixture(broken): pass
""",
    )
    found = run.check("tests")
    assert (run.verdict["outcome"], found["outcome"], found["items"]["count"]) == ("UNKNOWN", "UNKNOWN", 2), found
    assert found["items"]["first"][0].startswith("test_loses_its_connection: ")
    assert "in a fixture, setup: RuntimeError: of our own making" in found["items"]["first"][1]


def test_what_is_skipped_makes_the_run_partial(bench: Bench, point: Path) -> None:
    tests = "def test_holds(shop): pass\ndef test_needs_more(shop): pytest.skip('no licence server here')\n"
    run = recovered(bench, point, "skipping", tests)
    assert run.check("tests")["outcome"] == "PASS"
    assert "tests: test_needs_more: skipped: no licence server here" in run.verdict["partial"]


def test_tests_that_cannot_be_read_are_unknown(bench: Bench, point: Path) -> None:
    run = recovered(bench, point, "unreadable", "def test_it(:\n")
    assert (run.verdict["outcome"], run.check("tests")["outcome"]) == ("UNKNOWN", "UNKNOWN")
    assert "SyntaxError" in run.check("tests")["found"]


def test_gate_closes_when_the_tests_are_others(clean: Finished, bench: Bench) -> None:
    changed = bench.drill.model_copy(update={"tests": {"test_postgresql.py": "0" * 64}})
    assert changed_since(clean.folder, changed) == ("test_postgresql.py, which holds tests of the drill, has changed",)
    without = bench.drill.model_copy(update={"tests": {}})
    assert changed_since(clean.folder, without) == ("test_postgresql.py, which holds tests of the drill, has changed",)
