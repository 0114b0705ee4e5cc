"""Two indexes of the component, one of them behind an alias, and a third that a pattern leaves out."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote

from bench import Change

from harness.errors import CouldNotAsk
from harness.kinds.contracts import ToolImage
from harness.model.drill import Component, Service
from harness.model.frozen import JsonValue

SNAPSHOTS = "/var/lib/opensearch-snapshots"
SERVICES = (
    Service(
        name="search",
        image="portal-drill/opensearch:2.19.6-2",
        volumes={"/var/lib/opensearch": "data", SNAPSHOTS: "snapshots"},
        stop_grace_s=30.0,
    ),
)
COMPONENT = Component(
    name="search",
    kind="opensearch",
    service="search",
    engine="",
    options={"indices": ["sample-*", "-sample-excluded*"]},
)
VARIANTS: dict[str, dict[str, JsonValue]] = {"by_name": {"indices": ["sample-two"]}}

# HTTP by bash: the server's image holds no client. Answers are HTTP 1.0, so that they end with the connection.
_ASK = """ask() { exec 3<>/dev/tcp/search/9200; local body=${3-}
  printf '%s %s HTTP/1.0\\r\\nContent-Type: application/json\\r\\n' "$1" "$2" >&3
  printf 'Content-Length: %s\\r\\n\\r\\n%s' "${#body}" "$body" >&3
  answer=$(cat <&3); [[ $answer == HTTP/1.?\\ 200* ]] || { echo "$answer" >&2; exit 1; }; }
