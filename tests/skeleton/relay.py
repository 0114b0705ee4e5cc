"""A socket in front of the engine's own, which a test can freeze, cut or let answer with errors."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

ENGINE = "/var/run/docker.sock"
REFUSED = b'{"message":"driver failed: device or resource busy"}'
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Relay:
    """Passes every connection on to the engine, byte by byte, one thread for each direction.

    `refuses`: requests (their first bytes) that are answered with an error of the engine, and not passed on.
    """

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}"
        self.refuses: Callable[[bytes], bool] = lambda request: False
        self._path = path
        self._passes = threading.Event()
        self._passes.set()
        self._open: list[socket.socket] = []
        self._listener = self._listening()

    def freeze(self) -> None:
        """Connections are taken, and nothing is ever answered."""
        self._passes.clear()

    def cut(self) -> None:
        """The engine is gone: every connection breaks, and there is no socket to connect to."""
        self._path.unlink(missing_ok=True)
        self._end(self._listener)
        for each in self._open:
            self._end(each)
        self._open.clear()

    def close(self) -> None:
        self.cut()
        self._passes.set()

    def _listening(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen(64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(ENGINE)
            self._open += [client, engine]
            threading.Thread(target=self._pass_on, args=(client, engine, True), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(engine, client, False), daemon=True).start()

    def _pass_on(self, origin: socket.socket, target: socket.socket, asking: bool) -> None:
        with contextlib.suppress(OSError):
            while data := origin.recv(65536):
                self._passes.wait()
                if asking and self.refuses(data):
                    origin.sendall(ERROR % (len(REFUSED), REFUSED))
                    continue
                target.sendall(data)
            self._passes.wait()
            target.shutdown(socket.SHUT_WR)  # the end of one direction is not that of the other

    @staticmethod
    def _end(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
