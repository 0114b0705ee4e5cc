"""Dates in one file's bytes: certificates in PEM, DER, PKCS#12, JKS and JCEKS, and JSON Web Tokens; no kind of its own.

What a file is, its content says: Java 9 and later write PKCS#12 under the names of older keystores. Nothing secret is
kept: of a certificate its subject, of a token for whom or by whom it is.
Sources: RFC 7468 (PEM), RFC 7292 (PKCS#12), RFC 7519 (JWT).
"""

from __future__ import annotations

import base64
import json
import re
import threading
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from harness.kinds.checks._java_keystore import JAVA, java_certificates

LONGEST = 80  # letters of a subject
NO_STORE = "it is no store that is known"
LOCKED = "its certificates are encrypted, and no password that was given fits"
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")
_OF_SEVERAL = (b"PKCS7", b"PKCS #7 SIGNED DATA", b"CMS")  # may hold certificates, and are not read
_TOKEN = re.compile(rb"(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]+)\.(eyJ[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
_INTEGER, _OBJECT_ID, _SEQUENCE = 0x02, 0x06, 0x30
_quiet = threading.Lock()  # filters of warnings are the process's, and several trees are read at once


@dataclass(frozen=True)
class Dated:
    """Something that is valid from one instant to another. `entry`: its alias, or its number in the file from 1."""

    entry: str
    kind: str
    subject: str
    not_before: datetime | None
    not_after: datetime


@dataclass
class Found:
    """What a file holds; `unread` says why not all of that could be read."""

    dated: list[Dated] = field(default_factory=list)
    unread: str = ""
    _names: Counter[str] = field(default_factory=Counter)

    def add(self, one: Dated) -> None:
        """Of several of one name, as of a chain, all but the first are numbered."""
        self._names[one.entry] += 1
        number = self._names[one.entry]
        self.dated.append(one if number == 1 else replace(one, entry=f"{one.entry}, {number}"))


def read_store(data: bytes, passwords: Iterable[str] = ()) -> Found:
    """Certificates of a file that may be a store. A file of keys alone holds none. Raises nothing."""
    found = Found()
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd certificates: a date is a date
        try:
            if data[:4] in JAVA:
                _java(data, found)
            elif b"-----BEGIN " in data:
                _pem(data, found)
            elif data[:1] == bytes([_SEQUENCE]):
                _der(data, found, passwords)
            else:
                found.unread = NO_STORE
        except (ValueError, IndexError) as error:
            found.unread = f"it cannot be parsed: {error}"[:200]
    return found


def read_tokens(data: bytes) -> Found:
    """JSON Web Tokens that say when they expire. Raises nothing."""
    found = Found()
    for number, match in enumerate(_TOKEN.finditer(data), 1):
        head, claims = _claims(match[1]), _claims(match[2])
        if "alg" not in head or "exp" not in claims:
            continue
        try:
            until, since = _instant(claims["exp"]), _instant(claims["nbf"]) if "nbf" in claims else None
        except (ValueError, OverflowError, OSError) as error:
            found.unread = f"token {number}: exp or nbf is no time: {error}"[:200]
            continue
        whose = next((f"{name} {claims[name]}" for name in ("sub", "iss", "aud") if claims.get(name)), "no subject")
        found.add(Dated(str(number), "token", whose[:LONGEST], since, until))
    return found


def _claims(part: bytes) -> dict[str, object]:
    """The part of a token, {} if it is none."""
    try:
        given = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _instant(seconds: object) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError("it is no number")
    return datetime.fromtimestamp(seconds, UTC)


# ---------------------------------------------------------------- certificates


def _certificate(der: bytes, entry: str) -> Dated:
    """Raises: ValueError; the library's own of an odd version is none."""
    from cryptography import x509

    try:
        return _dated(x509.load_der_x509_certificate(der), entry)
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from error


def _dated(certificate: object, entry: str) -> Dated:
    from cryptography.x509 import Certificate
    from cryptography.x509.oid import NameOID

    assert isinstance(certificate, Certificate)
    try:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        subject = f"CN={names[0].value!s}" if names else certificate.subject.rfc4514_string() or "no subject"
    except ValueError:
        subject = "a subject that cannot be read"
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Dated(entry, "certificate", subject[:LONGEST], since, until)


def _pem(data: bytes, found: Found) -> None:
    number = 0
    for part in data.split(b"-----BEGIN ")[1:]:
        label, _, rest = part.partition(b"-----")
        if label in _OF_SEVERAL:
            found.unread = NO_STORE
        if label not in _CERTIFICATES:
            continue
        number += 1
        body, end, _ = rest.partition(b"-----END " + label + b"-----")
        try:
            if not end:
                raise ValueError("it is cut short")
            der = base64.b64decode(b"".join(body.split()), validate=True)
            found.add(_certificate(der[: _element(der, 0)[2]], str(number)))  # trust settings may follow
        except (ValueError, IndexError) as error:
            found.unread = f"certificate {number} cannot be parsed: {error}"[:200]


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of one element of DER; of indefinite length: all there is.

    Raises: ValueError, IndexError."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length == 0x80:
        return tag, at, len(data)
    if length > 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[at : at + size]), at + size
    if at + length > len(data):
        raise ValueError("it is cut short")
    return tag, at, at + length


def _der(data: bytes, found: Found, passwords: Iterable[str]) -> None:
    _, at, _ = _element(data, 0)
    tag, begin, end = _element(data, at)
    if tag == _INTEGER and data[begin:end] == b"\x03":
        _pkcs12(data, found, passwords)
    elif tag == _SEQUENCE and _element(data, begin)[0] != _OBJECT_ID:
        found.add(_certificate(data, "1"))
    elif tag not in (_INTEGER, _SEQUENCE):  # those begin private keys, public keys and encrypted ones
        found.unread = NO_STORE


def _pkcs12(data: bytes, found: Found, passwords: Iterable[str]) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import pkcs12
    from cryptography.x509 import InvalidVersion

    found.unread = LOCKED
    for password in (None, b"", *(one.encode() for one in passwords)):
        try:
            store = pkcs12.load_pkcs12(data, password)
        except ValueError:
            continue
        except (UnsupportedAlgorithm, InvalidVersion) as error:
            found.unread = f"it cannot be parsed: {error}"[:200]
            continue
        held = [one for one in (store.cert, *store.additional_certs) if one]
        for number, one in enumerate(held, 1):
            name = (one.friendly_name or b"").decode(errors="replace")
            found.add(_dated(one.certificate, name or str(number)))
        found.unread = ""
        return


def _java(data: bytes, found: Found) -> None:
    for alias, der in java_certificates(data):
        try:
            found.add(_certificate(der, alias))
        except ValueError as error:
            found.unread = f"the certificate of {alias} cannot be parsed: {error}"[:200]
