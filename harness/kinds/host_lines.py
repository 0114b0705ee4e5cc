"""Which lines can name a host at all: one extended regular expression, for `grep -E` as for `re`, over bytes.

Each alternative is what a sign in `host_signs.py` or `endpoints.py` cannot do without; a line that has none of them
names nothing and leaves nothing open for a later line. Who reads needs besides: the line after each, lines with a zero
byte (UTF-16), and a file's first line if it begins with UTF-16's mark.
"""

from __future__ import annotations

import re

from harness.kinds.host_signs import DOMAINS, HOST_WORDS, WEAK_WORDS

_COLON = r"\\?:"  # Java's properties have a backslash before it
_WORD = re.sub(
    r"[a-z]", lambda letter: f"[{letter[0].upper()}{letter[0]}]", f"({HOST_WORDS}|{WEAK_WORDS})".replace("(?:", "(")
)
_VALUE = r"[=:>][^A-Za-z0-9]*"  # what stands directly before a value
MAY_NAME = "|".join(
    (
        rf"{_COLON}\\?/\\?/",  # a URL
        r"@(\[|\\|[A-Za-z0-9/])",  # a mail address, user@host
        rf"\.[a-z][a-z0-9-]+\.?{_COLON}[0-9][0-9]",  # a dotted name with its port
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",  # IPv4
        rf"[0-9A-Fa-f]{_COLON}{_COLON}|{_COLON}{_COLON}[0-9A-Fa-f]|([0-9A-Fa-f]{{1,4}}{_COLON}){{7}}",  # IPv6
        rf"""{_WORD}(["']|[^A-Za-z0-9_]*[=:])|<[^<> ]*{_WORD}[^A-Za-z0-9_]""",  # a key that names a host
        rf"{_VALUE}[a-z0-9_-]+\.([a-z0-9_-]+\.|({'|'.join(sorted(DOMAINS))}))",  # a name that stands alone
        rf"{_VALUE}[A-Za-z][A-Za-z0-9_.-]*{_COLON}[0-9]",  # a word with a port
        r"\$\{|xmlns|chemaLocation",  # what is taken out joins what stands around it
        r"<!|-->",  # comments
        r"\\[^!-~]*$|<[^<> ]*-(name|value)[^A-Za-z0-9_.:-]",  # a key whose value stands on another line
    )
)
