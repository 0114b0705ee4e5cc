"""Verdict, evidence, drill and plan, shown to people and programs: files, terminal, HTML, JUnit."""

from harness.report.files import RECORD, read_verdict, verdict_bytes, write_record, write_reports, write_verdict
from harness.report.html import html_text
from harness.report.index import write_index

__all__ = [
    "RECORD",
    "html_text",
    "read_verdict",
    "verdict_bytes",
    "write_index",
    "write_record",
    "write_reports",
    "write_verdict",
]
