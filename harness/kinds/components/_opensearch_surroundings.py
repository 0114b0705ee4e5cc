"""What lies around a component's indexes on their server, and in no snapshot of them (LR-4, LR-26, LR-D1).

Snapshots are taken without the global state, so that a restore cannot overwrite another cluster's.
Source: OpenSearch 2.19 documentation: snapshots, cluster settings, cluster state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from harness.errors import CouldNotAsk
from harness.kinds.contracts import Http, Probe, Shell, Surrounding

# Indexes that the engine and its plug-ins make for themselves and fill again; by the beginning of their names.
_ITS_OWN = {
    ".tasks": "results of finished tasks",
    ".opensearch-observability": "made by the observability plug-in at its start",
    ".opensearch-sap-": "logs of the security analytics plug-in",
    ".plugins-ml-config": "a key that the machine learning plug-in makes at its start",
    ".ql-datasources": "made by the SQL plug-in at its start",
    ".opendistro-job-scheduler-lock": "locks of running jobs",
    ".opendistro-ism-managed-index-history": "a log of the index management plug-in",
    "top_queries-": "statistics of the query insights plug-in",
}
# Where the cluster's state keeps what, how its parts are reached, and what each is called.
_STATE = (
    ("templates", (), "template"),
    ("index_template", ("index_template",), "template"),
    ("component_template", ("component_template",), "template"),
    ("stored_scripts", (), "script"),
    ("repositories", (), "repository"),
)
_WHY = {
    "template": "new indexes are made by it; snapshots without global state leave it out",
    "script": "stored in the cluster's state, which snapshots leave out",
    "repository": "registered in the cluster's state, which snapshots leave out",
    "pipeline": "documents are changed by it; snapshots without global state leave it out",
}
# A keystore of format 4 without a password that holds nothing but the seed that the server makes at its first start.
_SIZE_OF_SEED_ALONE = "196"


def surroundings(http: Http, service: str, mine: Collection[str]) -> Iterator[Surrounding]:
    """`mine`: the real names of the component's indexes."""
    for index in _ask(http, "/_cat/indices", format="json", expand_wildcards="all", h="index"):
        name = index["index"]
        excused = next((why for begins, why in _ITS_OWN.items() if name.startswith(begins)), "")
        yield Surrounding(f"index {name}", name in mine, "no component's patterns fit it", ("LR-26", "LR-D1"), excused)
    for name in _ask(http, "/_cluster/settings", flat_settings="true")["persistent"]:
        why = "a persistent setting of the cluster, which snapshots leave out"
        yield Surrounding(f"setting {service}:{name}", False, why, ("LR-4", "LR-26"))
    parts = ",".join(f"metadata.{part}" for part in (*(part for part, _, _ in _STATE), "ingest", "search_pipeline"))
    state = _ask(http, "/_cluster/state/metadata", filter_path=parts).get("metadata", {})
    for part, way, word in _STATE:
        entries = state.get(part, {})
        for step in way:
            entries = entries.get(step, {})
        for name in sorted(entries):
            yield _of_state(word, name)
    for part in ("ingest", "search_pipeline"):
        section = state.get(part, {})
        for entry in section.get("pipeline", []) if isinstance(section, dict) else []:
            yield _of_state("pipeline", entry["id"])


def _of_state(word: str, name: str) -> Surrounding:
    return Surrounding(f"{word} {name}", False, _WHY[word], ("LR-4", "LR-26"))


def keystore(shell: Shell, service: str, folder: str) -> Iterator[Surrounding]:
    """The keystore of secure settings, which the server makes at its first start beside its configuration."""
    path = f"{folder}/opensearch.keystore"
    said = shell.run(["stat", "-c", "%s", path], timeout_s=30)
    if said.exit_code == 0 and said.text.strip() == _SIZE_OF_SEED_ALONE:
        why = "holds the seed alone that the server makes at its first start"
        yield Surrounding(f"file {service}:{path}", False, "", excused=why)


def occupies(http: Http) -> Iterator[str]:
    """Data and registered places of snapshots, which are copies."""
    for node in _ask(http, "/_nodes/settings", filter_path="nodes.*.settings.path")["nodes"].values():
        paths = node["settings"]["path"]
        for part in ("data", "repo"):
            places = paths.get(part, [])
            yield from [places] if isinstance(places, str) else places


def verify(http: Http, pattern: str) -> Iterator[Probe]:
    """Health, primary shards, and whether each index is open and takes writes."""
    health = _ask(http, f"/_cluster/health/{pattern}", level="indices")
    red = sorted(name for name, index in health["indices"].items() if index["status"] == "red")
    found = ", ".join(red[:5]) or str(health["status"])
    yield Probe("health", health["status"] in ("green", "yellow") and not red, "not red", found, ("GEN-D28",))
    wanted = {"format": "json", "h": "index,shard,prirep,state"}
    shards = [shard for shard in _ask(http, f"/_cat/shards/{pattern}", **wanted) if shard["prirep"] == "p"]
    lost = sorted({f"{s['index']}[{s['shard']}] is {s['state']}" for s in shards if s["state"] != "STARTED"})
    said = ", ".join(lost[:5]) or f"{len(shards)} primary shards started"
    yield Probe("primary shards", bool(shards) and not lost, "every primary shard started", said, ("GEN-D28",))
    closed = sorted(
        index["index"]
        for index in _ask(http, f"/_cat/indices/{pattern}", format="json", expand_wildcards="all", h="index,status")
        if index["status"] != "open"
    )
    yield Probe("open", not closed, "every index open", ", ".join(closed[:5]) or "every index open", ("GEN-D28",))
    settings = _ask(http, f"/{pattern}/_settings/index.blocks.*", flat_settings="true")
    full = sorted(
        name
        for name, entry in settings.items()
        if entry["settings"].get("index.blocks.read_only_allow_delete") == "true"
    )
    good = "no index blocked for want of room"
    yield Probe("room", not full, good, ", ".join(full[:5]) or good, ("GEN-D28",))


def _ask(http: Http, path: str, **params: str) -> Any:
    reply = http.request("GET", path, params=params)
    if reply.status == 404 and path.startswith("/_cat"):
        return []
    if reply.status not in (200, 408):  # 408: the health of what is not well
        raise CouldNotAsk(f"GET {path}: HTTP {reply.status}: {reply.text[:200]}")
    return reply.json()