"""
_AT = f"{SNAPSHOTS}/by_command"
_SETTINGS = f"""ask PUT /_snapshot/by_command '{{"type": "fs", "settings": {{"location": "{_AT}"}}}}'"""
_WHAT = '{"indices": "sample-*,-sample-excluded*", "include_global_state": false}'
_SNAPSHOT = f"""{_ASK}{_SETTINGS}
ask PUT '/_snapshot/by_command/all?wait_for_completion=true' '{_WHAT}'
[[ $answer == *'"state":"SUCCESS"'* ]]
cp -R {_AT}/. /artefact; ask DELETE /_snapshot/by_command"""
_RESTORE = f"""{_ASK}rm -rf {_AT}; mkdir {_AT}; cp -R /artefact/. {_AT}; chown -R --reference={SNAPSHOTS} {_AT}
ask DELETE '/sample-*,-sample-excluded*'
{_SETTINGS}
ask POST '/_snapshot/by_command/all/_restore?wait_for_completion=true' '{_WHAT}'
[[ $answer == *'"failed":0'* ]] || {{ echo "$answer" >&2; exit 1; }}
ask DELETE /_snapshot/by_command"""
ENGINES: dict[str, dict[str, JsonValue]] = {
    "snapshot": {"repository_path": SNAPSHOTS},
    "command": {"backup": ["bash", "-euc", _SNAPSHOT], "restore": ["bash", "-euc", _RESTORE]},
}
EMPTY_REFUSED = frozenset({"snapshot"})
ALSO: tuple[str, ...] = ()

ONE, TWO, LEFT_OUT = "sample-one-4f3a", "sample-two", "sample-excluded-1"
IDS = ["1", "10", "2", "Z", "a", "a/b", "a b", "é", "🐘", "ﬁ", "-_x", *(f"{number:05}" for number in range(39))]


def ask(stack: Any, method: str, path: str, body: JsonValue = None) -> Any:
    return stack.http("search", 9200).request(method, path, body_json=body).expect(200, 201).json()


def put(stack: Any, index: str, key: str, body: JsonValue, refresh: str = "true") -> None:
    ask(stack, "PUT", f"/{index}/_doc/{quote(key, safe='')}?refresh={refresh}", body)


def answers(stack: Any) -> bool:
    with contextlib.suppress(CouldNotAsk):
        reply = stack.http("search", 9200).request("GET", "/_cluster/health")
        return bool(reply.status == 200 and reply.json()["status"] == "green")
    return False


def make_empty(stack: Any) -> None: ...


def fill(stack: Any) -> None:
    settings = {"number_of_shards": 2, "number_of_replicas": 0}
    mappings: JsonValue = {"properties": {"title": {"type": "text"}, "number": {"type": "integer"}}}
    for index in (ONE, TWO, LEFT_OUT):
        ask(stack, "PUT", f"/{index}", {"settings": {**settings}, "mappings": mappings})
    ask(stack, "PUT", f"/{ONE}/_alias/sample-one")
    for number, key in enumerate(IDS):
        body: JsonValue = {"title": f"Title {key} " * 40, "number": number, "tags": [key, None], "weight": 1.0}
        put(stack, ONE if number % 3 else TWO, key, body, "false")
    put(stack, LEFT_OUT, "1", {"title": "left out"})
    ask(stack, "POST", "/_refresh")


def wipe(stack: Any) -> None:
    ask(stack, "DELETE", "/sample-*")
    with stack.tool("search", image=ToolImage.TOOLS, writable=True) as shell:
        shell.run(["find", SNAPSHOTS, "-mindepth", "1", "-delete"], timeout_s=60).ok()


def leave_behind(stack: Any) -> None:
    put(stack, "sample-left", "1", {"title": "left"})
    put(stack, ONE, "left", {"title": "left"})
    put(stack, LEFT_OUT, "2", {"title": "kept"})


def bystanders(stack: Any) -> str:
    found = ask(stack, "GET", f"/{LEFT_OUT}/_search?sort=_id")["hits"]
    return str((found["total"], found["hits"]))


def _put(index: str, key: str, body: dict[str, JsonValue]) -> Any:
    return lambda stack: put(stack, index, key, body)


def _ask(method: str, path: str, body: JsonValue = None) -> Any:
    return lambda stack: ask(stack, method, path, body) and None


def _alias_of_two_indexes(stack: Any) -> None:
    """Two more indexes that one alias names: their documents are two."""
    for index in ("sample-x1", "sample-x2"):
        put(stack, index, index, {"title": index})
        ask(stack, "PUT", f"/{index}/_alias/sample-both")


def _not_refreshed(stack: Any) -> None:
    ask(stack, "PUT", f"/{TWO}/_settings", {"index": {"refresh_interval": "-1"}})
    put(stack, TWO, "late", {"title": "late"}, "false")


CHANGES = {
    "one_field": Change(_put(ONE, "10", {"title": "changed"}), ("document/sample-one/10 (content)",)),
    "number_as_text": Change(_put(TWO, "🐘", {"number": "8"}), extra=("document/sample-two/🐘",)),
    "document_too_much": Change(_put(ONE, "a.", {"title": "new"}), extra=("document/sample-one/a.",)),
    "document_lost": Change(_ask("DELETE", f"/{ONE}/_doc/2?refresh=true"), missing=("document/sample-one/2",)),
    "index_without_a_mapping": Change(_ask("PUT", "/sample-bare"), extra=("index/sample-bare",)),
    "mapping": Change(
        _ask("PUT", f"/{TWO}/_mapping", {"properties": {"added": {"type": "keyword"}}}), ("index/sample-two (content)",)
    ),
    "index_left_out": Change(_put(LEFT_OUT, "3", {"title": "not ours"})),
    "index_too_much": Change(
        _put("sample-new", "1", {"title": "new"}), extra=("document/sample-new/1", "index/sample-new")
    ),
    "setting": Change(
        _ask("PUT", f"/{ONE}/_settings", {"index": {"max_result_window": 20000}}), ("index/sample-one (",)
    ),
    "second_alias": Change(
        _ask("PUT", f"/{ONE}/_alias/sample-two-filtered", {"filter": {"term": {"number": 1}}}), ("index/sample-one (",)
    ),
    "alias_of_two_indexes": Change(
        _alias_of_two_indexes,
        extra=("document/sample-x1/sample-x1", "document/sample-x2/sample-x2", "index/", "index/"),
    ),
    "not_yet_refreshed": Change(_not_refreshed, ("index/sample-two (",), extra=("document/sample-two/late",)),
}
