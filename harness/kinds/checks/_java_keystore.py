"""Certificates of Java's own keystores, JKS and JCEKS; no kind of its own.

They stand there in the clear: only private and secret keys are encrypted. At the end stands a SHA-1 over password and
content. Source: OpenJDK's JavaKeyStore.java and JceKeyStore.java.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

JAVA = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")  # of JKS, of JCEKS
PRIVATE, TRUSTED, SECRET = 1, 2, 3
SHA1_BYTES = 20


@dataclass
class _Reader:
    """Big-endian values one after the other, as Java's DataInputStream has them."""

    data: bytes
    at: int = 0

    def take(self, size: int) -> bytes:
        taken = self.data[self.at : self.at + size]
        if len(taken) < size:
            raise ValueError("it is cut short")
        self.at += size
        return taken

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size))

    def text(self) -> str:
        return self.take(self.number(2)).decode(errors="replace")

    def block(self) -> bytes:
        return self.take(self.number())


def java_certificates(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Alias and DER of each, those of a chain one after the other.

    Raises: ValueError where it cannot be read on. A secret key has no length that could be passed over, so that what
    stands behind one cannot be read.
    """
    reader = _Reader(data, 4)
    version, count = reader.number(), reader.number()
    if version not in (1, 2):
        raise ValueError(f"version {version}")
    for number in range(1, count + 1):
        sort, alias, _ = reader.number(), reader.text(), reader.take(8)  # and when it was made
        if sort == SECRET:
            if number < count:
                raise ValueError(f"{count - number} entries stand behind a secret key")
            return
        if sort not in (PRIVATE, TRUSTED):
            raise ValueError(f"an entry of sort {sort}")
        if sort == PRIVATE:
            reader.block()
        for _ in range(reader.number() if sort == PRIVATE else 1):
            if version == 2 and (form := reader.text()) != "X.509":
                raise ValueError(f"a certificate of sort {form}")
            yield alias, reader.block()
    if len(data) - reader.at < SHA1_BYTES:
        raise ValueError("it is cut short")
    if len(data) - reader.at > SHA1_BYTES:
        raise ValueError("it is longer than it says")
