"""What kinds are given (handles) and what they owe (contracts), as Protocols (DESIGN 9 and 10).

A kind is a plain module of functions that satisfies one contract. It imports neither docker nor pytest,
never sleeps and never polls: `run/` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from harness.errors import CommandFailed, CouldNotAsk
from harness.model.drill import Component, Drill, Portal, Service
from harness.model.evidence import AT_SOURCE, Evidence, Observation
from harness.model.frozen import JsonValue
from harness.model.inventory import FIRST, Difference, Item, Lines, Named
from harness.model.plan import Plan
from harness.model.restore_point import Canary, FaultNote, RestorePoint
from harness.model.verdict import Outcome

# ---------------------------------------------------------------- handles


@dataclass(frozen=True)
class CommandResult:
    """What a command said. Output is capped at 1 MiB each and flagged; non-zero is not raised."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    duration_s: float

    def ok(self) -> CommandResult:
        """Self, or CommandFailed with the last 50 lines of stderr (or stdout where that is empty)."""
        if self.exit_code == 0:
            return self
        said = (self.stderr or self.stdout).decode(errors="replace").splitlines()[-50:]
        raise CommandFailed(f"{self.argv[0]} exited with {self.exit_code}: " + "\n".join(said))

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="surrogateescape")


class Shell(Protocol):
    """Runs commands in one place (a container, a host)."""

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str | None = None,
        stdin: bytes | None = None,
        timeout_s: float,
        environment: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Raises: CouldNotAsk if the transport fails or `timeout_s` seconds pass."""

    def stream(self, argv: Sequence[str], *, user: str | None = None, timeout_s: float) -> Iterator[bytes]:
        """Chunks of stdout. Raises: CommandFailed at the end if non-zero; CouldNotAsk as `run`."""


# Asked again, the server may say another thing: it was too slow, has too much to do, or waited for one that has. 503 is
# none of them: a search engine whose shards were not restored says it for good. Source: RFC 9110, RFC 6585.
NOT_NOW = frozenset({408, 429, 504})


@dataclass(frozen=True)
class HttpReply:
    """An answer: any status is an answer."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        """Raises: CouldNotAsk if the body is no JSON (an error page is no data)."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise CouldNotAsk(f"no JSON in an answer with status {self.status}: {self.body[:200]!r}") from error

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def answered(self) -> HttpReply:
        """Self. Raises: CouldNotAsk if the server says that it cannot tell now (`NOT_NOW`)."""
        if self.status in NOT_NOW:
            raise CouldNotAsk(f"HTTP {self.status}, which says no more than not now: {self.text[:300]}")
        return self

    def expect(self, *statuses: int) -> HttpReply:
        """Self, or CommandFailed if the status is another one. Raises: CouldNotAsk as `answered`."""
        if self.status in statuses:
            return self
        self.answered()
        raise CommandFailed(f"HTTP {self.status}, expected {' or '.join(map(str, statuses))}: {self.text[:300]}")


class Http(Protocol):
    """Requests to one service; keeps cookies, follows no redirect."""

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
        """Raises: CouldNotAsk if there is no answer (refused, reset, timed out)."""


