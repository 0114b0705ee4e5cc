"""What grep leaves out names no host: every line in which the reader finds something has what is looked for."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_endpoints import test_host_is_found, test_what_is_no_host_is_not_found

from harness.kinds.endpoints import Piece, named_at, named_in
from harness.kinds.host_lines import MAY_NAME

EXPRESSION = re.compile(MAY_NAME.encode())
HOSTS = r"""node-1 a.b a.b.c. a.example db.production.example smtp 10.0.0.1 \u0661.2.3.4 2001:db8::17 [::1]
    fe80::1%eth0 1:2:3:4:5:6:7:8 xn--a.xn--b T12:30 com 8080 \u0664\u0664"""
KEYS = """host HOSTS Server url mail.host nodes web.id password token name value xmlHost ho\u017ft bro\u212aer xurl
    -name -value admin"""
SIGNS = r""": = :: :// http jdbc:h2: // @ thin: \ \: \= \/ " ' \u00a0 \u2028 , ; [ ] { } ${x:- < </ > /> <!-- --> # !
    <!DOCTYPE xmlns="a" xsi:schemaLocation='b' <param-name> </param-name> <param-value> </param-value> . _ - \u00e9"""
WORDS = [
    word.encode().decode("unicode_escape") if "\\u" in word else word for word in f"{HOSTS} {KEYS} {SIGNS}".split()
]
LINE = st.lists(st.sampled_from([*WORDS, " "]), max_size=12).map("".join)


def may_name(line: str) -> bool:
    return EXPRESSION.search(line.encode()) is not None


@given(LINE)
@example("ho\u017ft=one")
@example("bro\u212aer=one")
@example('<x bro\u212aer="one"/>')
@example("a.example:\u0664\u0664")
@example("k=a.${x:-b}.c")
@example("x<!-- -->=a.b.c")
@example("host xmlns='a' =one")
def test_line_that_names_a_host_has_what_is_looked_for(line: str) -> None:
    if [*named_in([line])]:
        assert may_name(line)


@given(st.lists(LINE, max_size=8))
@example(["k=\\", "a.b.c"])
@example(["<x-name>host</x-name>", "nothing", "<x-value>", "one"])
@example(["<!--", "http://a", "-->", "http://b"])
def test_nothing_else_is_found_when_the_other_lines_are_left_out(lines: list[str]) -> None:
    taken = [may_name(line) for line in lines]
    kept = [Piece(n, line) for n, line in enumerate(lines, 1) if taken[n - 1] or (n > 1 and taken[n - 2])]
    assert [*named_at(kept)] == [*named_in(lines)]


def test_grep_takes_the_same_lines() -> None:
    lines = [case[0] for case in marked(test_host_is_found)] + marked(test_what_is_no_host_is_not_found)
    lines += ["", "plain text", "time: 12:30", '"title": "The server is down", "at": "2026-01-01T00:00:00"', *WORDS]
    lines += [f"{one}{other}" for one in WORDS for other in WORDS]
    given = "".join(f"{line}\n" for line in lines).encode()
    argv = ["grep", "-a", "-n", "-E", "-e", MAY_NAME]
    done = subprocess.run(argv, input=given, capture_output=True, check=True, env={"LC_ALL": "C"})
    taken = [int(line.partition(b":")[0]) for line in done.stdout.splitlines()]
    assert taken == [number for number, line in enumerate(lines, 1) if may_name(line)]
    assert len(taken) < len(lines)


def marked(test: object) -> list[str]:
    """The lines that a test is given."""
    (mark,) = test.pytestmark  # type: ignore[attr-defined]
    return [*mark.args[1]]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 17, "title": "The server is down", "at": "2026-01-01T00:00:00", "price": 12.5, "file": "a.pdf"}',
        "<p>Lorem ipsum dolor sit amet: consectetur</p>",
        "dl.store.file.path=/opt/liferay/data",
    ],
)
def test_usual_lines_without_a_host_are_left_out(line: str) -> None:
    assert not may_name(line)
