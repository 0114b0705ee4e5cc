"""Small pure rules: states in words, levels of a start, mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.containers.create import folder_mount, image_environment
from harness.containers.network import bridge_of
from harness.containers.preflight import levels
from harness.containers.state import state_text
from harness.containers.volumes import volume_names
from harness.errors import HarnessBroken
from harness.model.drill import Service


def service(name: str, *depends_on: str, **volumes: str) -> Service:
    mounts = {path.replace("_", "/"): volume for path, volume in volumes.items()}
    return Service(name=name, image="image:1", depends_on=depends_on, volumes=mounts)


@pytest.mark.parametrize(
    ("state", "log", "text"),
    [
        ({"Running": True}, "", "running"),
        ({"Status": "created", "Error": ""}, "", "not started"),
        ({"Status": "created", "Error": "no such file"}, "", "not started: no such file"),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, "x", "killed: out of memory"),
        ({"Status": "exited", "ExitCode": 127, "Error": ""}, "a\nnot found\n\n", "exited with 127: not found"),
        ({"Status": "exited", "ExitCode": 0, "Error": ""}, "", "exited with 0"),
    ],
)
def test_state_in_words(state: dict[str, object], log: str, text: str) -> None:
    assert state_text(state, log) == text


def test_levels_start_what_is_depended_on_first() -> None:
    services = [service("web", "db", "search"), service("db"), service("search"), service("proxy", "web")]
    assert [[one.name for one in level] for level in levels(services)] == [["db", "search"], ["web"], ["proxy"]]


def test_circle_is_named() -> None:
    with pytest.raises(HarnessBroken, match="in a circle: a, b"):
        list(levels([service("a", "b"), service("b", "a")]))


def test_folders_of_the_host_are_no_volumes() -> None:
    one = service("install", _data="data", _srv="/stack/installation:ro")
    assert one.named_volumes == {"/data": "data"}
    assert volume_names([one, service("web", _data="data", _home="home")]) == ("data", "home")


def test_mounted_folder_must_be_absolute() -> None:
    assert folder_mount(Path("/vault/a"), writable=False)["ReadOnly"]
    with pytest.raises(HarnessBroken, match="must be absolute"):
        folder_mount(Path("vault/a"), writable=False)


def test_environment_of_an_image() -> None:
    assert image_environment({"Config": {"Env": ["A=1", "B=x=y"]}}) == {"A": "1", "B": "x=y"}
    assert image_environment({"Config": {"Env": None}}) == {}


def test_bridge_is_named_by_option_or_id() -> None:
    assert bridge_of({"Id": "0123456789abcdef", "Options": {}}) == "br-0123456789ab"
    named = {"com.docker.network.bridge.name": "drill0"}
    assert bridge_of({"Id": "0123456789abcdef", "Options": named}) == "drill0"
    assert bridge_of({"Id": "0123456789abcdef", "network_interface": "podman3"}) == "podman3"
