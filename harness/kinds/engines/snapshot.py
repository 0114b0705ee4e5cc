"""OpenSearch snapshots into a repository of type `fs`.

Requirements: LR-27, LR-D4, GEN-D12, GEN-D13. A damaged snapshot verifies with 200, says SUCCESS and is
restored with HTTP 200 and failed shards: believe the numbers of shards and documents, never the status.
Source: OpenSearch 2.19 documentation, snapshots; measured as ENGINES 1 describes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pydantic import Field

from harness.errors import CommandFailed, PortalDrillError
from harness.kinds.components.opensearch import client, named_indexes, pattern
from harness.kinds.contracts import BackupAccess, Http, KindOptions, RestoreAccess, Shell, ToolImage, joined
from harness.model.drill import Service
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"opensearch"})
TOLERATES_OPEN_FILES = True
CAPTURE_POINT = "started"  # Lucene commits are fixed when the snapshot begins
SNAPSHOT = "snapshot"


class Options(KindOptions):
    repository_path: str = Field(description="A folder under the server's `path.repo`, on a named volume.")


def propose(service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
    """A volume that is called like a repository of snapshots."""
    found = (p for p, volume in service.volumes.items() if "snapshot" in p + volume or "backup" in p + volume)
    return tuple({"repository_path": path} for path in found)


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Take a snapshot into a new repository, copy the repository, and leave the server as it was found.

    Raises: CommandFailed unless the snapshot says SUCCESS with no failed shard and holds an index.
    """
    http, name, folder = client(access), _repository(access), _folder(access)
    indexes = named_indexes(http, access)
    _register(http, name, folder)
    with _emptied(access, http, writable=True) as shell:
        body: JsonValue = {"indices": pattern(access), "include_global_state": False, "ignore_unavailable": False}
        reply = http.request(
            "PUT",
            f"/_snapshot/{name}/{SNAPSHOT}",
            params={"wait_for_completion": "true"},
            body_json=body,
            timeout_s=access.timeout_s,
        ).expect(200)
        made = reply.json()["snapshot"]
        if made["state"] != "SUCCESS" or made["shards"]["failed"] or made["failures"] or not made["indices"]:
            raise CommandFailed(
                f"the snapshot is {made['state']}, shards {made['shards']}, failures {made['failures']}"
            )
        _copy(access, shell, folder, "/artefact/repository")
    counts = {alias: _count(http, index) for alias, index in indexes.items()}
    version = http.request("GET", "/").expect(200).json()["version"]["number"]
    return {"tool": f"OpenSearch {version}", "snapshot": SNAPSHOT, "indexes": made["indices"], "documents": counts}


def restore(access: RestoreAccess) -> None:
    """Delete the component's indexes, then restore the snapshot with its aliases.

    Raises: CommandFailed if the snapshot is not a whole one of the indexes that were backed up, a shard failed, an
    index is not healthy, or a count cannot be had.
    """
    http, name, folder = client(access), _repository(access), _folder(access)
    with _emptied(access, http, writable=False) as shell:
        _copy(access, shell, "/artefact/repository", folder)
        _register(http, name, folder)
        _refuse_partial(http, f"/_snapshot/{name}/{access.facts['snapshot']}", access)
        for index in named_indexes(http, access).values():
            http.request("DELETE", f"/{index}").expect(200)
        body: JsonValue = {"indices": pattern(access), "include_global_state": False, "include_aliases": True}
        reply = http.request(
            "POST",
            f"/_snapshot/{name}/{access.facts['snapshot']}/_restore",
            params={"wait_for_completion": "true"},
            body_json=body,
            timeout_s=access.timeout_s,
        ).expect(200)
        shards = reply.json()["snapshot"]["shards"]
        if shards["failed"] or shards["successful"] != shards["total"]:
            raise CommandFailed(f"the server answered 200, but of its shards {shards}")
        _refuse_lost(reply.json()["snapshot"]["indices"], access)  # of a pattern that nothing matches it says nothing
    for index in named_indexes(http, access).values():
        health = http.request(
            "GET", f"/_cluster/health/{index}", params={"wait_for_status": "yellow", "timeout": "30s"}
        )
        if health.json()["status"] == "red":
            raise CommandFailed(f"index {index} is red after its restore")
        _count(http, index)


def _refuse_partial(http: Http, path: str, access: RestoreAccess) -> None:
    """The snapshot's own words, before anything is deleted. A damaged one may still say SUCCESS."""
    found = http.request("GET", path, timeout_s=access.timeout_s).expect(200).json()["snapshots"][0]
    if found["state"] != "SUCCESS" or found["failures"]:
        raise CommandFailed(f"the snapshot is {found['state']}, failures {found['failures']}")
    _refuse_lost(found["indices"], access)


def _refuse_lost(held: list[str], access: RestoreAccess) -> None:
    wanted = access.facts.get("indexes", [])
    assert isinstance(wanted, list)
    if lost := sorted({str(index) for index in wanted} - set(held)):
        raise CommandFailed(f"the snapshot was of {joined(lost)}, which it does not hold")


def _repository(access: BackupAccess | RestoreAccess) -> str:
    return f"portal-drill-{access.component.name}-{access.pairing_id}".lower().replace("_", "-")


def _folder(access: BackupAccess | RestoreAccess) -> str:
    options = Options.model_validate(access.component.engine_options)
    return f"{options.repository_path}/{_repository(access)}"


def _register(http: Http, name: str, folder: str) -> None:
    body: JsonValue = {"type": "fs", "settings": {"location": folder}}
    http.request("PUT", f"/_snapshot/{name}", body_json=body).expect(200)


@contextmanager
def _emptied(access: BackupAccess | RestoreAccess, http: Http, *, writable: bool) -> Iterator[Shell]:
    """A shell that sees the repositories and the artefact; at the end the server knows of no repository of ours, and
    has none on its volume."""
    with access.stack.tool(
        access.component.service,
        image=ToolImage.TOOLS,
        writable=True,
        artefact=access.artefact,
        artefact_writable=writable,
    ) as shell:
        try:
            yield shell
        except BaseException:
            with suppress(PortalDrillError):  # what went wrong first is what counts
                _clear(access, http, shell)
            raise
        _clear(access, http, shell)


def _clear(access: BackupAccess | RestoreAccess, http: Http, shell: Shell) -> None:
    try:
        http.request("DELETE", f"/_snapshot/{_repository(access)}")
    finally:
        shell.run(["rm", "-rf", _folder(access)], timeout_s=access.timeout_s).ok()


def _copy(access: BackupAccess | RestoreAccess, shell: Shell, origin: str, target: str) -> None:
    """A repository, with the owner that the server's volume has."""
    script = 'set -e; rm -rf "$2"; mkdir -p "$2"; cp -R "$1/." "$2"; chown -R --reference="$3" "$2"'
    root = Options.model_validate(access.component.engine_options).repository_path
    shell.run(["sh", "-c", script, "copy", origin, target, root], timeout_s=access.timeout_s).ok()


def _count(http: Http, index: str) -> int:
    reply = http.request("GET", f"/{index}/_count").expect(200).json()
    if reply["_shards"]["failed"]:
        raise CommandFailed(f"index {index}: {reply['_shards']['failed']} shards do not answer")
    return int(reply["count"])