class Sql(Protocol):
    """A database connection with pinned session settings (time zone UTC, UTF-8, full float digits)."""

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Streamed rows. Raises: CommandFailed if the server refuses, CouldNotAsk if it cannot be reached."""


@dataclass(frozen=True)
class Attempt:
    """What a container of the sandbox tried to reach that is no service of the stack.

    `sort`: name (asked for), connection (TCP, UDP or ping, by name or literal address), request (HTTP), mail, host (a
    service of the machine that the engine runs on). `count` is at least so much.
    """

    service: str
    sort: str
    target: str
    port: int | None
    detail: str = ""
    count: int = 1


@dataclass(frozen=True)
class AttemptRecord:
    """All that was tried, and what could not be recorded, in words: then nobody knows that there is nothing else."""

    tried: tuple[Attempt, ...]
    not_recorded: tuple[str, ...] = ()


@dataclass(frozen=True)
class WayOut:
    """A way out of the sandbox that was tried on purpose. `open` None: it could not be tried."""

    name: str
    open: bool | None
    found: str


class ToolImage(StrEnum):
    """Which image a tool container runs: the harness's own, or that of the component's service (so that
    client and server are of one version, GEN-D1)."""

    TOOLS = "tools"
    SERVICE = "service"


class Stack(Protocol):
    """The running containers of one portal: the source or the sandbox."""

    role: Literal["source", "sandbox"]

    def shell(self, service: str) -> Shell: ...

    def http(self, service: str, port: int) -> Http:
        """A new client without cookies."""

    def sql(self, service: str, *, database: str, user: str, password: str) -> AbstractContextManager[Sql]: ...

    def environment(self, service: str) -> Mapping[str, str]:
        """The service's environment with secrets resolved."""

    def resolved(self, text: str) -> str:
        """`text` with every reference (`${env:NAME}`, `${file:/path}`) replaced, at the last moment.

        Raises: NotThere if nothing is where one points; HarnessBroken if nobody can tell.
        """

    def addresses(self) -> Mapping[str, str]:
        """The addresses of the running services."""

    def host_names(self) -> Mapping[str, str]:
        """What the containers of the running services call themselves. Raises: CouldNotAsk."""

    def attempts(self) -> AttemptRecord:
        """What the sandbox tried to reach outside. Raises: CouldNotAsk."""

    def ways_out(self) -> tuple[WayOut, ...]:
        """Ways out, tried from inside: to the host itself, and what the engine has connected."""

    def mounts(self, service: str) -> tuple[str, ...]:
        """The paths at which the service mounts volumes, so that one tree can leave out another nested in it."""

    def attached(self, service: str) -> Mapping[str, str]:
        """What the engine really mounted into the running service: path to the stack's volume, or to a folder of
        the host (absolute); "" for a volume without a name, which the image asked for. Raises: CouldNotAsk."""

    def changed_files(self, service: str) -> Iterator[str]:
        """Paths in the container's own layer that were added, changed or removed against its image; of a folder
        only what is in it. Raises: CouldNotAsk."""

    def logs(self, service: str) -> str:
        """The last `LOG_LINES` lines that the service printed since it was last started."""

    def log_lines(self, service: str) -> Iterator[str]:
        """Every line that the service printed since it was last started, the oldest first. Raises: CouldNotAsk."""

    def tool(
        self,
        service: str,
        *,
        image: ToolImage,
        writable: bool,
        artefact: Path | None = None,
        artefact_writable: bool = False,
        networked: bool = False,
        volumes: bool = True,
    ) -> AbstractContextManager[Shell]:
        """A container with the service's volumes at their paths and `artefact` (a folder of the vault) at
        `/artefact`; root inside; removed at the end. `networked`: on the stack's network, so that
        services answer by their names. `volumes=False`: only the artefact is mounted."""


ARTEFACT = PurePosixPath("/artefact")
ARTEFACTS = PurePosixPath("/artefacts")  # all of a restore point; its folder in the vault has the same name
LOG_LINES = 5000
# Files that configuration is kept in by their names: what they name is read however long they are, and whatever bytes
# stand between (UTF-16 has zeros). As a test of `find`, in the words of a shell.
_TEXTS = "bat cfg cmd cnf conf config env ini json policy properties props ps1 reg sh toml xml yaml yml"
NAMED_AS_TEXT = " -o ".join(f"-iname '*.{ending}'" for ending in _TEXTS.split())

# ---------------------------------------------------------------- what kinds get


class KindOptions(BaseModel):
    """Base of a kind's options: strict, frozen; field descriptions become the documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


REFERENCE = re.compile(r"\$\{(?:env:[A-Za-z_][A-Za-z0-9_]*|file:/[^}\s]+)\}")  # as a drill file writes it
PLAIN_SECRET = "plain_secret"


def _reference(value: object) -> str:
    """Raises: an error that never shows the value, for it may be the secret itself."""
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        return value
    expected = "a reference: ${env:NAME} or ${file:/path}"
    raise PydanticCustomError(PLAIN_SECRET, f"{expected}|a key or password does not belong in a drill file")


SecretReference = Annotated[
    str,
    BeforeValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": f"^{REFERENCE.pattern}$".replace("(?:", "(")}),
]


@dataclass(frozen=True)
class ComponentAccess:
    """A component on a running stack. `marks` of engines and inventories are set by `run/`, not by kinds."""

    component: Component
    stack: Stack


@dataclass(frozen=True)
class BackupAccess(ComponentAccess):
    """Given to an engine's backup: `artefact` is an empty folder of the vault on the harness's disk;
    a tool container sees it at `/artefact`. `pairing_id` ties the artefacts of one capture (LR-D5)."""

    artefact: Path
    pairing_id: str
    timeout_s: float


@dataclass(frozen=True)
class RestoreAccess(ComponentAccess):
    """Given to an engine's restore: `artefact` as `backup` left it, read-only; `facts` it returned then."""

    artefact: Path
    pairing_id: str
    facts: Mapping[str, JsonValue]
    timeout_s: float


