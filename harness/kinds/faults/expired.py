"""What the backup holds was valid on its day, and is not when it is restored; or nobody can tell (GEN-D25).

A renewed certificate or token lies in the source when it is looked at. As soon as the drill's first write shows that
the look is over, a job puts the old one back, before anything is copied: no clock has to be waited for.
`parameter`: what lies there, a function of this module that makes the renewed one and the old one.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from harness.kinds.contracts import FaultRow, PortalAccess, Shell
from harness.model.verdict import Outcome

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

TIMEOUT_S = 120.0
SUBJECT = "portal.example"
YEAR = timedelta(days=365)

ROWS = (
    FaultRow("certificate", "liferay_home", "certificate", ("GEN-D25",), "expiry"),
    FaultRow("token", "liferay_home", "token", ("GEN-D25",), "expiry"),
    FaultRow("store_of_unknown_password", "liferay_home", "locked", ("GEN-D25",), "expiry", Outcome.UNKNOWN),
)

# As the portal's own user, whose files these are; /tmp is nobody's data.
_WRITE = 'umask 077; cat >"$1"'
_PUT_BACK = """setsid sh -c 'until ls "$2"/documents/portal-drill-canary-* >/dev/null 2>&1; do sleep 0.1; done
cat /tmp/old >"$1"' job "$1" "$2" </dev/null >/dev/null 2>&1 &"""


def spoil(row: FaultRow, portal: PortalAccess) -> None:
    component = portal.drill.component(row.component)
    shell = portal.stack.shell(component.service)
    name, renewed, old = _WAYS[row.parameter](datetime.now(UTC))
    path = f"{component.options['path']}/data/{name}"
    _run(shell, _WRITE, path, stdin=renewed)
    if old:
        _run(shell, _WRITE, "/tmp/old", stdin=old)
        _run(shell, _PUT_BACK, path, str(portal.drill.component("document_library").options["path"]))


def _run(shell: Shell, script: str, *words: str, stdin: bytes | None = None) -> None:
    shell.run(["sh", "-c", script, "spoil", *words], user="liferay", stdin=stdin, timeout_s=TIMEOUT_S).ok()


def certificate(now: datetime) -> tuple[str, bytes, bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding

    renewed, old = (_signed(now - YEAR, until)[1] for until in (now + YEAR, now))
    return "portal.pem", renewed.public_bytes(Encoding.PEM), old.public_bytes(Encoding.PEM)


def token(now: datetime) -> tuple[str, bytes, bytes]:
    return "gateway.token", _token(now + YEAR), _token(now)


def locked(now: datetime) -> tuple[str, bytes, bytes]:
    """PKCS#12, of whose password the drill knows nothing; no other one takes its place."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    key, signed = _signed(now - YEAR, now + YEAR)
    encrypted = BestAvailableEncryption(secrets.token_hex().encode())
    return "portal.p12", pkcs12.serialize_key_and_certificates(b"portal", key, signed, None, encrypted), b""


def _signed(since: datetime, until: datetime) -> tuple[EllipticCurvePrivateKey, Certificate]:
    """A key, and a certificate signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SUBJECT)])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), since, until)
    return key, made.sign(key, hashes.SHA256())


def _token(until: datetime) -> bytes:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": SUBJECT, "exp": int(until.timestamp())})
    words = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts]
    return b".".join(word.rstrip(b"=") for word in (*words, base64.urlsafe_b64encode(secrets.token_bytes(32))))


_WAYS: dict[str, Callable[[datetime], tuple[str, bytes, bytes]]] = {
    way.__name__: way for way in (certificate, token, locked)
}
