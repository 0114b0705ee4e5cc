"""Dates in files of every form: what is read, what holds no date, what cannot be read; and never a crash."""

from __future__ import annotations

import base64
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.utils import CryptographyDeprecationWarning

from harness.kinds.checks._stores import LOCKED, NO_STORE, read_store, read_tokens

KEY = ec.generate_private_key(ec.SECP256R1())
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 31, tzinfo=UTC)
# keytool -genkeypair -alias portal -keyalg EC -dname CN=portal -storetype JKS, of OpenJDK 17
JKS = base64.b64decode(
    """
    /u3+7QAAAAIAAAABAAAAAQAGcG9ydGFsAAABoi4g0XEAAAB/MH0wDgYKKwYBBAEqAhEBAQUABGs1bHPfGGxW2zEKAzlUAlM+5vzilBQYOYtCol
    AaT6uC1s3L+/aYCtS+KlrwwOVzhCJRujvSOwf4pE7uKc7WETEVahEOIMi3t56ayyz28HyBAswUazRn2WAiA5QHL5mp5+01Af98rKBPQEOOoQAA
    AAEABVguNTA5AAABPjCCATowgeKgAwIBAgIJAKpcn48BVgPVMAoGCCqGSM49BAMCMBExDzANBgNVBAMTBnBvcnRhbDAgFw0yNjExMzAyMDIzNT
    JaGA8yMTI2MTEwNjIwMjM1MlowETEPMA0GA1UEAxMGcG9ydGFsMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAO/Qy7rqABRHOExDxQWluGzt
    Upt1v4CJMbmiBIldk5CRGQw2flpuIc/7qAJCTWWQ7muXGR5bdRGv/wiMe+28+6MhMB8wHQYDVR0OBBYEFEo8s15g2SaQeg/bZbEPQCN3S/vEMA
    oGCCqGSM49BAMCA0cAMEQCIGRpu5+klBzw/UeCwvy6KUL6NtMBK8pO+oUNBpCrLvfHAiB8PGk9u+5v0xgMnKcYgYh1pR9ffzj+Sb7+fptAHMxG
    HMAneSUYDujNHAajmaYhleFgH1xj
    """
)


def certificate(subject: str = "portal", **changes: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)] if subject else [])
    given = {"not_valid_before": SINCE, "not_valid_after": UNTIL, "serial_number": 4711} | changes
    return x509.CertificateBuilder(name, name, KEY.public_key(), **given).sign(KEY, hashes.SHA256())


ONE = certificate()
PEM, DER = ONE.public_bytes(Encoding.PEM), ONE.public_bytes(Encoding.DER)
NAMED, ALIASES = pkcs12.PKCS12Certificate(ONE, b"peer"), ["portal", "peer", "peer, 2"]
KEY_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
ENCRYPTED = BestAvailableEncryption(b"Keystore-4711")


def java(*entries: bytes, magic: bytes = b"\xfe\xed\xfe\xed", version: int = 2, count: int | None = None) -> bytes:
    body = magic + struct.pack(">II", version, len(entries) if count is None else count)
    return body + b"".join(entries) + bytes(20)


def text(word: str) -> bytes:
    return struct.pack(">H", len(word.encode())) + word.encode()


def entry(tag: int, alias: str, body: bytes) -> bytes:
    return struct.pack(">I", tag) + text(alias) + bytes(8) + body


