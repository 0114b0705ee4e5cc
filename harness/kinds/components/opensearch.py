"""Indexes of an OpenSearch server: every document by its content, every index by its mapping.

Index names carry random suffixes behind aliases, new at each rebuild: keys use the alias where there is one.
Requirements: LR-26 to LR-28, LR-D1 (primary indexes), GEN-D14.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from harness.errors import CouldNotAsk
from harness.kinds.components import _opensearch_surroundings as around
from harness.kinds.contracts import ComponentAccess, Http, KindOptions, Probe, Surrounding
from harness.model.drill import Service
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass

NEEDS_SERVICE = True
IS_INDEX = True
PAGE = 1000
# An empty index that has lost its mapping does not even know `_id`, and would refuse to be sorted by it.
_BY_ID = {"order": "asc", "unmapped_type": "keyword"}
# Settings that belong to one copy of an index, and are new after every restore.
_OF_ONE_COPY = frozenset({"creation_date", "history", "provided_name", "uuid", "version", "resize", "routing"})


class DocumentRule(KindOptions):
    """Documents whose `field` begins with these letters have this class."""

    field: str = Field(description="Name of a field at the top of the document.")
    begins: str = Field(description="The first letters of its value.")
    item_class: Literal["canary", "disposable"] = Field(
        description="`disposable`: not judged; `canary`: written by the drill, judged by number."
    )
    reason: str = Field(description="Why; stands in the report.")


class Options(KindOptions):
    indices: list[str] = Field(description="Names or patterns of the indexes, such as `liferay-*`; `-name` excludes.")
    documents: list[DocumentRule] = Field(default=[], description="Classes of documents that are not plain state.")
    port: int = Field(default=9200, description="The server's HTTP port.")


def propose(service: Service, name: str) -> tuple[dict[str, JsonValue], ...]:
    """A Compose file does not say what indexes are called."""
    return ({"indices": [f"{name}-*"]},) if "opensearch" in service.image else ()


def rules(options: Options) -> Iterator[tuple[str, str, str]]:
    for rule in options.documents:
        yield f"documents whose {rule.field} begins with {rule.begins!r}", rule.item_class, rule.reason


def why(options: Options, key: str) -> str:
    """A document's id does not tell by which rule."""
    return ", or ".join(dict.fromkeys(rule.reason for rule in options.documents if rule.item_class == "disposable"))


def inventory(access: ComponentAccess) -> Iterator[Item]:
    """`document/<alias>/<id>` by the digest of its source, then `index/<alias>` by that of its mapping, its
    settings (analysis, write blocks) and its aliases.

    Raises: CouldNotAsk if a list does not reach its stated total.
    """
    http = client(access)
    documents = Options.model_validate(access.component.options).documents
    http.request("POST", f"/{pattern(access)}/_refresh", params={"ignore_unavailable": "true"}).expect(200)
    indexes = named_indexes(http, access)
    for alias, index in sorted(indexes.items(), key=lambda pair: f"{pair[0]}/"):
        for hit in hits(http, index, {"sort": [{"_id": _BY_ID}]}):
            if "_source" not in hit:
                raise CouldNotAsk(f"{index} does not keep its documents (_source is off): they cannot be compared")
            yield Item(f"document/{alias}/{hit['_id']}", _class(hit["_source"], documents), _held(hit), {})
    for alias, index in sorted(indexes.items()):
        details = http.request("GET", f"/{index}").expect(200).json()[index]
        settings = {name: value for name, value in details["settings"]["index"].items() if name not in _OF_ONE_COPY}
        aliases = {name: details["aliases"][name] for name in sorted(details["aliases"])}
        yield Item(f"index/{alias}", ItemClass.STATE, _digest([details["mappings"], settings, aliases]), {})


def _held(hit: dict[str, Any]) -> str:
    """The document, and the shard that it is asked for at, if that is not by its id."""
    return _digest([hit["_source"], hit["_routing"]] if "_routing" in hit else hit["_source"])


