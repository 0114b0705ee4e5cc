"""`junit.xml`: one test case per check and objective; FAIL is `<failure>`, UNKNOWN is `<error>` (LR-17)."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from harness.model.verdict import CheckResult, Outcome, Verdict
from harness.report.rows import not_exercised, rows
from harness.report.sentences import explain_row, verdict_sentence

_ELEMENT = {Outcome.FAIL: "failure", Outcome.UNKNOWN: "error"}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_bytes(verdict: Verdict) -> bytes:
    found, apart = rows(verdict), not_exercised(verdict)
    judged = [row.outcome for row in found if row.name not in apart]
    suite = ElementTree.Element(
        "testsuite",
        name=verdict.drill,
        timestamp=verdict.started_utc.replace(tzinfo=None).isoformat(timespec="seconds"),
        tests=str(len(found)),
        failures=str(judged.count(Outcome.FAIL)),
        errors=str(judged.count(Outcome.UNKNOWN)),
        skipped=str(len(found) - len(judged)),
    )
    _properties(suite, verdict)
    for row in found:
        _case(suite, row, verdict)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def _properties(suite: ElementTree.Element, verdict: Verdict) -> None:
    values = {
        "verdict": verdict_sentence(verdict),
        "outcome": verdict.outcome,
        "recovered": str(verdict.recovered).lower(),
        "run": verdict.run,
        "restore_point": verdict.restore_point or "",
        "product": verdict.product,
        "portal": verdict.portal,
        "stand_in": verdict.stand_in or "",
        "harness_version": verdict.harness_version,
    }
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=in_xml(value))


def _case(suite: ElementTree.Element, row: CheckResult, verdict: Verdict) -> None:
    part = "objectives" if row.when == "objective" else "checks"
    case = ElementTree.SubElement(suite, "testcase", classname=f"{verdict.drill}.{part}", name=row.name)
    if row.name in not_exercised(verdict):
        ElementTree.SubElement(case, "skipped", message=in_xml(row.found))
    elif row.outcome in _ELEMENT:
        said = ElementTree.SubElement(case, _ELEMENT[row.outcome], type=row.outcome, message=in_xml(row.found))
        said.text = in_xml(explain_row(row, ""))


def in_xml(text: str) -> str:
    """The text with characters that XML 1.0 cannot carry written as escapes."""
    return _NOT_IN_XML.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
