"""Verdict, evidence, drill and plan, shown to people and programs: files, terminal, HTML, JUnit."""

from harness.report.files import read_verdict, verdict_bytes, write_reports, write_verdict, write_whole
from harness.report.html import html_text
from harness.report.index import write_index

__all__ = ["html_text", "read_verdict", "verdict_bytes", "write_index", "write_reports", "write_verdict", "write_whole"]
