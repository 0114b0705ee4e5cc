"""The documented subset of the Compose file format, as a `Stack` in order of start.

What the subset leaves out is a mistake, never ignored. State lies on named volumes; the only bind mounts
are read-only ones of services with a profile (jobs that bring content into a new source), and their folder
stands as an absolute path where a volume's name would stand.
"""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from pathlib import Path

from harness.errors import DrillFileWrong, Mistake
from harness.model.drill import Service, Stack
from harness.model.frozen import JsonValue
from harness.prepare.mistakes import Mistakes, shown
from harness.prepare.units import seconds
from harness.prepare.yaml_source import At, Document, read_yaml

TOP_KEYS = ("name", "services", "volumes")
SERVICE_KEYS = (
    *("image", "build", "command", "environment", "volumes", "depends_on", "profiles", "user", "working_dir"),
    *("hostname", "networks", "stop_signal", "stop_grace_period"),
)
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^{}]*)?\})")
_MOUNT = re.compile(r"(?P<source>[^:]+):(?P<path>/[^:]*)(?::(?P<mode>[^:]+))?")


def read_stack(path: Path, shown_as: str) -> Stack:
    """The stack. Raises: DrillFileWrong with all mistakes of the Compose file."""
    try:
        status = path.stat()
        found = _read(path.absolute(), shown_as, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no usable file name"
        found = (Mistake(shown_as, 1, 1, reason, "a Compose file that can be read"),)
    if isinstance(found, Stack):
        return found
    raise DrillFileWrong(found)


@lru_cache(maxsize=64)
def _read(path: Path, shown_as: str, mtime_ns: int, size: int) -> Stack | tuple[Mistake, ...]:
    """By time and size of the file, so that a thousand drills on one stack read it once."""
    try:
        document = read_yaml(path, shown_as)
    except DrillFileWrong as wrong:
        return wrong.mistakes
    reader = _Reader(document, path.parent)
    services = reader.services()
    ordered = _in_order(services, reader.mistakes)
    return tuple(reader.mistakes.found) or Stack(file=shown_as, services=ordered)


class _Reader:
    def __init__(self, document: Document, folder: Path) -> None:
        self.mistakes, self.folder = Mistakes(document), folder
        self.top = self.mapping(document.data, (), TOP_KEYS)
        self.volumes = self.mapping(self.top.get("volumes"), ("volumes",))
        for name, value in self.volumes.items():
            if value not in (None, {}):
                self.mistakes.at_value(("volumes", name), shown(value), "a volume's name alone")

    def services(self) -> tuple[Service, ...]:
        found = self.mapping(self.top.get("services"), ("services",))
        if not found:
            self.mistakes.at_value(("services",), shown(self.top.get("services")), "at least one service")
        return tuple(self.service(name, value) for name, value in found.items())

    def service(self, name: str, value: JsonValue) -> Service:
        at: At = ("services", name)
        if not _NAME.fullmatch(name):
            self.mistakes.at_key(at, shown(name), "a name of letters, digits, dots, hyphens and underscores")
        keys = self.mapping(value, at, SERVICE_KEYS)
        if not keys.get("image"):
            self.mistakes.at_key(at, "no image", "the key image, so that builds have a name")
        profiles = self.texts(keys.get("profiles"), (*at, "profiles"))
        grace = keys.get("stop_grace_period")
        return Service(
            name=name,
            image=self.text(keys.get("image"), (*at, "image")) or "",
            build_context=self.build(keys.get("build"), (*at, "build")),
            command=self.command(keys.get("command"), (*at, "command")),
            environment=self.environment(keys.get("environment"), (*at, "environment")),
            volumes=self.mounts(keys.get("volumes"), (*at, "volumes"), job=bool(profiles)),
            depends_on=self.dependencies(keys.get("depends_on"), (*at, "depends_on")),
            profiles=profiles,
            user=self.text(keys.get("user"), (*at, "user")),
            working_dir=self.text(keys.get("working_dir"), (*at, "working_dir")),
            hostname=self.text(keys.get("hostname"), (*at, "hostname")),
            aliases=self.aliases(keys.get("networks"), (*at, "networks")),
            stop_signal=self.text(keys.get("stop_signal"), (*at, "stop_signal")),
            stop_grace_s=10.0 if grace is None else self.grace(grace, (*at, "stop_grace_period")),
        )

    def mapping(self, value: JsonValue, at: At, known: tuple[str, ...] = ()) -> dict[str, JsonValue]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.mistakes.at_value(at, shown(value), "keys and values")
            return {}
        for key in value:
            if known and key not in known:
                self.mistakes.unknown_word((*at, key), "a key that is known here", key, known, key=True)
        return value

    def text(self, value: JsonValue, at: At) -> str | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.mistakes.at_value(at, shown(value), "text")
            return None
        if "$" in str(value).replace("$$", ""):
            self.mistakes.at_value(at, shown(value), "$$ for a dollar sign; variables stand in environment only")
        return str(value).replace("$$", "$")

    def texts(self, value: JsonValue, at: At) -> tuple[str, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self.mistakes.at_value(at, shown(value), "a list")
            return ()
        return tuple(self.text(item, (*at, number)) or "" for number, item in enumerate(value))

    def command(self, value: JsonValue, at: At) -> tuple[str, ...] | None:
        if not isinstance(value, str):
            return self.texts(value, at) or None
        try:
            return tuple(shlex.split(self.text(value, at) or "")) or None
        except ValueError as error:
            self.mistakes.at_value(at, shown(value), "a command as a shell would split it", str(error))
            return None

    def aliases(self, value: JsonValue, at: At) -> tuple[str, ...]:
        """Further names of the service on the stack's one network."""
        default = self.mapping(self.mapping(value, at, ("default",)).get("default"), (*at, "default"), ("aliases",))
        return self.texts(default.get("aliases"), (*at, "default", "aliases"))

    def build(self, value: JsonValue, at: At) -> str | None:
        if isinstance(value, dict):
            self.mapping(value, at, ("context",))
            value, at = value.get("context"), (*at, "context")
        context = self.text(value, at)
        if context is None:
            return None
        folder = (self.folder / context).resolve()
        if not folder.is_dir():
            self.mistakes.at_value(at, shown(context), "a folder that exists, relative to this file")
        return str(folder)

    def environment(self, value: JsonValue, at: At) -> dict[str, str]:
        if isinstance(value, list):
            pairs = [(str(item).partition("="), (*at, number)) for number, item in enumerate(value)]
            return {name: self.value(text, place) for (name, _, text), place in pairs}
        return {name: self.value(text, (*at, name)) for name, text in self.mapping(value, at).items()}

    def value(self, value: JsonValue, at: At) -> str:
        """Literal text, or with `${NAME}` and `${NAME:-default}` as references that the start resolves."""
        if value is None or isinstance(value, bool | float | dict | list):
            self.mistakes.at_value(at, shown(value), "text; true, false and fractions stand in quotes")
            return ""
        text = str(value)
        if "$" in _VARIABLE.sub("", text) or re.search(r"\$\$\{", text):
            self.mistakes.at_value(at, shown(text), "${NAME}, ${NAME:-default}, or $$ for a dollar sign")
        return _VARIABLE.sub(lambda m: "$" if m["dollar"] else f"${{env:{m['name']}{m['default'] or ''}}}", text)

    def mounts(self, value: JsonValue, at: At, *, job: bool) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, text in enumerate(self.texts(value, at)):
            mount = self.mount(text, (*at, number), job=job) if text else None
            if mount:
                found[mount[0]] = mount[1]
        return found

    def mount(self, text: str, at: At, *, job: bool) -> tuple[str, str] | None:
        parts = _MOUNT.fullmatch(text)
        if parts is None:
            self.mistakes.at_value(at, shown(text), "a named volume and where it is mounted, name:/path")
            return None
        source, path = parts["source"], parts["path"].rstrip("/") or "/"
        if source.startswith((".", "/", "~")):
            if not (job and parts["mode"] == "ro" and source.startswith(".")):
                hint = "state must lie on named volumes; jobs with a profile may read ./folder:/path:ro"
                self.mistakes.at_value(at, f"the bind mount {shown(text)}", "a named volume, name:/path", hint)
            return path, str((self.folder / source).resolve())
        if parts["mode"]:
            self.mistakes.at_value(at, shown(text), "a named volume without a mode, name:/path")
        if source not in self.volumes:
            self.mistakes.unknown_word(at, "a volume named under volumes", source, self.volumes)
        return path, source

    def dependencies(self, value: JsonValue, at: At) -> tuple[str, ...]:
        if isinstance(value, dict):
            for name, detail in value.items():
                self.mapping(detail, (*at, name), ("condition",))
            names: dict[str, At] = {name: (*at, name) for name in value}
        else:
            names = {name: (*at, number) for number, name in enumerate(self.texts(value, at))}
        services = self.top.get("services")
        known = services if isinstance(services, dict) else {}
        for name, place in names.items():
            if name not in known:
                self.mistakes.unknown_word(place, "a service", name, known, key=isinstance(value, dict))
        return tuple(names)

    def grace(self, value: JsonValue, at: At) -> float:
        try:
            return seconds(value.replace("m", "min") if isinstance(value, str) and value.endswith("m") else value)
        except ValueError as error:
            self.mistakes.at_value(at, shown(value), str(error).partition("|")[0])
            return 10.0


def _in_order(services: tuple[Service, ...], mistakes: Mistakes) -> tuple[Service, ...]:
    """Each service after those it depends on, else in the order of the file."""
    left = {service.name: service for service in services}
    ordered: list[Service] = []
    while left:
        ready = next((s for s in left.values() if not set(s.depends_on) & set(left)), None)
        if ready is None:
            names = ", ".join(sorted(left))
            mistakes.at_key(("services", next(iter(left)), "depends_on"), f"a cycle among {names}", "an order of start")
            return services
        ordered.append(left.pop(ready.name))
    return tuple(ordered)
