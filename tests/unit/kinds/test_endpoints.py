"""Hosts in configuration text: what is one, and what only looks like one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.kinds import endpoints
from harness.kinds.endpoints import Piece, is_own, named_at, named_in, quoted


def found(*lines: str) -> list[tuple[str, int | None]]:
    return [(named.host, named.port) for named in named_in(lines)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("webhook.published.url=http://hooks.production.example/published", [("hooks.production.example", None)]),
        ("jdbc.default.url=jdbc:postgresql://db:5432/portal", [("db", 5432)]),
        ("url=jdbc:mysql://one.example:3306,two.example:3307/x?a=b", [("one.example", 3306), ("two.example", 3307)]),
        ("url=jdbc:oracle:thin:@dbhost.example:1521:ORCL", [("dbhost.example", 1521)]),
        ("url=jdbc:oracle:thin:@//dbhost.example:1521/orcl", [("dbhost.example", 1521)]),
        ("url=jdbc:oracle:thin:scott/tiger@dbhost.example:1521:ORCL", [("dbhost.example", 1521)]),
        ("url=jdbc:sqlserver://sql.example;databaseName=x", [("sql.example", None)]),
        ("url=jdbc:db2://mainframe:50000/LIFERAY", [("mainframe", 50000)]),
        ("url=jdbc:h2:tcp://h2.example:9092/x", [("h2.example", 9092)]),
        (r"base.url=https\://portal.example\:8443/web", [("portal.example", 8443)]),
        ('networkHostAddresses=["http://search:9200"]', [("search", 9200)]),
        ('networkHostAddresses=["http://one:9200","http://two:9200"]', [("one", 9200), ("two", 9200)]),
        ('transportAddresses=["one:9300","two.example:9300"]', [("one", 9300), ("two.example", 9300)]),
        ("mail.session.mail.smtp.host=mail.production.example", [("mail.production.example", None)]),
        ("mail.session.mail.smtp.host = smtp", [("smtp", None)]),
        ("ldap.host=ldap-1.example.,ldap-2.example", [("ldap-1.example", None), ("ldap-2.example", None)]),
        ("company.default.web.id=portal.production.example", [("portal.production.example", None)]),
        ("admin.email.from.address=admin@portal.production.example", [("portal.production.example", None)]),
        ("cluster.link.autodetect.address=198.51.100.20:7800", [("198.51.100.20", 7800)]),
        ("cluster.link.autodetect.address=www.google.com:80", [("www.google.com", 80)]),
        ("jgroups.initial_hosts=10.0.0.1[7800],10.0.0.2[7800]", [("10.0.0.1", None), ("10.0.0.2", None)]),
        ("ldap.url=ldap://[2001:db8::17]:389", [("2001:db8::17", 389)]),
        ("peer.address=2001:db8::17", [("2001:db8::17", None)]),
        ("BACKUP_HOST=${BACKUP_HOST:-backup.production.example}", [("backup.production.example", None)]),
        ("curl -s https://user:pass@api.example:8443/x | sh", [("api.example", 8443)]),
        ("rsync -a . backup@vault.example:/srv", [("vault.example", None)]),
        ("\turl = git@code.example:handbook/modules.git", [("code.example", None)]),
        ("\turl = ssh://git@code.example/handbook/modules.git", [("code.example", None)]),
        ('"smtpServer": "mail.example", "port": 25', [("mail.example", None)]),
        ("  server: relay.example", [("relay.example", None)]),
        ('<Connector port="8080" address="192.0.2.7"/>', [("192.0.2.7", None)]),
        ('<Host name="intranet.example" appBase="webapps">', [("intranet.example", None)]),
        ('<Alias>www.intranet.example</Alias>', [("www.intranet.example", None)]),
        ('<Environment name="mail.host" value="smtp"/>', [("smtp", None)]),
        ('<Resource name="jdbc/x" url="jdbc:postgresql://reports:5432/x"/>', [("reports", 5432)]),
        ("<host-name>licensed.example</host-name>", [("licensed.example", None)]),
        ("<ip-address>192.0.2.20</ip-address>", [("192.0.2.20", None)]),
        ("web.server.host=PORTAL.Example", [("portal.example", None)]),
        ('<property name="smtp.host">relay</property>', [("relay", None)]),
        ("mail.smtp.host=org.mail.example", [("org.mail.example", None)]),
        ('<x password="a" url="jdbc:mysql://data/x"/>', [("data", None)]),
        ("smtphost=relay", [("relay", None)]),
        ("mailServer=relay", [("relay", None)]),
        ("cluster.members=node-1:7800,node-2.example", [("node-1", 7800), ("node-2.example", None)]),
        ("memcached=cache:11211", [("cache", 11211)]),
        ("site=intranet.example", [("intranet.example", None)]),
        ('  driver="x" host="smtp" peer="node-2:7800"', [("smtp", None), ("node-2", 7800)]),
        ('{"host": "one", "servers": ["two", "three"]}', [("one", None), ("two", None), ("three", None)]),
        ("proxy=localhost:3128", [("localhost", 3128)]),
    ],
)  # fmt: skip
def test_host_is_found(line: str, expected: list[tuple[str, int | None]]) -> None:
    assert sorted(found(line)) == sorted(expected)


@pytest.mark.parametrize(
    "line",
    [
        "# mail.session.mail.smtp.host=mail.example",
        "#!/bin/sh",
        "! http://old.example",
        "<!-- http://old.example -->",
        '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="3.0">',
        '<x xmlns:a="urn:a" xsi:schemaLocation="http://own.example/ns http://own.example/ns/own.xsd">',
        '<!DOCTYPE x PUBLIC "-//Liferay//DTD Display 7.4.0//EN" "http://www.liferay.com/dtd/liferay-display_7_4_0.dtd">',
        "jdbc.default.driverClassName=org.postgresql.Driver",
        "dl.store.impl=com.liferay.portal.store.file.system.FileSystemStore",
        "jdbc.default.url=jdbc:hsqldb:${liferay.home}/data/hypersonic/lportal",
        "jdbc.default.url=jdbc:h2:mem:test",
        "dl.store.file.system.root.dir=/opt/liferay/data/document_library",
        "Implementation-Version: 42.7.4",
        '<Connector port="8080" address="0.0.0.0" protocol="HTTP/1.1" processes="2" maxThreads="6"/>',
        "portal.secret.key=a:4711@x.example:99",
        "jdbc.default.password=p@ss.example:22",
        "schedule=12:30",
        'indexNamePrefix="liferay-"',
        'productionModeEnabled=B"true"',
        "setup.wizard.enabled=false",
        "file.encoding=UTF-8",
        "user.timezone=Europe/Berlin",
        "include-and-override=portal-developer.properties",
        "theme=theme.properties",
        "file:///opt/liferay/x.xml",
        'pid_file="$(cd "$(dirname "$0")/.." && pwd)/temp/portal.pid"',
        "exec gunicorn --config python:portal.server",
        "auth.pipeline.enable=true",
        "lock.at=a::b::c",
        "auth.type=screen.name",
        "keystore.alias=tomcat",
        "group.members=alice,bob",
        "observer=none-of-all",
    ],
)
def test_what_is_no_host_is_not_found(line: str) -> None:
    assert found(line) == []


@given(st.lists(st.text(alphabet=st.sampled_from("ab.:/@=[]<>-!#\"' ,1\\é")), max_size=4))
def test_any_text_can_be_read(lines: list[str]) -> None:
    assert all(named.host and 1 <= named.line <= len(lines) for named in named_in(lines))


@pytest.mark.parametrize(
    "line", ["a" * 50_000, "a." * 25_000, "1:" * 25_000, "a=" * 25_000, "<" * 50_000, "x@" * 25_000, "<" + "a" * 50_000]
)
def test_long_lines_take_no_long_time(line: str) -> None:
    started = time.monotonic()
    list(named_in([line]))
    assert time.monotonic() - started < 3


def test_comment_over_several_lines_is_left_out() -> None:
    assert found("<!-- old:", "http://old.example", "--> <url>http://new.example</url>") == [("new.example", None)]


def test_value_of_an_earlier_line_belongs_to_its_key() -> None:
    assert found("ldap.hosts=one.example,\\", "  two") == [("one.example", None), ("two", None)]
    assert found("<param-name>mail.host</param-name>", "<param-value>smtp</param-value>") == [("smtp", None)]


def test_value_of_its_own_line_belongs_to_the_key_before_it() -> None:
    lines = ["<param-name>mail.host</param-name>", "<!-- relay: -->", "<param-value>", " smtp", "</param-value>"]
    assert found(*lines) == [("smtp", None)]
    assert found("ldap.hosts=one.example,\\", "", "  two") == [("one.example", None)]  # as Java reads it


def in_pieces(*pieces: str) -> list[tuple[str, int | None]]:
    return [(named.host, named.port) for named in named_at(Piece(1, piece) for piece in pieces)]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("# old: http://a.example,", " http://b.example"), []),
        (("<a/><!-- http://a.example ", 'http://b.example --><x url="', 'http://c.example"/>'), ["c.example"]),
        (('{"x": "y", "servers": ["one",', '"two"], "z": 1}'), ["one", "two"]),
        (('{"x": "y", "passwords": ["p",', '"q@q.example:22"], "z": 1}'), []),
        (('<x/><param-name>mail.host</param-name>', "<param-value>smtp</param-value>"), ["smtp"]),
    ],
)  # fmt: skip
def test_pieces_of_a_line_are_read_as_one(pieces: tuple[str, ...], expected: list[str]) -> None:
    assert sorted({host for host, _ in in_pieces(*pieces)}) == expected


def test_lines_are_numbered_and_a_host_is_named_once_per_line() -> None:
    named = list(named_in(["", "url=http://a.example:80/ http://a.example/"]))
    assert [(n.host, n.port, n.line) for n in named] == [("a.example", 80, 2)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"password": "p@ss.example:22", "url": "http://a.example"}', [("a.example", None)]),
        ('{"password": null, "url": "http://a.example"}', [("a.example", None)]),
        ('<x password="smtp" host="smtp"/>', [("smtp", None)]),
        ('<property name="db.password" value="p.ss.example"/>', []),
        ('<property name="db.password">p@ss.example</property>', []),
    ],
)
def test_secrets_name_nothing_and_what_stands_beside_them_does(
    line: str, expected: list[tuple[str, int | None]]
) -> None:
    assert found(line) == expected


class Counted(str):
    """Text that counts the letters of it which were copied into new text."""

    copied = 0

    def __getitem__(self, part: object) -> str:
        taken = super().__getitem__(part)  # type: ignore[index]
        Counted.copied += len(taken)
        return taken


def test_secrets_are_taken_out_in_one_pass() -> None:
    """Four times as many secrets are four times as much work; one pass for each would be sixteen times."""
    work = []
    for pairs in (1000, 4000):
        text = Counted(", ".join(['"password": "abc"'] * pairs))
        spans = [(at + 13, at + 16) for at in range(0, len(text), 19)]
        Counted.copied = 0
        assert "abc" not in endpoints._without(text, spans)
        work.append(Counted.copied)
    assert 0 < work[1] <= 6 * work[0]


def test_passwords_of_long_lines_are_not_quoted() -> None:
    assert quoted("x " * 400 + "http://u:" + "Geheim" * 999 + "@db/") == ("x " * 400)[:199] + "…"
    for text in ("https://app:" + "Geheim" * 999 + "@db/", '{"password": "' + "Geheim" * 999 + '"}'):
        assert "Geheim" not in quoted(text)


def test_passwords_are_not_quoted() -> None:
    line = "url=jdbc:postgresql://app:Geheim@db/x?user=a&password=Geheim"
    assert "Geheim" not in quoted(line)
    assert "Geheim" not in quoted("jdbc.default.password=Geheim")
    assert "Geheim" not in quoted('<Resource password="Geheim" url="jdbc:mysql://db/x"/>')
    assert len(quoted("x" * 999)) == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "mail.invalid"])
def test_own_hosts(host: str) -> None:
    assert is_own(host)


@pytest.mark.parametrize("host", ["mail.production.example", "198.51.100.20", "invalid.example", "2001:db8::1"])
def test_other_hosts(host: str) -> None:
    assert not is_own(host)
