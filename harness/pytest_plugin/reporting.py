"""The part of the plugin that reports: UNKNOWN beside passed and failed, verdicts across workers, the summary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.pytest_plugin.collecting import PERFORMANCES

UNKNOWN = ("portal_drill_outcome", "UNKNOWN")  # a property of a report
_FROM_WORKERS = "portal_drill_verdicts"
_RECEIVED = pytest.StashKey[list[tuple[str, str]]]()  # verdicts of the session: folder, verdict.json


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RECEIVED] = []


def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    if isinstance(report, pytest.TestReport) and UNKNOWN in [tuple(each) for each in report.user_properties]:
        return "unknown", "U", ("UNKNOWN", {"yellow": True})
    return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a worker: hand the verdicts over. Else: nothing is green unless every verdict is."""
    texts = session.config.stash[_RECEIVED]
    for performance in session.config.stash[PERFORMANCES].values():
        performance.leave()
        done = performance.performed
        texts.extend([(done.folder, done.verdict.model_dump_json(by_alias=True))] if done and done.verdict else [])
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_FROM_WORKERS] = texts
        return
    if session.exitstatus == pytest.ExitCode.OK and any(json.loads(text)["outcome"] != "PASS" for _, text in texts):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    sent = getattr(node, "workeroutput", {}).get(_FROM_WORKERS, [])
    node.config.stash[_RECEIVED].extend((folder, text) for folder, text in sent)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    unknown = terminalreporter.stats.get("unknown", [])
    if unknown:
        terminalreporter.section("UNKNOWN: could not tell", yellow=True)
    for report in unknown:
        terminalreporter.write_line(report.nodeid, yellow=True)
        terminalreporter.write_line(report.longreprtext)
    received = config.stash[_RECEIVED]
    if received:
        from harness.model.verdict import Verdict
        from harness.report.sentences import kept_sentence
        from harness.report.terminal import as_text
    for folder, text in sorted(received):
        verdict = Verdict.model_validate_json(text)
        terminalreporter.section(f"drill {verdict.drill}")
        terminalreporter.write_line(as_text(verdict, folder, color=terminalreporter.hasmarkup))
        if config.getoption("--portal-drill-keep"):
            terminalreporter.write_line(kept_sentence(verdict.run))
