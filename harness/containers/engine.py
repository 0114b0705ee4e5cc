"""The container engine: how it is reached, what it is, and the one map from its errors to ours."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from harness.clock import remaining_s
from harness.errors import EngineGone, HarnessBroken, PortalDrillError

DOCKER_SOCKET = Path("/var/run/docker.sock")
LISTENING_S = 10.0
PODMAN_SOCKET = Path("/run/podman/podman.sock")
REQUEST_TIMEOUT_S = 120.0  # one request, or less by the deadline of a step; commands have deadlines of their own
CLEAN_UP_S = 10.0  # what a request has even when the deadline is over: what was made must be removed

GONE = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.TimeoutError,
    urllib3.exceptions.ProtocolError,
    ConnectionError,
)


class _Client(docker.APIClient):
    """The SDK's client, each of whose requests ends by the deadline of the step that makes it."""

    @property
    def timeout(self) -> int:
        return round(remaining_s(REQUEST_TIMEOUT_S, CLEAN_UP_S))

    @timeout.setter
    def timeout(self, wanted: int) -> None:
        """The SDK sets it once; the deadline knows better."""


@dataclass(frozen=True)
class Engine:
    """A reachable engine. `init`: it can put a small init process in front of a service (see `create`)."""

    api: docker.APIClient
    name: str
    version: str
    id: str
    init: bool

    def engine_version(self) -> str:
        """Such as `Docker 20.10.24`, for the versions in a report."""
        return f"{self.name} {self.version}"

    def image(self, tag: str) -> dict[str, Any] | None:
        """The image as inspected, None if it is not here; never pulled. Raises: HarnessBroken."""
        try:
            with translated(f"the image {tag} cannot be inspected"):
                details: dict[str, Any] = self.api.inspect_image(tag)  # type: ignore[no-untyped-call]  # stubs
        except HarnessBroken as error:
            if isinstance(error.__cause__, NotFound):
                return None
            raise
        return details

    def close(self) -> None:
        self.api.close()


def connect() -> Engine:
    """The engine of DOCKER_HOST, else Docker's default socket, else Podman's.

    Raises: HarnessBroken if none answers, saying where it was looked for.
    """
    where = _address()
    with translated(f"no container engine answers at {where}"):
        _expect_listener(where)
        api = _Client(base_url=where, version="auto", tls=_tls())
        version, info = api.version(), api.info()
    components = {part["Name"] for part in version.get("Components") or ()}
    return Engine(
        api=api,
        name="Podman" if "Podman Engine" in components else "Docker",
        version=str(version["Version"]),
        id=str(info.get("ID") or info.get("Name")),
        init=bool(info.get("InitBinary")),
    )


def _expect_listener(where: str) -> None:
    """The client leaves its socket open where nobody listens. Raises: OSError."""
    if where.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as tried:
            tried.settimeout(LISTENING_S)
            tried.connect(where.removeprefix("unix://"))


@contextmanager
def translated(what: str, to: type[PortalDrillError] = HarnessBroken) -> Iterator[None]:
    """The one map: an error of the engine or of the way to it becomes `to`, headed by `what`.

    `to` is HarnessBroken for what the harness does, CouldNotAsk for a question to a container; an engine that
    cannot be reached is EngineGone in both cases.
    """
    try:
        yield
    except APIError as error:
        raise to(f"{what}: {error.explanation or error}") from error
    except GONE as error:
        raise EngineGone(f"{what}: the container engine is gone or does not answer: {error}") from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise to(f"{what}: {error}") from error


@contextmanager
def if_there() -> Iterator[None]:
    """Whatever is asked for may be gone by now, or on its way: then nothing happens."""
    try:
        yield
    except NotFound:
        return
    except APIError as error:
        if "already in progress" not in str(error.explanation):
            raise


def _address() -> str:
    named = os.environ.get("DOCKER_HOST")
    if named:
        return str(kwargs_from_env().get("base_url", named))
    if not DOCKER_SOCKET.exists() and PODMAN_SOCKET.exists():
        return f"unix://{PODMAN_SOCKET}"
    return f"unix://{DOCKER_SOCKET}"


def _tls() -> docker.TLSConfig | bool:
    tls = kwargs_from_env().get("tls") if os.environ.get("DOCKER_HOST") else None
    return tls if isinstance(tls, docker.TLSConfig) else False
