"""Finds hosts and addresses in configuration text: URLs, JDBC URLs, `host:port`, keys that name a host, literals.

Of every format the same few signs are read, because a portal's configuration is properties, OSGi files, XML,
scripts and JSON at once. What is commented out is not in use and is left out; so are XML namespaces, names of
classes and of files. Requirements: HCL-20, LR-D7, GEN-D20.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

TEXT = 200  # characters of a line that are quoted

# Lengths are bounded (RFC 1035), or a line of a megabyte would take hours.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL}){{0,15}}\.?"
_HOST = rf"(?:\[[0-9A-Fa-f:.%]{{2,50}}\]|{_NAME})"
_PORT = r"(?::(\d{1,5})(?![\d.]))?"
_URL = re.compile(
    rf"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{{0,30}})://(?:[^\s/@\"'<>]{{0,200}}@)?"
    rf"({_HOST}){_PORT}((?:,{_HOST}(?::\d+)?)*)"
)
_AT_HOST = re.compile(rf"(?<![\w/])(?:thin:(?:[^\s@/]{{0,100}}(?:/[^\s@]{{0,100}})?)?)?@(?://)?({_HOST}){_PORT}")
_EMAIL = re.compile(rf"(?<![\w.+%-])[\w.+%-]{{1,100}}@({_NAME})")
_WITH_PORT = re.compile(rf"(?<![\w.:/@-])({_HOST}):(\d{{2,5}})(?![\w.:-])")
_IPV4 = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(?![\w-]|\.\d)(?::(\d{1,5})\b)?")
_IPV6 = re.compile(r"(?<![\w:.])([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:.])")
_LISTED = re.compile(rf"\s*({_HOST}){_PORT}\s*")
_LIST_END = re.compile(r"[,;\s]+")
_DEFAULT = re.compile(r"\$\{\w+:?[-=]([^{}]*)\}")
_PAIR = re.compile(
    r"""(?:^|[\s,{;<"'])["']?([A-Za-z_][\w.:-]{0,200})["']?\s*(?:=|:(?=[\s"'\[]))\s*(\[[^\]]*\]|"[^"]*"|'[^']*'|.*)"""
    r"""|^([A-Za-z_][\w.-]{0,200}):(.*)"""
)
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([\w:.-]{1,200})\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ELEMENT = re.compile(r"<([\w:.-]+)[^<>]*>([^<>]*)</")
_NAMESPACES = re.compile(
    r"""\b(?:xmlns(?::[\w.-]+)?|(?:\w+:)?(?:schemaLocation|noNamespaceSchemaLocation))\s*=\s*("[^"]*"|'[^']*')"""
)
_DECLARED = re.compile(r"<!(?:DOCTYPE|ENTITY)[^>\[]*")
_SECRET_KEY = re.compile(r"(?i)(?:password|passwd|secret|token|credential|(?:secret|private|api|access)[._-]?key)s?$")
_SECRET_IN_TEXT = re.compile(r"""(?i)((?:password|passwd|pwd|secret|token)[\w.-]*["']?\s*[=:]\s*["']?)[^\s&"'<>;,]+""")
_USER_IN_URL = re.compile(r"(://[^\s/@:]*):[^\s/@]*@")
# The last word of a key says that its value is a host, alone or with a port, or a list of such. After the weaker
# words one plain word may be anything (an alias of a key, members of a group).
_HOST_WORDS = r"host(?:s|name|names)?|servers?|urls?|uris?|endpoints?|peers?|proxy|brokers?|smarthost"
_WEAK_WORDS = r"address(?:es)?|domains?|relay|gateway|web[._]?id|alias|nodes?|members?"
_BEFORE = r"(?:^|[._:-]|(?<=[a-z])(?=[A-Z])|(?i:smtp|mail|db|database|ldap|web|app|remote|jdbc|https?))"
_HOST_KEY = re.compile(rf"{_BEFORE}(?i:{_HOST_WORDS})$")
_WEAK_KEY = re.compile(rf"{_BEFORE}(?i:{_WEAK_WORDS})$")
_CLASS_ROOTS = frozenset(("com", "org", "net", "edu", "gov", "java", "javax", "jakarta", "sun", "io", "dev"))
_DOMAINS = frozenset(
    ("com", "org", "net", "edu", "gov", "info", "example", "local", "internal", "intranet", "lan", "corp")
)
_FILE_ENDING = re.compile(
    "bak|bin|bnd|cfg|class|conf|config|css|csv|dat|db|doc|dtd|ear|gif|gz|html|ini|jar|java|jks|jpg|js|json|key|log|lock"
    "|md|pdf|pem|pid|png|po|properties|py|sh|so|sql|sqlite3|state|svg|tar|tmp|ts|txt|war|xml|xsd|xsl|yaml|yml|zip"
)
_STANDARDS = frozenset(("www.w3.org", "java.sun.com", "xmlns.jcp.org", "jakarta.ee", "xmlns.oracle.com"))
_LOCAL_JDBC = re.compile(r"jdbc:(?:h2:(?!tcp|ssl)|hsqldb:(?!hsql|http)|derby:(?!//)|sqlite:)[^\s\"'<>]*")
_WORDS = frozenset(("true", "false", "none", "null", "default", "auto", "all", "any", "yes", "no", "on", "off"))


class Named(NamedTuple):
    """A host or address as it stands in a line; `port` None where none is given."""

    host: str
    port: int | None
    line: int
    text: str


def named_in(lines: Iterable[str], comments: tuple[str, ...] = ("#", "!", "//", ";")) -> Iterator[Named]:
    """Every host that the lines of one file name, numbered from 1; each once per line.

    Shape: `host` in lower case without brackets or a last dot; `text` the line, cut short, passwords left out.
    """
    reader = _Reader(comments)
    for number, line in enumerate(lines, 1):
        found: dict[tuple[str, int | None], None] = {}
        for host, port in reader.hosts(line):
            found[_plain(host), port] = None
        with_port = {host for host, port in found if port is not None}
        text = quoted(line) if found else ""
        yield from (Named(*one, number, text) for one in found if one[1] is not None or one[0] not in with_port)


def is_own(host: str) -> bool:
    """Whether a name or address never leaves the machine, or is made to lead nowhere (RFC 2606, RFC 6761)."""
    if host == "localhost" or host.endswith((".localhost", ".invalid")):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def quoted(line: str) -> str:
    """The line for people: passwords out of it, cut short."""
    text = _USER_IN_URL.sub(r"\1:…@", _SECRET_IN_TEXT.sub(r"\1…", line.strip()))
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


@dataclass
class _Reader:
    """Reads line by line; remembers a comment that is open, and a key whose value stands on a later line."""

    comments: tuple[str, ...]
    key: str = field(default="", init=False)
    in_comment: bool = field(default=False, init=False)

    def hosts(self, line: str) -> Iterator[tuple[str, int | None]]:
        text = self._without_comments(line)
        if not text:
            return
        text = _DECLARED.sub(" ", _NAMESPACES.sub(" ", text))
        text = text.replace(r"\:", ":").replace(r"\=", "=").replace(r"\/", "/")  # as Java writes properties
        pairs = list(self._pairs(text))
        secrets = [value for key, value in pairs if _SECRET_KEY.search(key)]
        for key, value in pairs:
            if value in secrets:
                text = re.sub(rf"(?i){re.escape(key)}\s*[=:]\s*[\"']?{re.escape(value)}", " ", text)
        yield from _anywhere(text)
        for key, value in pairs:
            if value not in secrets:
                yield from _of_value(key, value)

    def _without_comments(self, line: str) -> str:
        text = line.strip()
        if self.in_comment:
            _, end, text = text.partition("-->")
            self.in_comment = not end
        while "<!--" in text and not self.in_comment:
            before, _, after = text.partition("<!--")
            _, end, rest = after.partition("-->")
            self.in_comment, text = not end, before + " " + rest
        text = text.strip()
        return "" if text.startswith(self.comments) else text

    def _pairs(self, text: str) -> Iterator[tuple[str, str]]:
        """Keys with their values: `key=value`, attributes, elements, a key that an earlier element or line named."""
        if text.startswith("<"):
            attributes, name = {key.lower(): first or second for key, first, second in _ATTRIBUTE.findall(text)}, ""
            if "name" in attributes and not text.startswith("<Host "):  # elsewhere it names what the others say
                name = attributes.pop("name")
                yield name, attributes.get("value", "")
            yield from attributes.items()
            for element, value in _ELEMENT.findall(text):
                if element.endswith("-name") and not _HOST_KEY.search(element.removesuffix("-name")):
                    self.key = value.strip()
                elif element.endswith("-value"):
                    yield self.key, value.strip()
                else:
                    yield name or element, value.strip()
            return
        if self.key and "=" not in text:  # the line goes on with the value of an earlier one
            yield self.key, text.rstrip("\\").strip()
        else:
            for match in reversed(list(_PAIR.finditer(text))):
                self.key, value = match[1] or match[3], match[2] if match[1] else match[4]
                yield self.key, value.rstrip("\\").strip().rstrip(",").strip("\"'")
        self.key = self.key if text.endswith("\\") else ""


def _anywhere(text: str) -> Iterator[tuple[str, int | None]]:
    """What shows by itself that it is a host: URLs, mail addresses, names with a port, literal addresses."""
    rest = _LOCAL_JDBC.sub(" ", text)
    for match in _URL.finditer(rest):
        if match[1].lower() in ("file", "classpath", "urn", "vfs"):
            continue
        yield from _known(match[2], match[3])
        for more in match[4].split(",")[1:]:
            if listed := _LISTED.fullmatch(more):
                yield from _known(listed[1], listed[2])
    rest = _URL.sub(" ", rest)
    for match in _AT_HOST.finditer(rest):
        yield from _known(match[1], match[2])
    for match in _EMAIL.finditer(rest):
        if "." in match[1]:
            yield from _known(match[1], None)
    for match in _WITH_PORT.finditer(rest):
        if _is_address(match[1]) or _looks_like_host(match[1]):
            yield from _known(match[1], match[2])
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(rest):
            if _is_address(match[1]):
                yield from _known(match[1], match[2] if pattern is _IPV4 else None)


def _of_value(key: str, value: str) -> Iterator[tuple[str, int | None]]:
    """The whole value is a host or a list of hosts: because the key says so, or because it looks like nothing else."""
    value = _DEFAULT.sub(r"\1", value).strip("[]\"' ")
    is_weak = bool(_WEAK_KEY.search(key))
    is_host_key = is_weak or bool(_HOST_KEY.search(key))
    for part in _LIST_END.split(value.replace('"', "")) if is_host_key else [value]:
        match = _LISTED.fullmatch(part)
        if match is None or match[1].lower() in _WORDS or match[1].isdecimal():
            continue
        if is_host_key:
            plain_word = is_weak and not match[2] and "." not in match[1]
            is_host = _is_address(match[1]) or (_may_be_host(match[1]) and not plain_word)
        else:
            is_host = _is_address(match[1]) or _stands_alone(match[1]) or bool(match[2] and match[1][0].isalpha())
        if is_host:
            yield from _known(match[1], match[2])


def _known(host: str, port: str | None) -> Iterator[tuple[str, int | None]]:
    plain = _plain(host)
    if plain in _STANDARDS or (_is_address(plain) and ip_address(plain).is_unspecified):
        return  # a namespace, or "on every address of this machine"
    yield host, int(port) if port else None


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _may_be_host(text: str) -> bool:
    """Under a key that says so: one word, or dotted names whatever they begin and end with, but no class."""
    labels = text.rstrip(".").split(".")
    is_class = labels[0] in _CLASS_ROOTS and labels[-1] != labels[-1].lower()
    return labels[0][0].isalpha() and not is_class


def _stands_alone(text: str) -> bool:
    """A value that no key explains: two words with a dot may be anything, unless the last is a well-known domain."""
    return _looks_like_host(text) and (text.count(".") > 1 or text.rpartition(".")[2] in _DOMAINS)


def _looks_like_host(text: str) -> bool:
    """A dotted name in small letters that is neither a class or package nor a file."""
    labels = text.rstrip(".").split(".")
    if len(labels) < 2 or text != text.lower() or not re.fullmatch(r"[a-z]{2,}|xn--[a-z0-9-]+", labels[-1]):
        return False
    return labels[0] not in _CLASS_ROOTS and not _FILE_ENDING.fullmatch(labels[-1])


def _is_address(text: str) -> bool:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return False
    return not isinstance(address, IPv6Address) or text.count(":") > 1
