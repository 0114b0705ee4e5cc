"""HTTP to a service by its bridge address: the handle `Http`."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from functools import cache

import httpx

from harness.clock import remaining_s
from harness.errors import CouldNotAsk, NoAnswer
from harness.kinds.contracts import HttpReply
from harness.model.frozen import JsonValue

LEAST_S = 0.1  # a timeout of zero would not be one


class BridgeHttp:
    """Keeps cookies, follows no redirect, reads no proxy from the environment.

    Every request has a connection of its own: one that was kept open would break when the service is
    restarted, and the break would look like an outage. `address` is asked for at each request, because a
    restarted container may have another one.
    """

    def __init__(self, address: Callable[[], str], port: int, where: str) -> None:
        self._address = address
        self._port = port
        self._where = where
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            verify=_never_used(),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        body_json: JsonValue = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        timeout_s: float = 30,
    ) -> HttpReply:
        """Units: `timeout_s` for connecting, and for each silence of the server; a step's deadline holds for all.

        Raises: CouldNotAsk if there is no connection; NoAnswer, one of these, if there is one and the answer does not
        come in time, breaks off, or cannot be decoded.
        """
        url = f"http://{self._address()}:{self._port}{path}"
        try:
            with self._client.stream(
                method,
                url,
                params=dict(params) if params else None,
                headers=dict(headers) if headers else None,
                auth=auth,
                json=body_json,
                data=dict(form) if form else None,
                files=dict(files) if files else None,
                timeout=remaining_s(timeout_s, LEAST_S),
            ) as reply:
                body = _read(reply)
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            what = CouldNotAsk if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)) else NoAnswer
            raise what(f"{self._where}: {method} {path} got no answer: {reason}") from error
        names = {name.lower(): value for name, value in reply.headers.items()}
        return HttpReply(status=reply.status_code, headers=names, body=body)


@cache
def _never_used() -> ssl.SSLContext:
    """A bridge is spoken to without TLS; without this each client would make one, which takes ten times as long as the
    rest of it."""
    return httpx.create_ssl_context(verify=False, trust_env=False)


def _read(reply: httpx.Response) -> bytes:
    """The whole body. Raises: ReadTimeout if it still comes, piece by piece, when the deadline is over."""
    pieces = []
    for piece in reply.iter_bytes():
        pieces.append(piece)
        if not remaining_s(1):
            raise httpx.ReadTimeout(f"its body was not whole by the deadline: {sum(map(len, pieces))} bytes")
    return b"".join(pieces)