def block(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


TRUSTED = entry(2, "peer", text("X.509") + block(DER))
PRIVATE = entry(1, "portal", block(b"encrypted") + struct.pack(">I", 2) + 2 * (text("X.509") + block(DER)))
SECRET = entry(3, "secret", b"\xac\xed\x00\x05sr")


def entries(data: bytes, *passwords: str) -> list[str]:
    found = read_store(data, passwords)
    assert found.unread == ""
    assert {(one.kind, one.subject) for one in found.dated} <= {("certificate", "CN=portal")}
    assert {(one.not_before, one.not_after) for one in found.dated} <= {(SINCE, UNTIL)}
    return [one.entry for one in found.dated]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (PEM, ["1"]),
        (b"Bag Attributes\n" + KEY_PEM + PEM + b"between\n" + PEM, ["1", "2"]),
        (PEM.replace(b"\n", b"\r\n"), ["1"]),
        (PEM.replace(b" CERTIFICATE", b" X509 CERTIFICATE"), ["1"]),
        (DER, ["1"]),
        (pkcs12.serialize_key_and_certificates(None, None, None, [ONE], NoEncryption()), ["1"]),
        (pkcs12.serialize_key_and_certificates(b"portal", KEY, ONE, None, NoEncryption()), ["portal"]),
        (pkcs12.serialize_key_and_certificates(b"portal", KEY, ONE, [NAMED, NAMED], NoEncryption()), ALIASES),
        (java(TRUSTED), ["peer"]),
        (java(PRIVATE, TRUSTED), ["portal", "portal, 2", "peer"]),
        (java(TRUSTED, SECRET, magic=b"\xce\xce\xce\xce"), ["peer"]),
        (java(entry(2, "old", block(DER)), version=1), ["old"]),
        (java(), []),
        (KEY_PEM, []),
        (KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), []),
        (KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, ENCRYPTED), []),
        (KEY.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()), []),
        (KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), []),
    ],
)
def test_dates_are_read_by_what_the_file_is(data: bytes, wanted: list[str]) -> None:
    assert entries(data) == wanted


def test_trust_settings_behind_a_certificate_are_passed_over() -> None:
    trusted = base64.b64encode(DER + b"\x30\x0a\x30\x08")
    assert entries(b"-----BEGIN TRUSTED CERTIFICATE-----\n" + trusted + b"\n-----END TRUSTED CERTIFICATE-----") == ["1"]


def test_keystore_that_java_wrote_is_read() -> None:
    found = read_store(JKS)
    assert [(one.entry, one.subject, one.not_after.year) for one in found.dated] == [("portal", "CN=portal", 2126)]
    assert found.unread == ""


def test_encrypted_store_needs_its_password() -> None:
    store = pkcs12.serialize_key_and_certificates(b"portal", KEY, ONE, None, ENCRYPTED)
    assert entries(store, "another", "Keystore-4711") == ["portal"]
    assert (read_store(store).unread, read_store(store, ["another"]).unread) == (LOCKED, LOCKED)
    assert read_store(store).dated == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", NO_STORE),
        (b"hello", NO_STORE),
        (bytes(500), NO_STORE),
        (PEM[:200], "certificate 1 cannot be parsed: it is cut short"),
        (PEM.replace(b"MII", b"M*I"), "certificate 1 cannot be parsed"),
        (PEM.replace(b"CERTIFICATE", b"PKCS7"), NO_STORE),
        (DER[:100], "it cannot be parsed: it is cut short"),
        (DER[:1], "it cannot be parsed"),
        (DER[:60] + bytes(len(DER) - 60), "it cannot be parsed"),
        (java(TRUSTED)[:-1], "it cannot be parsed: it is cut short"),
        (java(TRUSTED) + b"more", "it cannot be parsed: it is longer than it says"),
        (java(TRUSTED, count=2), "it cannot be parsed"),
        (java(version=3), "it cannot be parsed: version 3"),
        (java(entry(4, "new", b"")), "it cannot be parsed: an entry of sort 4"),
        (java(entry(2, "peer", text("OpenPGP") + block(DER))), "it cannot be parsed: a certificate of sort OpenPGP"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, why: str) -> None:
    assert why in read_store(data).unread


def test_readable_certificates_of_a_broken_store_are_kept() -> None:
    broken = read_store(java(TRUSTED, entry(2, "odd", text("X.509") + block(b"none")), TRUSTED))
    assert ([one.entry for one in broken.dated], broken.unread[:22]) == (["peer", "peer, 2"], "the certificate of odd")
    assert [one.entry for one in read_store(PEM[:200] + PEM).dated] == ["2"]
    behind = read_store(java(TRUSTED, SECRET, TRUSTED, magic=b"\xce\xce\xce\xce"))
    assert ([one.entry for one in behind.dated], behind.unread) == (
        ["peer"],
        "it cannot be parsed: 1 entries stand behind a secret key",
    )


def test_odd_certificate_warns_nobody() -> None:
    """Its serial number is negative, of which the library warns; warnings are errors here."""
    odd = DER.replace(b"\x02\x02\x12\x67", b"\x02\x02\xff\x00", 1)
    with pytest.warns(CryptographyDeprecationWarning):
        x509.load_der_x509_certificate(odd).serial_number  # noqa: B018 -- it is what warns
    assert entries(odd) == ["1"]


