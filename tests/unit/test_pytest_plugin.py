"""The plugin on hand-written verdicts; its stages are handed in through its own hook."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest_plugins = ["pytester"]

VERDICTS = Path(__file__).parents[1] / "golden" / "verdicts"
CONFTEST = f'''
import os, time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
import pytest
from harness.errors import DrillFileWrong, HarnessBroken, Mistake
from harness.model.verdict import Verdict
from harness.stages import Stages

class Fake(Stages):
    """A drill file holds one word: the verdict that its run comes to."""

    def read_drill(self, path):
        word = path.read_text().strip()
        if word == "wrong":
            raise DrillFileWrong((Mistake(path.name, 3, 7, "900", "a span with a unit", "write 15 min"),
                                  Mistake(path.name, 9, 1, "portl", "a key of a drill", "portal")))
        shown = Verdict.model_validate_json(Path("{VERDICTS}", (word.split()[0] + ".json")).read_bytes())
        return SimpleNamespace(name=path.name, word=word, checks=shown.checks, shown=shown)

    def make_plan(self, drill, only=()):
        return SimpleNamespace(only=only)

    @contextmanager
    def drill_run(self, drill, plan, *, root, progress, restore_point, keep):
        log = root / "log.txt"
        def say(text):
            with log.open("a") as file:
                file.write(f"{{drill.name}} {{text}}\\n")
        say(f"enter only={{','.join(plan.only)}} keep={{keep}} point={{restore_point and restore_point.name}}")
        progress.run_started(drill.name, "run-1", "reports/x")
        run = SimpleNamespace(run_id="run-1", folder=root / "reports" / "run-1", verdict=None)
        try:
            if "interrupt" in drill.word:
                raise KeyboardInterrupt
            if "broken" in drill.word:
                raise HarnessBroken("no space is left on the engine")
            if "crash" in drill.word:
                raise TypeError("a mistake of ours")
            yield run
        finally:
            say("leave")
            if "lost" not in drill.word:
                run.verdict = drill.shown

@pytest.hookimpl
def pytest_portal_drill_stages(config):
    return Fake()
'''


@pytest.fixture
def drills(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    return pytester


def drill(pytester: pytest.Pytester, name: str, word: str) -> None:
    (pytester.path / f"{name}.drill.yaml").write_text(word)


def log(pytester: pytest.Pytester) -> list[str]:
    return (pytester.path / "log.txt").read_text().splitlines()


def test_a_drill_is_one_item_per_check_and_objective_and_collecting_runs_nothing(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "recovered")
    result = drills.runpytest("--collect-only", "-q")
    assert result.ret == 0
    names = ["capture", "restore_point", "data_parity", "index_consistency", "rto", "rpo", "skew", "downtime"]
    assert [line for line in result.outlines if "::" in line] == [f"nightly.drill.yaml::{name}" for name in names]
    assert not (drills.path / "log.txt").exists()


def test_a_name_that_two_drill_files_have_is_a_mistake_of_the_second(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST.replace("name=path.name", "name='nightly'"))
    for name in ("a", "b"):
        (pytester.path / f"{name}.drill.yaml").write_text("recovered")
    result = pytester.runpytest()
    assert result.ret == 2
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["b.drill.yaml:1:1: found the name *, which a.drill.yaml:1:1 has; expected a name *"])


@pytest.mark.parametrize("word", ["recovered", "wrong"])
def test_python_looks_for_garbage_again_once_all_is_collected(drills: pytest.Pytester, word: str) -> None:
    drill(drills, "nightly", word)
    drills.makepyfile("import gc\nwhile_collected = gc.isenabled()\n"
                      "def test_it():\n    assert (while_collected, gc.isenabled()) == (False, True)")  # fmt: skip
    result = drills.runpytest_inprocess("--continue-on-collection-errors", "-k", "test_it")
    result.assert_outcomes(passed=1, errors=word == "wrong", deselected=8 if word == "recovered" else 0)
    assert gc.isenabled()


def test_the_first_item_performs_the_drill_once_and_all_pass(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "recovered")
    (drills.path / "other.drill.yml").write_text("recovered")
    result = drills.runpytest()
    result.assert_outcomes(passed=16)
    assert result.ret == 0
    assert log(drills) == [
        "nightly.drill.yaml enter only= keep=False point=None",
        "nightly.drill.yaml leave",
        "other.drill.yml enter only= keep=False point=None",
        "other.drill.yml leave",
    ]
    result.stdout.fnmatch_lines(["*drill liferay-nightly*", "rto: stage*", "Recovered in 41 s; nothing lost*"])


def test_a_failure_is_told_without_a_traceback(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "not_recovered")
    result = drills.runpytest()
    result.assert_outcomes(passed=4, failed=4)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "data_parity: FAIL",
            "  expected  what the source held",
            "  found     12 rows missing, 1 file changed",
            "  the first 4 of 13:",
            "    database public.blog:17",
            "  required by LR-22, GEN-D3",
            "  evidence  reports/run-1/evidence.jsonl",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*.py:*")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_unknown_has_a_letter_a_word_a_count_and_a_section_and_fails_the_run(
    drills: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    drill(drills, "nightly", "unknown")
    result = drills.runpytest(*workers)
    assert result.ret == 1
    assert any(line.count("U") >= 2 and set("UP.") & set(line) for line in result.outlines)
    result.stdout.fnmatch_lines(
        [
            "*UNKNOWN: could not tell*",
            "nightly.drill.yaml::isolation",
            "  found     its observation timed out*",
            "nightly.drill.yaml::rto",
            "*drill liferay-nightly*",
            "Could not tell whether it recovers: isolation*",
            "*7 passed, 2 unknown*",
        ]
    )
    assert "FAILED" not in result.stdout.str()


def test_unknown_is_a_yellow_word_when_verbose(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "unknown")
    result = drills.runpytest("-v", "--color=yes")
    assert "\x1b[33mUNKNOWN\x1b[0m" in result.stdout.str()


def test_mistakes_of_the_author_are_lines_and_stop_the_collection(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "wrong")
    result = drills.runpytest("--collect-only")
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        [
            "nightly.drill.yaml:3:7: found 900; expected a span with a unit",
            "    hint: write 15 min",
            "nightly.drill.yaml:9:1: found portl; expected a key of a drill",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("chosen", "only"),
    [
        (("nightly.drill.yaml::data_parity",), "data_parity"),
        (("-k", "data_parity or rto"), "data_parity,rto"),
        (
            ("--deselect", "nightly.drill.yaml::capture"),
            "restore_point,data_parity,index_consistency,rto,rpo,skew,downtime",
        ),
        (("nightly.drill.yaml", "nightly.drill.yaml::rto"), ""),
    ],
)
def test_a_chosen_subset_is_a_partial_run(drills: pytest.Pytester, chosen: tuple[str, ...], only: str) -> None:
    drill(drills, "nightly", "recovered")
    result = drills.runpytest(*chosen)
    assert result.ret == 0
    assert log(drills) == [f"nightly.drill.yaml enter only={only} keep=False point=None", "nightly.drill.yaml leave"]


def test_objectives_that_a_recovery_cannot_measure_are_skipped(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "partial")
    result = drills.runpytest("--restore-point", "points/one", "--portal-drill-keep")
    result.assert_outcomes(passed=1, skipped=4)
    result.stdout.fnmatch_lines(["kept: docker ps --filter label=portal-drill.run=2*; remove it with portal-drill gc"])
    assert log(drills)[0].endswith("keep=True point=one")


def test_an_outcome_without_an_item_still_fails_the_run(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "not_recovered")
    result = drills.runpytest("-k", "capture")
    result.assert_outcomes(passed=1, deselected=7)
    assert result.ret == 1


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("recovered broken", "  found     no space is left on the engine"),
        ("recovered crash", "*TypeError: a mistake of ours"),
        ("recovered lost", "  found     the run ended without a verdict"),
    ],
)
def test_a_broken_harness_makes_every_item_unknown(drills: pytest.Pytester, word: str, said: str) -> None:
    drill(drills, "nightly", word)
    result = drills.runpytest()
    assert result.ret == 1
    result.stdout.fnmatch_lines([said, "*8 unknown*"])
    assert log(drills).count("nightly.drill.yaml leave") == 1


def test_an_interrupt_passes_through_after_teardown(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "recovered interrupt")
    result = drills.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert log(drills)[-1] == "nightly.drill.yaml leave"


@pytest.mark.parametrize("dist", ["load", "loadgroup", "loadscope"])
def test_one_worker_runs_one_drill_whole(drills: pytest.Pytester, dist: str) -> None:
    for number in range(4):
        drill(drills, f"drill_{number}", "recovered")
    drills.makepyfile(test_other="import pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_it(n): pass\n")
    result = drills.runpytest("-n", "2", "--dist", dist)
    result.assert_outcomes(passed=4 * 8 + 20)
    assert sorted(log(drills)) == sorted(
        line
        for number in range(4)
        for line in (f"drill_{number}.drill.yaml enter only= keep=False point=None", f"drill_{number}.drill.yaml leave")
    )
    assert result.stdout.str().count("Recovered in 41 s") == 4
    assert "run run-1" not in result.stdout.str()


def test_failures_on_workers_read_the_same(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "not_recovered")
    drill(drills, "weekly", "unknown")
    result = drills.runpytest("-n", "2")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["data_parity: FAIL", "  found     12 rows missing, 1 file changed"])
    result.stdout.fnmatch_lines(["*UNKNOWN: could not tell*", "weekly.drill.yaml::isolation"])
    result.stdout.fnmatch_lines(["*4 failed, 11 passed, 2 unknown*"])


def test_a_suite_without_drills_keeps_its_scheduler(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        def pytest_collection_finish(session):
            assert "harness.model" not in __import__("sys").modules

        def pytest_xdist_node_collection_finished(node):
            print("scheduler", type(node.config.pluginmanager.getplugin("dsession").sched).__name__)
        """
    )
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess("-n", "1", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*scheduler LoadScheduling*"])


def test_progress_is_shown_past_the_capture_unless_quiet(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "recovered")
    drills.runpytest_subprocess().stdout.fnmatch_lines(["nightly.drill.yaml  run run-1  reports/x"])
    drills.runpytest_subprocess("-q").stdout.no_fnmatch_line("*run run-1*")


def test_junit_of_pytest_has_every_item(drills: pytest.Pytester) -> None:
    drill(drills, "nightly", "unknown")
    drills.runpytest("--junitxml=out.xml")
    cases = list(ElementTree.parse(drills.path / "out.xml").iter("testcase"))
    assert len(cases) == 9
    assert [case.get("name") for case in cases if len(case) and case.find("failure") is not None] == [
        "isolation",
        "rto",
    ]


def test_importing_the_plugin_is_cheap() -> None:
    heavy = "import sys; before = set(sys.modules); import harness.pytest_plugin; print(set(sys.modules) - before)"
    loaded = subprocess.run(
        [sys.executable, "-c", f"import pytest; {heavy}"], capture_output=True, text=True, check=True
    ).stdout
    assert not [name for name in ("pydantic", "rich", "jinja2", "yaml", "docker", "httpx") if f"'{name}'" in loaded]


def test_a_thousand_drill_files_are_collected_in_seconds(drills: pytest.Pytester) -> None:
    """What the plugin adds; reading YAML is measured where it is read."""
    for number in range(1000):
        drill(drills, f"drill_{number}", "recovered")
    began_s = time.process_time()
    result = drills.runpytest_inprocess("--collect-only", "-q")
    assert time.process_time() - began_s < 3
    assert len([line for line in result.outlines if "::" in line]) == 8000
