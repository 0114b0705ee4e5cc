"""How a service becomes a container: mounts, environment, network, labels; nothing is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from docker.types import Mount

from harness.containers.engine import Engine, if_there, translated
from harness.containers.hooks import OnSecret
from harness.containers.labels import Owner
from harness.containers.network import NOBODY, RESOLVER_OPTIONS, StackNetwork
from harness.containers.references import resolved
from harness.errors import CommandFailed, HarnessBroken
from harness.kinds.contracts import ARTEFACT
from harness.model.drill import Service, is_folder

# What a start says when the image or a restored volume is at fault, not the engine. Source: runc's messages.
THEIRS = ("OCI runtime", "oci runtime", "exec:", "unable to start container process")


def service_mounts(service: Service, owner: Owner, *, copy: bool, read_only: bool = False) -> list[Mount]:
    """`copy`: whether an empty volume is filled from the image when it is first mounted."""
    return [
        folder_mount(Path(source.removesuffix(":ro")), path, writable=False)
        if is_folder(source)
        else volume_mount(owner, source, path, copy=copy, read_only=read_only)
        for path, source in service.volumes.items()
    ]


def volume_mount(owner: Owner, volume: str, path: str, *, copy: bool, read_only: bool) -> Mount:
    return Mount(path, owner.name_of(volume), type="volume", read_only=read_only, no_copy=not copy)


def folder_mount(folder: Path, path: str | PurePosixPath = ARTEFACT, *, writable: bool) -> Mount:
    """A folder of the host; the engine resolves the path, so it must be absolute and exist.

    Raises: HarnessBroken if it is not absolute.
    """
    if not folder.is_absolute():
        raise HarnessBroken(f"the folder {folder} cannot be mounted: its path must be absolute")
    return Mount(str(path), str(folder), type="bind", read_only=not writable)


def create_service(
    engine: Engine,
    service: Service,
    owner: Owner,
    network: StackNetwork,
    *,
    copy: bool,
    on_secret: OnSecret,
    name_server: str = NOBODY,
    aliases: Sequence[str] = (),
) -> str:
    """The id of a container that is not started yet, known by its service's name and `aliases`.

    References to secrets are resolved here and now, and `on_secret` is told.

    An init process stands in front where the engine has one: as process 1 a server would ignore every
    signal that it does not handle, SIGTERM among them, and leave zombies.
    Raises: HarnessBroken.
    """
    name = owner.name_of(service.name)
    environment = resolved(service.environment, on_secret)
    with translated(f"the container {name} could not be made"):
        made = engine.api.create_container(
            service.image,
            command=list(service.command) if service.command is not None else None,
            name=name,
            hostname=service.host_name,
            user=service.user,
            working_dir=service.working_dir,
            environment=environment,
            labels=owner.labels(),
            stop_signal=service.stop_signal,
            host_config=engine.api.create_host_config(
                network_mode=network.name,
                mounts=service_mounts(service, owner, copy=copy),
                init=engine.init or None,
                dns=[name_server],
                dns_opt=RESOLVER_OPTIONS,
            ),
            networking_config={"EndpointsConfig": {network.name: {"Aliases": [service.name, *aliases]}}},
            use_config_proxy=False,
        )
    return str(made["Id"])


def create_sleeper(
    engine: Engine,
    image: str,
    owner: Owner,
    mounts: Iterable[Mount],
    *,
    network: StackNetwork | None = None,
    name_server: str = NOBODY,
    sleep_s: int,
) -> str:
    """The id of a container that does nothing, as root, and ends by itself. Raises: HarnessBroken."""
    with translated(f"a tool container of {image} could not be made"):
        made = engine.api.create_container(
            image,
            entrypoint=["sleep"],
            command=[str(sleep_s)],
            user="0",
            labels=owner.labels(),
            healthcheck={"test": ["NONE"]},
            host_config=engine.api.create_host_config(
                network_mode=network.name if network else "none",
                mounts=list(mounts),
                dns=[name_server] if network else None,
                dns_opt=RESOLVER_OPTIONS if network else None,
            ),
            use_config_proxy=False,
        )
    return str(made["Id"])


def start_container(engine: Engine, container: str, what: str) -> None:
    """Raises: CommandFailed if the image or its data cannot be started, HarnessBroken if the engine fails."""
    try:
        with translated(f"{what} could not be started"):
            engine.api.start(container)
    except HarnessBroken as error:
        if any(words in str(error) for words in THEIRS):
            raise CommandFailed(str(error)) from error
        raise


def remove_container(engine: Engine, container: str) -> None:
    """Killed, and gone with its anonymous volumes. Raises: HarnessBroken."""
    with translated(f"the container {container[:12]} could not be removed"), if_there():
        engine.api.remove_container(container, force=True, v=True)


def image_environment(details: Mapping[str, object]) -> dict[str, str]:
    """What an inspected image or container sets by itself."""
    config = details.get("Config")
    lines = config.get("Env") if isinstance(config, dict) else None
    return dict(str(line).partition("=")[::2] for line in lines or ())