@dataclass(frozen=True)
class PortalAccess:
    """A portal on a running stack."""

    portal: Portal
    stack: Stack
    drill: Drill


# ---------------------------------------------------------------- contracts


class ProductKind(Protocol):
    """A versioned table of what one vendor's document demands: rules only, no behaviour."""

    NAME: str  # as in YAML: liferay-dxp-7.4
    TITLE: str
    PORTAL: str | None  # the vendor's own portal adapter; any other is a stand-in
    COMPONENTS: Mapping[str, ProductComponent]
    GROUPS: Mapping[str, tuple[str, ...]]  # required order of capture inside each group
    RESTORE_ORDER: tuple[str, ...]
    RESTORED_BEFORE: tuple[tuple[str, str, str], ...]  # first, then, why: a drill file may not turn it round
    DEFAULT_CHECKS: tuple[str, ...]


@dataclass(frozen=True)
class ProductComponent:
    """A row of a product's table. `waivable` False: cannot be left out at all (LR-22)."""

    kind: str
    engine: str
    requirements: tuple[str, ...]
    why: str
    waivable: bool = True
    primary: bool = False
    classes: tuple[tuple[str, str, str], ...] = ()  # glob, class, reason


@runtime_checkable
class Proposes(Protocol):
    """Capability of components, engines and portals: what `portal-drill init` writes for a service of a stack."""

    def propose(self, service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
        """Options for each thing of this kind that may lie in the service; `name` is what it is to be called."""


@runtime_checkable
class HasExample(Protocol):
    """Capability of a portal that only its user can describe: a commented description to begin from, as YAML."""

    def example(self, content_tier: str) -> str:
        """Options that fit a drill whose database is the component `content_tier`."""


class ComponentKind(Protocol):
    """Inventory and position of one kind of component."""

    Options: type[KindOptions]
    NEEDS_SERVICE: bool  # its service must run to be asked (a database), or must not (a file tree)
    IS_INDEX: bool  # a search index: may be rebuilt, never needed to start the portal

    def inventory(self, access: ComponentAccess) -> Iterator[Item | Lines]:
        """All items in byte order of key. Raises: CouldNotAsk, CommandFailed."""

    def position(self, access: ComponentAccess) -> dict[str, JsonValue]:
        """The logical position (LSN, highest id, head commit, …)."""

    def proved_empty(self, access: ComponentAccess) -> str | None:
        """None if the target holds nothing, else what it holds."""


@dataclass(frozen=True)
class Surrounding:
    """One thing that the survey finds around a component: a database of the same server, an index, a hook.

    `name` is what a waiver calls it (`undeclared: database reports`), its first word one of `UNDECLARED`;
    `declared`: a component holds it; `why` says what it would cost to lose it. `excused`: why nobody need hold
    it. `place`: where in its service it lies, if another component's tree there, or the image, may hold it.
    A `host` counts as one that the configuration names.
    """

    name: str
    declared: bool
    why: str
    requirements: tuple[str, ...] = ()
    excused: str = ""
    place: str = ""


# What the survey can find and a waiver `undeclared: <word> <name>` can name.
UNDECLARED: Mapping[str, str] = {
    "database": "a database of a declared one's server",
    "file": "a file that was added or changed in a container, or beside a server's own: `<service>:<path>`",
    "files": "what lies on a volume beside the declared trees, or where the portal keeps its files: `<service>:<path>`",
    "git": "what a bundle leaves out of a repository: `<component>:<what>`",
    "host": "a host that the configuration names",
    "index": "an index of the search server",
    "link": "a link that leaves its tree: `<service>:<path>`",
    "pipeline": "an ingest or search pipeline",
    "repository": "a snapshot repository that the search server knows",
    "rule": "a rule of access or a mapping of users of a database server: `<service>:<rule>`",
    "script": "a script stored in the search server",
    "setting": "a setting that a server keeps outside its data: `<service>:<name>`",
    "slot": "a replication slot",
    "tablespace": "a tablespace outside the data directory",
    "template": "a template of the search server",
    "volume": "a volume that no component looks into; one without a name as `<service>:<path>`",
}


@runtime_checkable
class Surrounded(Protocol):
    """Capability of a component that lies beside others of its sort, all of which somebody must back up (LR-18)."""

    def surroundings(self, access: ComponentAccess) -> Iterator[Surrounding]:
        """All that its server or place holds. Raises: CouldNotAsk, CommandFailed."""


@runtime_checkable
class Occupies(Protocol):
    """Capability of a component that is asked through its server: where that server keeps it."""

    def occupies(self, access: ComponentAccess) -> Iterator[str]:
        """Absolute paths in its service, with all below them. Raises: CouldNotAsk, CommandFailed."""


@runtime_checkable
class Verifies(Protocol):
    """Capability: the component's own opinion of its soundness (corrupt pages, red indexes, lost objects)."""

    def verify(self, access: ComponentAccess) -> Iterator[Probe]:
        """Raises: CouldNotAsk, CommandFailed. Changes nothing."""


@runtime_checkable
class Purges(Protocol):
    """Capability of an index that comes back inside another component's tree, and is built anew only where its
    contents are gone (XLR-13)."""

    def purge(self, access: ComponentAccess) -> tuple[str, ...]:
        """Remove the contents, keep the folders; returns what was emptied. The portal does not run.

        Raises: CommandFailed if there is nothing to empty or something is left, CouldNotAsk."""


@runtime_checkable
class ComparesPrefixes(Protocol):
    """Capability of a component whose items may be `append`."""

    def prefix_digests(self, access: ComponentAccess, sizes: Mapping[str, int]) -> Mapping[str, str]:
        """The digest, as in the inventory, of the first `sizes[key]` bytes of each key that still has as many."""


@dataclass(frozen=True)
class StoredFile:
    """A file below a component's path. `size_bytes` None: a link, whose target is the file."""

    key: str
    size_bytes: int | None
    changed_utc: datetime


@runtime_checkable
class ListsFiles(Protocol):
    """Capability of a component that is a tree of files: their names, sizes and times without reading them."""

    def files(self, access: ComponentAccess) -> Iterator[StoredFile]:
        """In byte order of key; links that lead nowhere are left out. Raises: CouldNotAsk, CommandFailed."""


@runtime_checkable
class CountsDeletions(Protocol):
    """Capability: a server that counts what is deleted. Items may be born and die between the source's two
    inventories, and be in the backup."""

    def deletions(self, access: ComponentAccess) -> Mapping[str, int]:
        """By the beginning of the keys (`row/public.page/`): how many were deleted so far. Raises: CouldNotAsk."""


@runtime_checkable
class KnowsAge(Protocol):
    """Capability: items that say themselves when they were last written, also after their restore."""

    def written_unix_s(self, access: ComponentAccess, keys: Sequence[str]) -> Mapping[str, float]:
        """Seconds since 1970. Raises: CouldNotAsk, CommandFailed."""


@runtime_checkable
class HasRules(Protocol):
    """Capability of components and engines: what their options keep from being judged as plain state."""

    def rules(self, options: Any) -> Iterator[tuple[str, str, str]]:
        """What, in words; how it is judged (an `ItemClass`, `NOT_COMPARED` or `NOT_BACKED_UP`); why."""


@runtime_checkable
class GivesReasons(Protocol):
    """Capability of a component whose inventory gives items a class itself: why one of them is not judged."""

    def why(self, options: Any, key: str) -> str:
        """The reason of the rule by which this item is disposable; of all rules that may be it, if its key does not
        tell which."""


@runtime_checkable
class NeedsKeys(Protocol):
    """Capability of an engine: keys without which nobody can read its backup, and which no backup holds (GEN-D24)."""

    def needed_keys(self, options: Any) -> Mapping[str, str]:
        """By name, the reference to the declared place."""


class EngineKind(Protocol):
    """A way to back a component up and to restore it."""

    Options: type[KindOptions]
    COMPONENTS: frozenset[str]
    TOLERATES_OPEN_FILES: bool
    CAPTURE_POINT: Literal["started", "finished"]  # the instant that the artefact stands for

    def backup(self, access: BackupAccess) -> dict[str, JsonValue]:
        """Write the artefact; returns facts (versions, counts) for the manifest.

        Raises: CommandFailed if the tool said no, CouldNotAsk if it could not be asked.
        """

    def restore(self, access: RestoreAccess) -> None:
        """Remove, then replace, with the vendor's tool and stop-on-error. Raises as `backup`."""


@dataclass(frozen=True)
class ContentItem:
    """A content item, as the database or the index has it.

    `key` is `<type>:<id>` with a zero-padded id, so that byte order is the order of both lists; `revision`
    changes with every edit; `committed_utc` says when that revision was written (None: not known).
    """

    key: str
    revision: str
    committed_utc: datetime | None
    title: str | None = ""  # None: this list gives none, so that titles are not compared
    public: bool = True


@dataclass(frozen=True)
class Probe:
    """One question to the portal and its answer. `final`: waiting longer cannot change it."""

    name: str
    ok: bool
    expected: str
    found: str
    requirements: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True)
