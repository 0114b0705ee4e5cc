"""Sends the requests that a drill file describes, as its accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import urljoin, urlsplit

from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.contracts import Http, HttpReply, PortalAccess
from harness.kinds.portals.http.extract import Answer, Holds, Values, filled, filled_all, find, held, in_address
from harness.kinds.portals.http.options import Options
from harness.kinds.portals.http.requests import Account, ReadStep, Request, Step

TIMEOUT_S = 30.0
OK = HttpReply(200, {}, b"")


@dataclass
class _Client:
    """Cookies of one account at one service, and what its login has given."""

    http: Http
    values: dict[str, str] = field(default_factory=dict)


class Client:
    """Asks one portal. One for each function of the adapter: nobody stays logged in."""

    def __init__(self, access: PortalAccess) -> None:
        self.access = access
        self.options = Options.model_validate(access.portal.options)
        self._clients: dict[tuple[str, int, str], _Client] = {}

    def send(
        self, request: Request, values: Values, *, also: Sequence[int] = (), timeout_s: float = TIMEOUT_S
    ) -> Answer:
        """The answer, if its status is one that the request calls well, or one of `also`.

        Raises: CommandFailed for another status; CouldNotAsk if there is no answer, or one that says "not now".
        """
        service, port = request.service or self.access.portal.service, request.port or self.access.portal.port
        client, auth, headers = self._as(request.account, service, port, timeout_s)
        return self._send(request, client, {**client.values, **values}, auth, headers, also, timeout_s)

    def _send(
        self,
        request: Request,
        client: _Client,
        values: Values,
        auth: tuple[str, str] | None,
        headers: Values,
        also: Sequence[int] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> Answer:
        path = filled(request.path, values, in_address)
        reply = client.http.request(
            request.method,
            path,
            headers={**headers, **{name: filled(text, values) for name, text in request.headers.items()}},
            auth=auth,
            body_json=filled_all(request.body, values),
            form={name: filled(text, values) for name, text in request.form.items()} if request.form else None,
            files={
                name: (filled(one.name, values), filled(one.content, values).encode())
                for name, one in (request.files or {}).items()
            }
            or None,
            timeout_s=timeout_s,
        )
        try:
            return Answer(reply.expect(*request.status, *also))
        except (CommandFailed, CouldNotAsk) as error:
            raise type(error)(f"{request.method} {path}: {error}") from error

    def _as(
        self, name: str | None, service: str, port: int, timeout_s: float
    ) -> tuple[_Client, tuple[str, str] | None, dict[str, str]]:
        """The account's client, logged in, with its way to say who it is."""
        key = (service, port, name or "")
        client = self._clients.get(key)
        if name is None:
            return self._clients.setdefault(key, client or _Client(self.access.stack.http(service, port))), None, {}
        account = self.options.accounts[name]
        known = {"user": account.user, "password": self._password(account)}
        if client is None:
            client = _Client(self.access.stack.http(service, port))
            for step in account.login:
                answer = self._send(step, client, {**known, **client.values}, None, {}, timeout_s=timeout_s)
                client.values |= taken(step, answer, known)
            self._clients[key] = client
        headers = {word: filled(text, {**known, **client.values}) for word, text in account.headers.items()}
        basic = None if account.login or account.headers else (account.user, known["password"])
        return client, basic, headers

    def _password(self, account: Account) -> str:
        if account.password is not None:
            return self.access.stack.resolved(account.password)
        environment = self.access.stack.environment(account.password_service or self.access.portal.service)
        variable = account.password_variable or ""
        if variable not in environment:
            raise CouldNotAsk(f"no variable {variable} holds the password of {account.user}")
        return environment[variable]

    def steps(self, steps: Sequence[Step], values: Values) -> dict[str, str]:
        """All of them in order; the values given and taken."""
        found = dict(values)
        for step in steps:
            found |= taken(step, self.send(step, found), found)
        return found

    def is_there(self, tier: str, steps: Sequence[ReadStep], values: Values) -> bool:
        """Whether every step finds what it must. Raises: NoJson for an error page where JSON was expected."""
        found = dict(values)
        for step in steps:
            answer = self._file(tier, step, found) if step.file else self.send(step, found, also=step.absent)
            if answer is None or (not step.file and answer.reply.status in step.absent):
                return False
            if lacking(answer, step.holds, found):
                return False
            found |= taken(step, answer, found)
        return True

    def _file(self, tier: str, step: ReadStep, values: Values) -> Answer | None:
        """A file of the tier's component as its service sees it; None without it.

        Raises: CouldNotAsk if it was not read, or not to its end.
        """
        component = self.access.drill.component(tier)
        path = PurePosixPath(str(component.options.get("path", "/"))) / filled(step.file or "", values)
        said = self.access.stack.shell(component.service).run(["cat", "--", str(path)], timeout_s=TIMEOUT_S)
        if said.exit_code > 1 or said.truncated:  # 1: `cat` looked, and there is no such file
            why = "is longer than what a command may print" if said.truncated else f"cat ended with {said.exit_code}"
            raise CouldNotAsk(f"{path} was not read: {why}")
        if said.exit_code:
            return None
        return Answer(OK, piece=said.stdout.decode(errors="replace"), is_item=True)


def taken(step: Step, answer: Answer, values: Values) -> dict[str, str]:
    """The step's values. Raises: Unmatched if one is not in the answer."""
    return {name: find(answer, where, values) for name, where in step.values.items()}


def lacking(answer: Answer, wanted: Sequence[Holds], values: Values) -> str | None:
    """None if all is there, else what the answer has instead of the first that is not."""
    return next((said for one in wanted if (said := held(answer, one, values)) is not None), None)


def path_of(link: str, current: str) -> str:
    """The path of a link to the next page: whole addresses may name the portal as they like."""
    parts = urlsplit(urljoin(f"http://portal{current}", link))
    return parts.path + (f"?{parts.query}" if parts.query else "")
