"""What a host looks like: URLs, JDBC URLs, `host:port`, keys that name a host, literal addresses.

Left out are XML namespaces, names of classes and of files, and what means every address of this machine.
Requirements: HCL-20, LR-D7, GEN-D20.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

# Lengths are bounded (RFC 1035), or a line of a megabyte would take hours.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL}){{0,15}}\.?"
_HOST = rf"(?:\[[0-9A-Fa-f:.%]{{2,50}}\]|{_NAME})"
_PORT = r"(?::([0-9]{1,5})(?![\d.]))?"
_SCHEME, _OF_SCHEMES = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}"), f"{string.ascii_letters}{string.digits}+.-"
_AUTHORITY = re.compile(rf"://(?:[^\s/@\"'<>]{{0,200}}@)?({_HOST}){_PORT}((?:,{_HOST}(?::\d+)?)*)")
_AT_HOST = re.compile(rf"(?<![\w/])(?:thin:(?:[^\s@/]{{0,100}}(?:/[^\s@]{{0,100}})?)?)?@(?://)?({_HOST}){_PORT}")
_EMAIL = re.compile(rf"(?<![\w.+%-])[\w.+%-]{{1,100}}@({_NAME})")
_WITH_PORT = re.compile(rf"(?<![\w.:/@-])({_HOST}):([0-9]{{2,5}})(?![\w.:-])")
_IPV4 = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(?![\w-]|\.\d)(?::(\d{1,5})\b)?")
_IPV6 = re.compile(r"(?<![\w:.])([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:.])")
_PORT_SIGN = re.compile(r"(?:\.[a-z0-9-]{1,63}\.?|\]):[0-9]{2}")
_IPV4_SIGN = re.compile(r"\.\d{1,3}\.\d{1,3}\.\d")
_IPV6_SIGN = re.compile(r"::|:(?:[0-9A-Fa-f]{1,4}:){6}")
_LISTED = re.compile(rf"\s*({_HOST}){_PORT}\s*")
_LIST_END = re.compile(r"[,;\s]+")
_DEFAULT = re.compile(r"\$\{\w+:?[-=]([^{}]*)\}")
# The last word of a key says that its value is a host, alone or with a port, or a list of such. After the weaker
# words one plain word may be anything (an alias of a key, members of a group).
HOST_WORDS = r"host(?:s|name|names)?|servers?|urls?|uris?|endpoints?|peers?|proxy|brokers?|smarthost"
WEAK_WORDS = r"address(?:es)?|domains?|relay|gateway|web[._]?id|alias|nodes?|members?"
_BEFORE = r"(?:^|[._:-]|(?<=[a-z])(?=[A-Z])|(?i:smtp|mail|db|database|ldap|web|app|remote|jdbc|https?))"
_SECRET_KEY = re.compile(r"(?i)(?:password|passwd|secret|token|credential|(?:secret|private|api|access)[._-]?key)s?$")
HOST_KEY = re.compile(rf"{_BEFORE}(?ai:{HOST_WORDS})$")
_WEAK_KEY = re.compile(rf"{_BEFORE}(?ai:{WEAK_WORDS})$")
_CLASS_ROOTS = frozenset(("com", "org", "net", "edu", "gov", "java", "javax", "jakarta", "sun", "io", "dev"))
DOMAINS = frozenset(
    ("com", "org", "net", "edu", "gov", "info", "example", "local", "internal", "intranet", "lan", "corp")
)
_FILE_ENDING = re.compile(
    "bak|bin|bnd|cfg|class|conf|config|css|csv|dat|db|doc|dtd|ear|gif|gz|html|ini|jar|java|jks|jpg|js|json|key|log|lock"
    "|md|pdf|pem|pid|png|po|properties|py|sh|so|sql|sqlite3|state|svg|tar|tmp|ts|txt|war|xml|xsd|xsl|yaml|yml|zip"
)
_STANDARDS = frozenset(("www.w3.org", "java.sun.com", "xmlns.jcp.org", "jakarta.ee", "xmlns.oracle.com"))
_LOCAL_JDBC = re.compile(r"jdbc:(?:h2:(?!tcp|ssl)|hsqldb:(?!hsql|http)|derby:(?!//)|sqlite:)[^\s\"'<>]*")
_WORDS = frozenset(("true", "false", "none", "null", "default", "auto", "all", "any", "yes", "no", "on", "off"))


class _Meaning(NamedTuple):
    host: bool
    weak: bool
    secret: bool


def means(key: str) -> _Meaning:
    return _of_ending(key[-64:])


@lru_cache(4096)
def _of_ending(key: str) -> _Meaning:
    weak = bool(_WEAK_KEY.search(key))
    return _Meaning(weak or bool(HOST_KEY.search(key)), weak, bool(_SECRET_KEY.search(key)))


def anywhere(text: str) -> Iterator[tuple[str, int | None]]:
    """What shows by itself that it is a host: URLs, mail addresses, names with a port, literal addresses. Each sign is
    asked for before an expression is: most lines have none."""
    rest = _LOCAL_JDBC.sub(" ", text) if "jdbc:" in text else text
    if "://" in rest:
        found, rest = _urls(rest)
        yield from found
    if "@" in rest:
        for match in _AT_HOST.finditer(rest):
            yield from _known(match[1], match[2])
        for match in _EMAIL.finditer(rest):
            if "." in match[1]:
                yield from _known(match[1], None)
    if _PORT_SIGN.search(rest):
        for match in _WITH_PORT.finditer(rest):
            if _is_address(match[1]) or _looks_like_host(match[1]):
                yield from _known(match[1], match[2])
    for sign, pattern in ((_IPV4_SIGN, _IPV4), (_IPV6_SIGN, _IPV6)):
        for match in pattern.finditer(rest) if sign.search(rest) else ():
            if _is_address(match[1]):
                yield from _known(match[1], match[2] if pattern is _IPV4 else None)


def _urls(text: str) -> tuple[list[tuple[str, int | None]], str]:
    """Hosts of URLs, and the text without these."""
    found, rest, at, sign = list[tuple[str, int | None]](), list[str](), 0, text.find("://")
    while sign >= 0:
        before = text[max(0, sign - 32) : sign]
        scheme = before[len(before.rstrip(_OF_SCHEMES)) :]
        begin = sign - len(scheme)
        match = _AUTHORITY.match(text, sign) if begin >= at and _SCHEME.fullmatch(scheme) else None
        if match:
            rest += text[at:begin], " "
            at = match.end()
            if scheme.lower() not in ("file", "classpath", "urn", "vfs"):
                found += _known(match[1], match[2])
                for more in match[3].split(",")[1:]:
                    if listed := _LISTED.fullmatch(more):
                        found += _known(listed[1], listed[2])
        sign = text.find("://", max(at, sign + 3))
    return found, "".join((*rest, text[at:]))


def of_value(key: str, value: str) -> Iterator[tuple[str, int | None]]:
    """The whole value is a host or a list of hosts: because the key says so, or because it looks like nothing else."""
    value = (_DEFAULT.sub(r"\1", value) if "${" in value else value).strip("[]\"' ")
    is_host_key, is_weak, _ = means(key)
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
    name = plain(host)
    if name in _STANDARDS or (_is_address(name) and ip_address(name).is_unspecified):
        return  # a namespace, or "on every address of this machine"
    yield host, int(port) if port else None


def plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _may_be_host(text: str) -> bool:
    """Under a key that says so: one word, or dotted names whatever they begin and end with, but no class."""
    labels = text.rstrip(".").split(".")
    is_class = labels[0] in _CLASS_ROOTS and labels[-1] != labels[-1].lower()
    return labels[0][0].isalpha() and not is_class


def _stands_alone(text: str) -> bool:
    """A value that no key explains: two words with a dot may be anything, unless the last is a well-known domain."""
    return _looks_like_host(text) and (text.count(".") > 1 or text.rpartition(".")[2] in DOMAINS)


def _looks_like_host(text: str) -> bool:
    """A dotted name in small letters that is neither a class or package nor a file."""
    labels = text.rstrip(".").split(".")
    if len(labels) < 2 or text != text.lower() or not re.fullmatch(r"[a-z]{2,}|xn--[a-z0-9-]+", labels[-1]):
        return False
    return labels[0] not in _CLASS_ROOTS and not _FILE_ENDING.fullmatch(labels[-1])


@lru_cache(4096)
def _is_address(text: str) -> bool:
    if ":" not in text and text.count(".") != 3:
        return False
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return False
    return not isinstance(address, IPv6Address) or text.count(":") > 1
