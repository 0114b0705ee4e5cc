"""The snapshot is whole by its own words and brings back other indexes than there were (LR-27, LR-D4).

`parameter`: `partial`: a shard was not allocated when it was taken; `aliases`: the indexes have lost theirs;
`renamed`: they are called otherwise; `mapping`: the same documents under a mapping that the server guessed.
"""

from __future__ import annotations

from typing import Any

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_search import ScratchServer, changed_snapshot

_IDS = ("LR-26", "LR-27", "LR-D4", "GEN-D12")

ROWS = (
    FaultRow("partial", "search", "partial", _IDS, "restore"),
    FaultRow("aliases_lost", "search", "aliases", _IDS, "data_parity"),
    FaultRow("renamed", "search", "renamed", _IDS, "restore"),
    FaultRow("mapping_lost", "search", "mapping", _IDS, "data_parity"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    with changed_snapshot(bench, row.component, partial=row.parameter == "partial") as server:
        found = server.ask("GET", "/_alias")
        for index, aliases in sorted((name, entry["aliases"]) for name, entry in found.items()):
            if aliases:  # the portal's own; others belong to the server
                _CHANGES[row.parameter](server, index, sorted(aliases))


def _unallocated(server: ScratchServer, index: str, aliases: list[str]) -> None:
    """The same index, made again with a condition that no node meets: its shard is nowhere."""
    body = {"settings": _settings(server, index)} | _mappings(server, index)
    body["settings"]["index"]["routing"] = {"allocation": {"require": {"_name": "nowhere"}}}
    server.ask("DELETE", f"/{index}")
    server.ask("PUT", f"/{index}?wait_for_active_shards=0", body | {"aliases": {alias: {} for alias in aliases}})


def _without_aliases(server: ScratchServer, index: str, aliases: list[str]) -> None:
    server.ask("DELETE", f"/{index}/_alias/*")


def _renamed(server: ScratchServer, index: str, aliases: list[str]) -> None:
    _copy(server, index, f"restored-{index}", {"settings": _settings(server, index)} | _mappings(server, index))
    server.ask("DELETE", f"/{index}")


def _without_mapping(server: ScratchServer, index: str, aliases: list[str]) -> None:
    settings = {"settings": _settings(server, index)}
    _copy(server, index, f"copy-of-{index}", settings)
    server.ask("DELETE", f"/{index}")
    _copy(server, f"copy-of-{index}", index, settings)
    server.ask("DELETE", f"/copy-of-{index}")
    for alias in aliases:
        server.ask("PUT", f"/{index}/_alias/{alias}")


def _copy(server: ScratchServer, index: str, to: str, body: dict[str, Any]) -> None:
    server.ask("PUT", f"/{to}", body)
    server.ask("POST", "/_reindex?refresh=true", {"source": {"index": index}, "dest": {"index": to}})


def _mappings(server: ScratchServer, index: str) -> dict[str, Any]:
    return {"mappings": server.ask("GET", f"/{index}/_mapping")[index]["mappings"]}


def _settings(server: ScratchServer, index: str) -> dict[str, Any]:
    held = server.ask("GET", f"/{index}/_settings")[index]["settings"]["index"]
    own = ("analysis", "max_ngram_diff", "number_of_shards", "number_of_replicas")
    return {"index": {name: held[name] for name in own if name in held}}


_CHANGES = {
    "partial": _unallocated,
    "aliases": _without_aliases,
    "renamed": _renamed,
    "mapping": _without_mapping,
}