class Query:
    """One word and what a plain user must find for it. `must` are certain hits and `may` items of which the
    database alone cannot tell (the word stands inside another one); anything else found is a ghost."""

    word: str
    must: frozenset[str]
    may: frozenset[str] = frozenset()


class PortalKind(Protocol):
    """An adapter to running software."""

    TITLE: str
    VENDOR_OF: frozenset[str]  # products whose own portal this is; on any other it is a stand-in
    Options: type[KindOptions]
    SERVICE: str
    PORT: int
    CONTENT_TIER: str  # the component from which `items` are read
    INDEX_TIER: str | None  # the component that `search` asks, if there is an index
    TIERS: tuple[str, ...]  # tiers that a canary is written to, named as the components that store them
    COMPONENTS: Mapping[str, Mapping[str, Any]]  # defaults per component name: service, options, classes

    def healthy(self, access: PortalAccess) -> Probe:
        """Whether the portal serves with its own data (a 200 alone never is); asked again until it does."""

    def facts(self, access: PortalAccess) -> dict[str, str]:
        """What the portal says of itself (licence, modules, settings): equal at source and after restore."""

    def versions(self, access: PortalAccess) -> dict[str, str]:
        """Versions of the servers, by product name."""

    def probes(self, access: PortalAccess, expected: Mapping[str, str]) -> Iterator[Probe]:
        """Login, seeded page, modules, licence, settings, log: judged against the source's `expected` facts."""

    def write_nonce(self, access: PortalAccess, nonce: str) -> None: ...

    def read_nonces(self, access: PortalAccess) -> tuple[str, ...]:
        """All nonces that the portal holds, oldest first."""

    def write_canary(self, access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
        """Write a new item that carries `token`; yields (tier, what the portal called it) as soon as that
        tier's write is acknowledged.

        Raises: CommandFailed if refused; CouldNotAsk if it is not known whether it was written.
        """

    def edit_canary(self, access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
        """Add `token` to the earlier item; yields and raises as `write_canary`."""

    def kept_canaries(self, access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
        """(number, tier, whether it survived) for each acknowledged tier of each canary."""

    def canary_query(self, canary: Canary) -> Query | None:
        """The search that must find this canary's item; None if it was not written where it can be found."""

    def items(self, access: PortalAccess) -> Iterator[ContentItem]:
        """All content items without the index, in byte order of key."""

    def search(self, access: PortalAccess, query: str) -> frozenset[str]:
        """Keys found for one word as a plain user, every page up to the stated total asked for.

        Raises: CouldNotAsk if pages are missing (a total that counts ghosts is no reason).
        """

    def queries(self, access: PortalAccess) -> Iterator[Query]:
        """A sample of words with what a plain user must find for each, worked out from the database alone;
        together they cover every item that the user may read, as far as 64 words can."""


@dataclass(frozen=True)
class Misfit:
    """A mistake in options that are sound by themselves. `at`: keys below the options; with `known` the nearest of
    these words is the hint; `key`: the key itself is meant and not its value."""

    at: tuple[str | int, ...]
    found: str
    expected: str
    known: tuple[str, ...] = ()
    key: bool = False


@runtime_checkable
class ShapedByOptions(Protocol):
    """Capability of a portal whose constants and capabilities the drill file gives (`portal: http`)."""

    def shaped(self, options: Mapping[str, JsonValue]) -> PortalKind:
        """The portal as the options (valid ones) describe it: use it wherever they are known."""

    def misfits(
        self, options: Mapping[str, JsonValue], components: Mapping[str, str | None], services: Collection[str]
    ) -> Iterator[Misfit]:
        """Mistakes in valid options, held against each other and against the drill's components, each with its kind
        (None: not known), and services."""


@runtime_checkable
class ListsIndex(Protocol):
    """Capability: the search engine's own list of what it holds (a portal's search may hide ghosts)."""

    def index_items(self, access: PortalAccess) -> Iterator[ContentItem]:
        """In byte order of key. Raises: CouldNotAsk if the list does not reach its stated total."""


@runtime_checkable
class Reindexes(Protocol):
    """Capability: rebuild the derived index by the vendor's command."""

    def reindex(self, access: PortalAccess, timeout_s: float) -> None: ...


@runtime_checkable
class RebuildsAtStart(Protocol):
    """Capability: a portal that builds its derived index anew while it starts, before it serves, if it finds none."""

    def index_built(self, access: PortalAccess) -> Probe:
        """Whether this start has built all of it, as the portal itself says. Raises: CouldNotAsk, CommandFailed."""


@runtime_checkable
class ShowsRest(Protocol):
    """Capability: independent signs that the portal does not run, for backups of a portal at rest (XLR-3)."""

    def at_rest(self, access: PortalAccess) -> Iterator[Probe]:
        """Good ones mean that nothing runs. Asked before, again and again during, and after the copy; and before the
        portal is stopped, when none of them may be good: a sign that does not see it run shows nothing.

        Raises: CouldNotAsk."""


@runtime_checkable
class StopsByRequest(Protocol):
    """Capability: the portal is shut down by a request of its own, as its vendor has it (XLR-D5)."""

    def shut_down(self, access: PortalAccess) -> None:
        """Returns when the portal has taken the request; whether it stopped is for others to see.

        Raises: CommandFailed if it refuses, CouldNotAsk."""


@dataclass(frozen=True)
class Reference:
    """A row that names a file. `key`: the file below the component's path, as its inventory calls it."""

    component: str
    key: str
    row: str
    size_bytes: int | None = None


@runtime_checkable
class HoldsReferences(Protocol):
    """Capability: rows that name files (LR-9). `REFERENCED`: per file component the globs of keys that rows name."""

    REFERENCED: Mapping[str, tuple[str, ...]]

    def references(self, access: PortalAccess) -> Iterator[Reference]:
        """All of them, straight from the database, in byte order of (component, key)."""


@dataclass(frozen=True)
class Placed:
    """An item that lies in one of several components. `key`: what the component's inventory calls it."""

    name: str
    component: str
    key: str


@runtime_checkable
class MovesItems(Protocol):
    """Capability: items that a job moves from one component to another, as completed ones into an archive; each lies
    in exactly one of them (XLR-D3)."""

    def placed(self, access: PortalAccess) -> Iterator[Placed]:
        """All of them, straight from the databases, in byte order of name. Raises: CouldNotAsk, CommandFailed."""


@runtime_checkable
class TracesItems(Protocol):
    """Capability: where the inventories have a content item. No time of a commit tells that an item was deleted,
    moved or unpublished while the backup ran; the source's own two inventories do."""

    def inventory_keys(self, key: str) -> Mapping[str, str]:
        """Keys in the inventories of the content tier and of the index tier, by component."""


@dataclass(frozen=True)
class Endpoint:
    """A host or address that the portal's configuration names. `where`: file and line, or table and row."""

    host: str
    port: int | None
    where: str
    text: str = ""


@runtime_checkable
class NamesEndpoints(Protocol):
    """Capability: everything that the configuration names (HCL-20, LR-D7); secrets left out of `text`."""

    def endpoints(self, access: PortalAccess) -> Iterator[Endpoint]:
        """Of files and database alike, services of the stack included."""


@runtime_checkable
class PlacesFiles(Protocol):
    """Capability: where the running portal really keeps its files, by component (LR-18, LR71-11)."""

    def places(self, access: PortalAccess) -> Mapping[str, str]:
        """Absolute path in the portal's service, per file component that can be moved by configuration."""


@dataclass(frozen=True)
class Script:
    """A restored script that is executed directly, never through a shell that hides a lost mode (GEN-D15)."""

    service: str
    argv: tuple[str, ...]
    user: str | None = None


@runtime_checkable
class HasScripts(Protocol):
    """Capability: scripts of the installation that can be run at any time and change nothing."""

    SCRIPTS: tuple[Script, ...]


class When(StrEnum):
    """The moment at which a check observes (DESIGN 10). `at_source`: before the backup, never after it."""

    AT_SOURCE = "at_source"
    AT_REST = "at_rest"
    AS_RESTORED = "as_restored"
    AFTER_REBUILD = "after_rebuild"
    SETTLED = "settled"
    TESTED = "tested"
    TORN_DOWN = "torn_down"


def keeps_nothing(name: str, items: Iterable[Item]) -> JsonValue:
    """Where there is no restore point to keep anything beside."""
    raise CouldNotAsk(f"there is no place to keep {name}")


def nothing_kept(kept: JsonValue) -> Iterator[Item]:
    """Where nothing was kept."""
    raise CouldNotAsk("nothing was kept")


@dataclass(frozen=True)
class SourceAccess:
    """Given to a check's `look`. `component_kinds`: by the component's name, so that a check can ask for
    capabilities; `plan.components` are the components as they are used. `keep(name, items)` writes as many items as
    there are, in byte order of key, beside the restore point, and gives what stands for them in the observation:
    evidence has a line for people, not a million names. Raises: CouldNotAsk if they are out of order."""

    drill: Drill
    plan: Plan
    stack: Stack
    portal: PortalAccess
    portal_kind: PortalKind
    component_kinds: Mapping[str, ComponentKind]
    keep: Callable[[str, Iterable[Item]], JsonValue] = field(default=keeps_nothing, kw_only=True)

    def on(self, component: Component) -> ComponentAccess:
        return ComponentAccess(component, self.stack)


@dataclass(frozen=True)
class Trace:
    """Digests of one item in the source's inventories before and after the backup, and after its restore; None: it
    was not there."""

    before: str | None
    after: str | None
    restored: str | None


def nothing_traced(component: str, keys: frozenset[str]) -> Mapping[str, Trace]:
    """Where no inventories were compared."""
    return {}


@dataclass(frozen=True)
class CheckAccess(SourceAccess):
    """Given to a check's `observe`. `differences` are those taken at rest; `leftovers` is filled at `torn_down`
    (what could not be removed; None: that is not known). `trace(component, keys)`: what the inventories say of some
    keys; nothing of those that none of them has, nor of a component that was not compared. `queries` are the
    portal's, chosen once of what was restored: nobody writes before `settled`. `kept` gives again what `keep` of the
    look wrote; raises CouldNotAsk if it is not that."""

    restore_point: RestorePoint
    canaries: tuple[Canary, ...]
    differences: Mapping[str, Difference]
    leftovers: tuple[str, ...] | None = None
    trace: Callable[[str, frozenset[str]], Mapping[str, Trace]] = nothing_traced
    queries: Callable[[], Sequence[Query]] = tuple
    kept: Callable[[JsonValue], Iterator[Item]] = nothing_kept


@dataclass(frozen=True)
class Judgement:
    """What a check's `judge` found; the judge adds the check's name, its requirements and its moment.

    Shape: `names` of what is wrong, of which the first are kept; `count` of all there are, if `names` are not all;
    `when` if the drill decides the moment.
    """

    outcome: Outcome
    expected: str
    found: str
    names: Sequence[str] = ()
    count: int | None = None
    when: When | None = None

    @property
    def items(self) -> Named:
        return Named(count=len(self.names) if self.count is None else self.count, first=tuple(self.names[:FIRST]))


@dataclass(frozen=True)
class Record:
    """Given to a check's `judge`: all that is known, as data. `evidence` is the run's (with the capture's
    lines first, if it captured); `observation` is the check's own, None if there is none."""

    drill: Drill
    plan: Plan
    restore_point: RestorePoint | None
    evidence: Evidence
    captured_here: bool
    differences: Mapping[str, Difference] = field(default_factory=dict)

    def seen(self, check: str) -> Observation | None:
        """What the check's `observe` saw in the sandbox."""
        return self.evidence.observation(check, "")

    def at_source(self, check: str) -> Observation | None:
        """What the check's `look` saw before the backup: kept in the restore point, else (a capture that did not
        come to one) in this run's evidence."""
        evidence = self.restore_point.evidence if self.restore_point else self.evidence
        return evidence.observation(check, AT_SOURCE)


class CheckKind(Protocol):
    """A rule with two halves. `OUTCOMES` are those it can have; `ALWAYS` checks need no entry in a drill.

    `observe` is an optional capability (`Observes`); `judge` is pure.
    """

    WHEN: When
    OUTCOMES: frozenset[Outcome]
    PROVES_DATA: bool
    ALWAYS: bool
    REQUIREMENTS: tuple[str, ...]
    Options: type[KindOptions]

    def judge(self, record: Record, options: Any) -> Judgement: ...


@runtime_checkable
class Observes(Protocol):
    def observe(self, access: CheckAccess, options: Any) -> JsonValue:
        """What was seen. May raise anything: the check is then UNKNOWN, with the reason.

        What `judge` looks up or compares stands as a key, or below one of `NAMES` in `run/secrets`, such as `name`,
        `first` or `file`: of all other text secrets are left out.
        """


@runtime_checkable
class Watches(Protocol):
    """Capability of an observing check that needs the restored portal to have run for a while."""

    def watch_s(self, options: Any) -> float:
        """Seconds since the portal's start before which it must not observe; `run/` waits."""


@runtime_checkable
class LooksAtSource(Protocol):
    """Capability of a check that looks at the source during the survey, instead of or besides observing."""

    def look(self, access: SourceAccess, options: Any) -> JsonValue:
        """What was seen; changes nothing. May raise anything: the check is then UNKNOWN, with the reason."""


@runtime_checkable
class LooksAlone(Protocol):
    """Capability of a check that would see the commands of others: no other looks at the source meanwhile."""

    LOOKS_ALONE: bool


@runtime_checkable
class ChoosesMoment(Protocol):
    """Capability of a check whose moment depends on the drill; otherwise `WHEN` holds."""

    def moment(self, drill: Drill) -> When: ...


@runtime_checkable
class Loosens(Protocol):
    """Capability of a check with options: what they let pass that the default does not. Such a run is partial."""

    def loosened(self, options: Any) -> Iterable[str]:
        """One phrase for each, such as `the probe log is not judged`; none if all is as strict as the default."""


@runtime_checkable
class LeavesOut(Protocol):
    """Capability of a check that a run may exercise in part, or not at all. Such a run is partial."""

    def left_out(self, record: Record) -> Iterable[str]:
        """One phrase for each thing that was not exercised. Never raises."""

    def exercised(self, record: Record) -> bool:
        """False: the run has nothing to judge, and the check has no row; `left_out` says why."""


@dataclass(frozen=True)
class FaultRow:
    """One mutation: where the mechanism strikes, and the check that must catch it with which outcome.

    `product`: whose drills have this component or what the parameter names; "": those of the first product that was
    built, and any other that happens to."""

    name: str
    component: str
    parameter: str
    requirements: tuple[str, ...]
    caught_by: str
    outcome: Outcome = Outcome.FAIL
    after_sealing: bool = False
    product: str = ""


class FaultBench(Protocol):
    """Given to `inject`: a copy of a restore point, writable."""

    @property
    def restore_point(self) -> RestorePoint: ...

    @property
    def drill(self) -> Drill: ...

    def artefact(self, component: str) -> Path:
        """The component's artefact folder in the copy."""

    def shell(self, component: str, *, image: ToolImage) -> AbstractContextManager[Shell]:
        """A tool container (root, no network) with the artefact writable at `/artefact`; with
        `ToolImage.SERVICE` it runs the component's server image, so that its server can be started inside."""

    def other(self) -> RestorePoint:
        """Another restore point of the same drill (an earlier one). Raises: HarnessBroken if there is none."""

    def other_artefact(self, component: str) -> Path: ...

    def amend(self, **fields: Any) -> None:
        """Change fields of the copy's record, by their names in `RestorePoint`."""


class FaultKind(Protocol):
    """A mechanism by which a backup or restore goes wrong. Exactly one of these functions exists:

    `inject(row, bench)` damages the copy; the caller reseals its manifest, as if the backup had written it
    so, unless the row is `after_sealing`. `alter(row, plan) -> Plan` is for faults of procedure. `spoil(row,
    portal)` changes the running source before it is looked at; `litter(row, stack)` the target before it is
    proved empty.
    """

    ROWS: ClassVar[tuple[FaultRow, ...]]


@runtime_checkable
class Injects(Protocol):
    def inject(self, row: FaultRow, bench: FaultBench) -> None: ...


@runtime_checkable
class Alters(Protocol):
    def alter(self, row: FaultRow, plan: Plan) -> Plan: ...


@runtime_checkable
class Spoils(Protocol):
    def spoil(self, row: FaultRow, portal: PortalAccess) -> None:
        """The owned source is healthy and not yet surveyed. Raises: CommandFailed, CouldNotAsk."""


@runtime_checkable
class Litters(Protocol):
    def litter(self, row: FaultRow, stack: Stack) -> None:
        """The sandbox's volumes exist, nothing runs. Raises: CommandFailed, CouldNotAsk."""


def note_of(fault: str, row: FaultRow) -> FaultNote:
    return FaultNote(
        fault=fault, row=row.name, caught_by=row.caught_by, outcome=row.outcome, requirements=row.requirements
    )


def nested_in(path: str, access: ComponentAccess) -> tuple[str, ...]:
    """Mounts below `path`, relative to it: volumes of one host share a device, so `-xdev` does not see them."""
    inner = (PurePosixPath(mount) for mount in access.stack.mounts(access.component.service))
    return tuple(str(m.relative_to(path)) for m in inner if m != PurePosixPath(path) and m.is_relative_to(path))


def joined(names: Iterable[str], most: int = 5) -> str:
    """The first few names in one phrase, and how many more."""
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """`1 file`, `1,200 files`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def in_bytes(size_bytes: int) -> str:
    """Bytes for people, in powers of ten: a little is not nothing."""
    return f"{size_bytes:,} B" if size_bytes < 100_000 else f"{size_bytes / 1e6:,.1f} MB"
