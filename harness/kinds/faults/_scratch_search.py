"""Changes what an index snapshot holds: restored into a scratch OpenSearch, altered there, taken again.

The server runs inside a container of the component's own image, without a network, on the artefact's own
repository; the snapshot keeps its name.
Source: OpenSearch 2.19 documentation, snapshots; measured as ENGINES 1 describes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, Shell, ToolImage
from harness.kinds.engines.snapshot import SNAPSHOT

TIMEOUT_S = 300.0
READY_S = 120
TIME = "last_published_at_filter"  # of pages, as the portal `wagtail` indexes them
_REPOSITORY = "/var/lib/opensearch-snapshots/scratch"

# Started in the background; the script ends when the server answers (the node has nothing else to do then).
_START = f"""set -e
mkdir -p {_REPOSITORY}; cp -R /artefact/repository/. {_REPOSITORY}
chown -R opensearch:opensearch /var/lib/opensearch /var/lib/opensearch-snapshots
setsid setpriv --reuid=opensearch --regid=opensearch --init-groups opensearch </dev/null >/tmp/log 2>&1 &
for second in $(seq {READY_S}); do
    if (exec 3<>/dev/tcp/127.0.0.1/9200) 2>/dev/null; then exit 0; fi
    sleep 1
done
tail -n 20 /tmp/log >&2; exit 1
"""
# HTTP 1.0, so that the answer ends with the connection and is in one piece.
_ASK = r"""exec 3<>/dev/tcp/127.0.0.1/9200; body=$(cat); LC_ALL=C
printf '%s %s HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' \
    "$1" "$2" "${#body}" "$body" >&3
cat <&3"""
_KEEP = f"""set -e
find /artefact/repository -mindepth 1 -delete; cp -R {_REPOSITORY}/. /artefact/repository
chown -R opensearch:opensearch /artefact/repository"""


class ScratchServer:
    """Asks the server through a shell beside it."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raises: CommandFailed if the answer is an error, or a shard failed."""
        argv = ["bash", "-c", _ASK, "ask", method, path]
        stdin = json.dumps(body).encode() if body is not None else b""
        said = self._shell.run(argv, stdin=stdin, timeout_s=TIMEOUT_S).ok()
        head, _, text = said.stdout.partition(b"\r\n\r\n")
        if head.split(b" ", 2)[1:2] not in ([b"200"], [b"201"]) or said.truncated:
            raise CommandFailed(f"{method} {path}: {head.splitlines()[0]!r}: {text[:500]!r}")
        reply: dict[str, Any] = json.loads(text)
        return reply


@contextmanager
def changed_snapshot(bench: FaultBench, component: str, *, partial: bool = False) -> Iterator[ScratchServer]:
    """The snapshot's indexes in a scratch server; at the end the snapshot is replaced by one of what they hold then,
    with `partial` one from which shards may be missing.

    Raises: CommandFailed if the undamaged snapshot is not restored whole, or cannot be taken again.
    """
    with bench.shell(component, image=ToolImage.SERVICE) as shell:
        shell.run(["bash", "-c", _START], timeout_s=TIMEOUT_S).ok()
        server = ScratchServer(shell)
        server.ask("PUT", "/_snapshot/scratch", {"type": "fs", "settings": {"location": _REPOSITORY}})
        whole = {"include_global_state": False, "include_aliases": True}
        server.ask("GET", "/_cluster/health?wait_for_events=languid&timeout=60s")
        _complete(server.ask("POST", f"/_snapshot/scratch/{SNAPSHOT}/_restore?wait_for_completion=true", whole))
        yield server
        server.ask("POST", "/_all/_refresh?ignore_unavailable=true")
        server.ask("DELETE", f"/_snapshot/scratch/{SNAPSHOT}")
        indexes = {"indices": "*", "include_global_state": False, "partial": partial}
        made = server.ask("PUT", f"/_snapshot/scratch/{SNAPSHOT}?wait_for_completion=true", indexes)
        if not partial:
            _complete(made)
        shell.run(["sh", "-c", _KEEP], timeout_s=TIMEOUT_S).ok()


def _complete(reply: dict[str, Any]) -> None:
    shards = reply["snapshot"]["shards"]
    if shards["failed"] or shards["successful"] != shards["total"]:
        raise CommandFailed(f"the scratch server's shards: {shards}")