def _class(source: dict[str, Any], rules: list[DocumentRule]) -> ItemClass:
    found = next((rule for rule in rules if str(source.get(rule.field, "")).startswith(rule.begins)), None)
    return ItemClass(found.item_class) if found else ItemClass.STATE


def client(access: ComponentAccess) -> Http:
    return access.stack.http(access.component.service, int(str(access.component.options.get("port", 9200))))


def pattern(access: ComponentAccess) -> str:
    listed = access.component.options["indices"]
    return ",".join(str(name) for name in listed) if isinstance(listed, list) else str(listed)


def named_indexes(http: Http, access: ComponentAccess) -> dict[str, str]:
    """What each index of the component is called in keys, to its real name: its first alias that no other index
    has, else the name itself."""
    found = (
        http.request(
            "GET", f"/{pattern(access)}/_alias", params={"allow_no_indices": "true", "ignore_unavailable": "true"}
        )
        .expect(200)
        .json()
    )
    shared = Counter(alias for entry in found.values() for alias in entry["aliases"])
    return {
        next((alias for alias in sorted(entry["aliases"]) if shared[alias] == 1), index): index
        for index, entry in sorted(found.items())
    }


def hits(http: Http, index: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All hits of a query, paged by scroll to the total that the engine states.

    Raises: CouldNotAsk if fewer or more came, or if a shard failed.
    """
    query = {"size": PAGE, "track_total_hits": True, **body}
    page = http.request("POST", f"/{index}/_search", params={"scroll": "2m"}, body_json=query).expect(200).json()
    total, seen = int(page["hits"]["total"]["value"]), 0
    while page["hits"]["hits"]:
        if page["_shards"]["failed"] or page["timed_out"]:
            raise CouldNotAsk(f"{index}: {page['_shards']['failed']} shards failed, timed_out {page['timed_out']}")
        seen += len(page["hits"]["hits"])
        yield from page["hits"]["hits"]
        more: JsonValue = {"scroll": "2m", "scroll_id": page["_scroll_id"]}
        page = http.request("POST", "/_search/scroll", body_json=more).expect(200).json()
    http.request("DELETE", "/_search/scroll", body_json={"scroll_id": page["_scroll_id"]})
    if page["_shards"]["failed"] or seen != total:
        raise CouldNotAsk(f"{index}: {seen} hits came, the engine stated {total}")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def position(access: ComponentAccess) -> dict[str, JsonValue]:
    """The highest sequence number of each index's primary shards."""
    http = client(access)
    stats = http.request("GET", f"/{pattern(access)}/_stats", params={"level": "shards"}).expect(200).json()
    return {
        name: max(shard["seq_no"]["max_seq_no"] for copies in index["shards"].values() for shard in copies)
        for name, index in stats["indices"].items()
    }


def deletions(access: ComponentAccess) -> dict[str, int]:
    """By index, as documents are keyed: deletions since the index was opened.

    Source: OpenSearch 2.19 documentation, index stats."""
    http = client(access)
    stats = http.request("GET", f"/{pattern(access)}/_stats/indexing").expect(200).json()["indices"]
    names = named_indexes(http, access)
    return {
        f"document/{alias}/": int(stats[index]["primaries"]["indexing"]["delete_total"])
        for alias, index in names.items()
        if index in stats
    }


def proved_empty(access: ComponentAccess) -> str | None:
    found = named_indexes(client(access), access)
    return f"indexes {', '.join(found)}" if found else None


def surroundings(access: ComponentAccess) -> Iterator[Surrounding]:
    """All indexes of the server, and what it keeps beside them."""
    http, service = client(access), access.component.service
    yield from around.surroundings(http, service, set(named_indexes(http, access).values()))
    folder = access.stack.environment(service).get("OPENSEARCH_PATH_CONF", "/usr/share/opensearch/config")
    yield from around.keystore(access.stack.shell(service), service, folder)


def occupies(access: ComponentAccess) -> Iterator[str]:
    yield from around.occupies(client(access))


def verify(access: ComponentAccess) -> Iterator[Probe]:
    yield from around.verify(client(access), pattern(access))
