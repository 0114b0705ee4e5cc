"""Expiry: what is looked for in real folders, by the real commands of the tool container, and what is judged of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from fakes import FakeStack
from test_checks import AT, component, drill, plan, point
from test_stores import DER, ENCRYPTED, HEAD, KEY, ONE, PEM, SINCE, UNTIL, VERSION, certificate, token

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.checks import _dated_files, expiry
from harness.kinds.checks._expiry_judged import in_words
from harness.kinds.contracts import ComponentAccess, Judgement, KindOptions, Record, SourceAccess
from harness.model.evidence import AT_SOURCE, Evidence, Observation
from harness.model.inventory import ClassRule, ItemClass
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN

_PEM = Encoding.PEM
STORE = pkcs12.serialize_key_and_certificates(b"portal", KEY, ONE, None, ENCRYPTED)
TOKEN = token(HEAD, {"exp": int(UNTIL.timestamp()), "sub": "gateway"})


# Root may read whatever its mode says; without these rights a file that nobody may read stands for one that is broken.
BOUND = ["setpriv", *(f"--{caps}=-dac_override,-dac_read_search" for caps in ("bounding-set", "inh-caps"))]
AS_OWNER = BOUND if os.geteuid() == 0 else []


class RealShell:
    """Runs commands here, as the tools image would: the same programs."""

    def stream(self, argv: Sequence[str], *, user: str | None = None, timeout_s: float) -> Iterator[bytes]:
        done = subprocess.run([*AS_OWNER, *argv], capture_output=True, timeout=timeout_s, check=False)
        for at in range(0, len(done.stdout), 1000):  # in pieces, as they come
            yield done.stdout[at : at + 1000]
        if done.returncode:
            raise CommandFailed(f"{argv[0]} exited with {done.returncode}: {done.stderr.decode()}")


class HereStack(FakeStack):
    nested: tuple[str, ...] = ()

    @contextmanager
    def tool(self, service: str, **given: Any) -> Iterator[Any]:
        assert given["writable"] is False
        yield RealShell()

    def mounts(self, service: str) -> tuple[str, ...]:
        return self.nested

    def resolved(self, text: str) -> str:
        return {"${env:STORE_PASSWORD}": "Keystore-4711"}.get(text, text)


def access(folder: Path, *nested: str, **changes: Any) -> SourceAccess:
    home = component("home", kind="file_tree", engine="tar", options={"path": str(folder)}, **changes)
    stack = HereStack()
    stack.nested = (str(folder), *nested)
    components = (home, component("database"))
    nobody: Any = None
    return SourceAccess(drill(*components), plan(components), stack, nobody, nobody, {})


def write(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / name.replace("__", "/").replace("_", ".", 1)).parent.mkdir(parents=True, exist_ok=True)
        (folder / name.replace("__", "/").replace("_", ".", 1)).write_bytes(content)


def looked(folder: Path, *nested: str, options: KindOptions | None = None, **changes: Any) -> Any:
    data: Any = expiry.look(access(folder, *nested, **changes), options or expiry.Options())
    return data["home"]


def judged(source: Path | None, restored: Path | None, *, after: timedelta = timedelta(0), **options: Any) -> Judgement:
    """Folders as they were seen, the source three days before UNTIL, the restored copy so much `after` that."""
    chosen = expiry.Options(**options)
    start = UNTIL - timedelta(days=3)
    lines = [
        [Observation(name="expiry", subject=subject, data=expiry.look(access(folder), chosen), at=at_(start + later))]
        if folder
        else []
        for folder, subject, later in ((source, AT_SOURCE, timedelta(0)), (restored, "", after))
    ]
    evidence = Evidence(lines=tuple(lines[1]), complete=True, sha256="0" * 64)
    record = Record(drill(), plan(()), point({}, tuple(lines[0])), evidence, True)
    return expiry.judge(record, chosen)


def at_(utc: datetime) -> Any:
    return AT.model_copy(update={"utc": utc})


# ---------------------------------------------------------------- looking


def test_stores_and_tokens_are_found_with_their_places(tmp_path: Path) -> None:
    write(tmp_path, tls_pem=PEM + PEM, deep__CA_CRT=PEM, gateway_properties=b"token=" + TOKEN)
    write(tmp_path, other_properties=b"a=b", page_xml=b"<a/>", notes_txt=PEM, empty_pem=b"")
    data = looked(tmp_path)
    assert [(one["file"], one["entry"], one["subject"]) for one in data["dates"]] == [
        ("deep/CA.CRT", "1", "CN=portal"),
        ("tls.pem", "1", "CN=portal"),
        ("tls.pem", "2", "CN=portal"),
        ("gateway.properties", "1", "sub gateway"),
    ]
    assert data["dates"][0]["not_after"] == "2027-01-31T00:00:00+00:00"
    assert data["dates"][0]["not_before"] == SINCE.isoformat()
    assert (data["files"], data["unread"], data["more"], data["left"]) == (5, [], 0, {})


def test_nothing_secret_is_seen(tmp_path: Path) -> None:
    write(tmp_path, portal_p12=STORE, gateway_token=TOKEN)
    password = expiry.StorePassword(path="*.p12", password="${env:STORE_PASSWORD}")
    data = looked(tmp_path, options=expiry.Options(passwords=[password]))
    assert [one["entry"] for one in data["dates"]] == ["portal", "1"]
    assert TOKEN.decode()[:20] not in str(data) and "4711" not in str(data)


def test_strange_names_and_second_names_are_read(tmp_path: Path) -> None:
    for name in (b"-rf.pem", b"two\nlines.pem", b"\xff.pem", "größe [1].pem".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(PEM)
    (tmp_path / "same.crt").hardlink_to(tmp_path / "-rf.pem")
    (tmp_path / "link.pem").symlink_to("same.crt")
    names = {one["file"] for one in looked(tmp_path)["dates"]}
    assert names == {"-rf.pem", "größe [1].pem", "same.crt", "two\nlines.pem", "\\udcff.pem"}


def test_what_is_mounted_inside_belongs_to_another_component(tmp_path: Path) -> None:
    write(tmp_path, library__a_pem=PEM, library2__b_pem=PEM)
    found = looked(tmp_path, str(tmp_path / "library"))["dates"]
    assert [one["file"] for one in found] == ["library2/b.pem"]


def test_disposable_and_ignored_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, cache__a_pem=PEM, old__b_pem=b"none", c_pem=PEM)
    rule = ClassRule(match="cache/**", item_class=ItemClass.DISPOSABLE, reason="a cache")
    options = expiry.Options(ignore=[expiry.IgnoredFile(path="old/*", reason="from 1999")])
    data = looked(tmp_path, classes=(rule,), options=options)
    assert ([one["file"] for one in data["dates"]], data["unread"]) == (["c.pem"], [])


def test_tree_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert looked(tmp_path / "none") == {"files": 0, "dates": [], "unread": [], "more": 0, "left": {}}


def test_too_large_files_are_named_or_counted(tmp_path: Path) -> None:
    write(tmp_path, big_pem=PEM + bytes(_dated_files.STORE_BYTES), long_xml=TOKEN + bytes(_dated_files.TEXT_BYTES))
    data = looked(tmp_path)
    assert data["unread"] == [{"file": "big.pem", "why": "it is too large to be read"}]
    assert (data["dates"], data["left"]) == ([], {"too large": 1})


def test_dates_beyond_those_that_are_kept_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "MOST", 2)
    write(tmp_path, a_pem=5 * PEM)
    data = looked(tmp_path)
    assert (len(data["dates"]), data["more"]) == (2, 3)


def test_file_that_looks_like_a_store_and_is_none_is_listed(tmp_path: Path) -> None:
    write(tmp_path, a_pem=PEM[:100], b_jks=b"none")
    assert [one["file"] for one in looked(tmp_path)["unread"]] == ["a.pem", "b.jks"]


@pytest.mark.parametrize("said", [b"", b"1 0 0", b"1 0 0 0 0\0\0", b"1 0 0 0 0\0\0" + b"x" * 600, b"not a count\0\0"])
def test_answer_that_is_cut_off_could_not_be_asked(said: bytes) -> None:
    class Cut(HereStack):
        @contextmanager
        def tool(self, service: str, **given: Any) -> Iterator[Any]:
            yield SimpleNamespace(stream=lambda argv, timeout_s: iter([said]))

    one = component("home", kind="file_tree", options={"path": "/srv"})
    with pytest.raises(CouldNotAsk):
        list(_dated_files.dated_files(ComponentAccess(one, Cut())))


@pytest.mark.parametrize("name", ["server.pem", "portal.properties"])
def test_what_cannot_be_read_could_not_be_asked(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PEM + TOKEN)
    (tmp_path / name).chmod(0)
    with pytest.raises(CouldNotAsk, match=rf"{name}: .*Permission denied"):
        looked(tmp_path)


@pytest.mark.parametrize("program", ["grep", "tar"])
def test_what_vanishes_meanwhile_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """The program begins when one of the files has gone."""
    (tmp_path / "bin").mkdir()
    real = shutil.which(program)
    (tmp_path / "bin" / program).write_text(f'#!/bin/sh\nrm -f a.pem a.json\nexec {real} "$@"\n')
    (tmp_path / "bin" / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    for file in ("a.pem", "b.pem", "a.json", "b.json"):
        (tmp_path / file).write_bytes(PEM if file.endswith("pem") else TOKEN)
    assert {one["file"] for one in looked(tmp_path)["dates"]} == {"b.pem", "b.json"}


def test_command_that_fails_could_not_be_asked(tmp_path: Path) -> None:
    class Failing(HereStack):
        @contextmanager
        def tool(self, service: str, **given: Any) -> Iterator[Any]:
            def stream(argv: Sequence[str], timeout_s: float) -> Iterator[bytes]:
                yield b"0 0 0 0 0\0\0"
                raise CommandFailed("bash exited with 8: no space left")

            yield SimpleNamespace(stream=stream)

    one = component("home", kind="file_tree", options={"path": "/srv"})
    with pytest.raises(CouldNotAsk, match="no space left"):
        list(_dated_files.dated_files(ComponentAccess(one, Failing())))


# ---------------------------------------------------------------- judging


def test_nothing_that_could_expire_passes(tmp_path: Path) -> None:
    write(tmp_path, a_xml=b"<a/>", b_conf=b"eyJ no token")
    result = judged(tmp_path, tmp_path)
    assert (result.outcome, result.found) == (PASS, "no certificate and no token in 2 files")


def test_earliest_date_is_always_said(tmp_path: Path) -> None:
    write(tmp_path, a_pem=PEM, b_pem=certificate("later", not_valid_after=UNTIL + timedelta(1)).public_bytes(_PEM))
    result = judged(tmp_path, tmp_path)
    assert result.outcome is PASS
    assert result.found == "earliest: CN=portal on 2027-01-31, in 3 days; 2 dates in all"


def test_what_expired_since_fails_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, tls_pem=PEM, gateway_token=TOKEN)
    result = judged(tmp_path, tmp_path, after=timedelta(days=3, seconds=1))
    assert (result.outcome, result.items.count) == (FAIL, 2)
    assert result.items.first == (
        "home:tls.pem, 1: CN=portal expired on 2027-01-31 at 00:00:00 UTC, and was valid at the source",
        "home:gateway.token, 1: sub gateway expired on 2027-01-31 at 00:00:00 UTC, and was valid at the source",
    )


def test_what_is_not_valid_yet_fails(tmp_path: Path) -> None:
    source, restored = tmp_path / "source", tmp_path / "restored"
    write(source, tls_pem=PEM)
    write(restored, tls_pem=certificate(not_valid_before=UNTIL - timedelta(1)).public_bytes(_PEM))
    result = judged(source, restored)
    assert result.outcome is FAIL
    assert "CN=portal is valid from 2027-01-30 00:00:00 UTC on" in result.found


def test_what_had_expired_at_the_source_is_counted(tmp_path: Path) -> None:
    write(tmp_path, old_crt=certificate("old", not_valid_after=SINCE + timedelta(1)).public_bytes(_PEM), new_crt=PEM)
    result = judged(tmp_path, tmp_path)
    assert result.outcome is PASS
    assert "1 were not valid at the source either: home:old.crt, 1" in result.found


def test_what_the_source_did_not_have_is_left_to_data_parity(tmp_path: Path) -> None:
    source, restored = tmp_path / "source", tmp_path / "restored"
    write(source, tls_pem=PEM, gone_pem=PEM)
    write(restored, tls_pem=PEM, old_crt=certificate(not_valid_after=SINCE + timedelta(1)).public_bytes(_PEM))
    result = judged(source, restored)
    assert result.outcome is PASS
    assert "1 are not valid and were not at the source: home:old.crt, 1" in result.found
    assert "1 of the source are not in the copy: home:gone.pem, 1" in result.found


def test_copy_without_any_date_of_the_source_is_unknown(tmp_path: Path) -> None:
    write(tmp_path / "source", tls_pem=PEM)
    result = judged(tmp_path / "source", tmp_path / "restored")
    assert result.outcome is UNKNOWN
    assert result.items.first == ("none of 1 dates of the source is in the copy",)


def test_valid_for_wants_more_time(tmp_path: Path) -> None:
    write(tmp_path, tls_pem=PEM)
    assert judged(tmp_path, tmp_path, valid_for_s=3 * 86400.0).outcome is PASS
    result = judged(tmp_path, tmp_path, valid_for_s=7 * 86400.0)
    assert result.outcome is FAIL
    assert result.expected == "what was valid at the source is valid after its restore, for 7 days at least"
    assert result.items.first == ("home:tls.pem, 1: expires too soon: CN=portal on 2027-01-31, in 3 days",)


def test_store_that_can_no_longer_be_read_fails(tmp_path: Path) -> None:
    source, restored = tmp_path / "source", tmp_path / "restored"
    write(source, tls_pem=PEM)
    write(restored, tls_pem=PEM[:100])
    result = judged(source, restored)
    assert (result.outcome, result.items.count) == (FAIL, 1)
    assert result.items.first[0].startswith("home:tls.pem: could be read at the source: certificate 1 cannot be parsed")


def test_certificate_of_an_unknown_version_fails_only_if_it_could_be_read_at_the_source(tmp_path: Path) -> None:
    source, restored = tmp_path / "source", tmp_path / "restored"
    odd = DER.replace(VERSION + b"\x02", VERSION + b"\x05", 1)
    write(source, tls_der=DER, ok_pem=PEM)
    write(restored, tls_der=odd, ok_pem=PEM)
    result = judged(source, restored)
    why = "it cannot be parsed: 5 is not a valid X509 version"
    assert (result.outcome, result.items.first) == (FAIL, (f"home:tls.der: could be read at the source: {why}",))
    result = judged(restored, restored)
    assert (result.outcome, result.items.first) == (UNKNOWN, (f"home:tls.der: {why}",))


def test_store_of_unknown_password_is_unknown_unless_it_is_given_or_ignored(tmp_path: Path) -> None:
    write(tmp_path, portal_p12=STORE)
    result = judged(tmp_path, tmp_path)
    assert (result.outcome, result.items.count) == (UNKNOWN, 1)
    assert "home:portal.p12: its certificates are encrypted" in result.found and "`passwords`" in result.found
    password = expiry.StorePassword(path="**.p12", password="${env:STORE_PASSWORD}")
    assert judged(tmp_path, tmp_path, passwords=[password]).outcome is PASS
    ignored = expiry.IgnoredFile(path="*.p12", reason="nobody has its password")
    assert judged(tmp_path, tmp_path, ignore=[ignored]).outcome is PASS
    assert [*expiry.loosened(expiry.Options(ignore=[ignored]))] == [
        "dates in *.p12 are not judged: nobody has its password"
    ]


def test_rule_that_is_newer_than_the_look_is_heeded(tmp_path: Path) -> None:
    """A restore point holds what was seen at its source, by the rules of its day."""
    write(tmp_path, portal_p12=STORE)
    usual, chosen = expiry.Options(), expiry.Options(ignore=[expiry.IgnoredFile(path="*.p12", reason="of no use")])
    before = Observation(name="expiry", subject=AT_SOURCE, data=expiry.look(access(tmp_path), usual), at=AT)
    now = Observation(name="expiry", data=expiry.look(access(tmp_path), chosen), at=AT)
    evidence = Evidence(lines=(now,), complete=True, sha256="0" * 64)
    assert expiry.judge(Record(drill(), plan(()), point({}, (before,)), evidence, True), chosen).outcome is PASS


def test_more_than_is_kept_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "MOST", 2)
    write(tmp_path, a_pem=5 * PEM)
    result = judged(tmp_path, tmp_path)
    assert (result.outcome, result.items.first) == (
        UNKNOWN,
        ("3 stores or dates beyond those that are kept were not compared",),
    )


def test_side_that_nobody_looked_at_is_unknown(tmp_path: Path) -> None:
    write(tmp_path, tls_pem=PEM)
    assert judged(None, tmp_path).found == "nobody looked at the source"
    assert judged(tmp_path, None).found == "nobody looked at the restored copy"
    assert {judged(None, tmp_path).outcome, judged(tmp_path, None).outcome} == {UNKNOWN}


def test_drill_without_a_tree_of_files_is_unknown() -> None:
    seen = [Observation(name="expiry", subject=subject, data={}, at=AT) for subject in (AT_SOURCE, "")]
    evidence = Evidence(lines=(seen[1],), complete=True, sha256="0" * 64)
    result = expiry.judge(Record(drill(), plan(()), point({}, (seen[0],)), evidence, True), expiry.Options())
    assert (result.outcome, result.found[:31]) == (UNKNOWN, "no component is a tree of files")


def test_text_files_that_were_not_searched_are_counted(tmp_path: Path) -> None:
    write(tmp_path, long_xml=bytes(_dated_files.TEXT_BYTES + 1))
    assert judged(tmp_path, tmp_path).found.endswith("1 text files were not searched for tokens: too large")


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [(62 * 86400 + 5, "62 days"), (36 * 3600, "36 hours"), (900, "15 minutes"), (20, "20 seconds")],
)
def test_spans_in_words(seconds: int, wanted: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == wanted