VERSION = b"\xa0\x03\x02\x01"  # where a certificate says of which version it is


@pytest.mark.parametrize("version", [1, 3, 84])
def test_certificate_of_an_unknown_version_cannot_be_read(version: int) -> None:
    """The library has an exception of its own for it, which is no ValueError."""
    odd = DER.replace(VERSION + b"\x02", VERSION + bytes([version]), 1)
    with pytest.raises(x509.InvalidVersion):
        x509.load_der_x509_certificate(odd)
    as_pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(odd) + b"-----END CERTIFICATE-----\n"
    why = f"cannot be parsed: {version} is not a valid X509 version"
    assert (read_store(odd).dated, read_store(odd).unread) == ([], f"it {why}")
    assert ([one.entry for one in read_store(as_pem + PEM).dated], read_store(as_pem + PEM).unread) == (
        ["2"],
        f"certificate 1 {why}",
    )
    store = read_store(java(entry(2, "odd", text("X.509") + block(odd)), TRUSTED))
    assert ([one.entry for one in store.dated], store.unread) == (["peer"], f"the certificate of odd {why}")
    assert read_store(without_mac(odd)).unread == f"it {why}"


def without_mac(der: bytes) -> bytes:
    """PKCS#12 that holds this instead of its one certificate, without the digest that would not fit any more."""
    store = pkcs12.serialize_key_and_certificates(None, None, None, [ONE], NoEncryption())
    end = 11 + int.from_bytes(store[9:11])  # 3082…. 020103 3082….
    return store[:2] + (end - 4).to_bytes(2) + store[4:end].replace(DER, der)


def test_store_without_a_digest_is_read() -> None:
    assert entries(without_mac(DER)) == ["1"]


def test_certificate_without_a_name() -> None:
    assert read_store(certificate("").public_bytes(Encoding.DER)).dated[0].subject == "no subject"


@pytest.mark.parametrize("at", range(0, len(DER), 23))
def test_flipped_byte_never_crashes(at: int) -> None:
    for whole in (
        DER,
        java(PRIVATE, TRUSTED),
        PEM,
        pkcs12.serialize_key_and_certificates(b"p", KEY, ONE, None, ENCRYPTED),
    ):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        read_store(bytes(damaged), ["Keystore-4711"])


# ---------------------------------------------------------------- tokens


def token(head: Any, claims: Any) -> bytes:
    words = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims))
    return b".".join((*words, b"c2lnbmF0dXJl"))


HEAD = {"alg": "HS256", "typ": "JWT"}
AT = int(UNTIL.timestamp())


def test_token_says_for_whom_it_is_and_when_it_expires() -> None:
    line = b"gateway.token=" + token(HEAD, {"exp": AT, "nbf": AT - 60, "sub": "portal"}) + b"\n"
    found = read_tokens(line + b'{"jwt": "' + token(HEAD, {"exp": AT + 0.5, "iss": "https://id.example"}) + b'"}')
    first, second = found.dated
    assert (first.entry, first.kind, first.subject) == ("1", "token", "sub portal")
    assert (first.not_before, first.not_after) == (UNTIL - timedelta(minutes=1), UNTIL)
    assert (second.entry, second.subject, second.not_before) == ("2", "iss https://id.example", None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"eyJ.eyJ.",
        token(HEAD, {"sub": "never expires"}),
        token({"typ": "none"}, {"exp": AT}),
        token(HEAD, [AT]),
        token(HEAD, {"exp": AT}).replace(b".", b" ."),
        b"x" + token(HEAD, {"exp": AT}),  # inside another word
    ],
)
def test_what_is_no_token_with_a_date_is_passed_over(data: bytes) -> None:
    found = read_tokens(data)
    assert (found.dated, found.unread) == ([], "")


@pytest.mark.parametrize("exp", ["tomorrow", None, True, 1e300, float("nan"), 10**15])
def test_token_whose_date_is_none_cannot_be_read(exp: Any) -> None:
    found = read_tokens(token(HEAD, {"exp": exp}))
    assert found.dated == []
    assert found.unread.startswith("token 1: exp or nbf is no time")
