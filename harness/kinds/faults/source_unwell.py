"""The source is broken before its backup begins, so that the backup holds the damage (GEN-D28).

`parameter`: what is done to the running source before it is looked at, a function of this module.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.kinds.components import opensearch, postgresql
from harness.kinds.contracts import ComponentAccess, FaultRow, PortalAccess
from harness.model.frozen import JsonValue

TIMEOUT_S = 120.0

ROWS = (
    FaultRow("index_of_the_database_invalid", "database", "invalid_index", ("GEN-D28", "LR-22"), "source_health"),
    FaultRow("error_in_the_log", "liferay_home", "error_in_the_log", ("GEN-D28",), "source_health"),
    FaultRow("documents_not_indexed", "search", "documents_not_indexed", ("GEN-D28", "LR-26"), "source_health"),
    FaultRow("index_closed", "search", "index_closed", ("GEN-D28", "LR-26"), "source_health"),
    FaultRow("index_red", "search_tuning", "index_red", ("GEN-D28", "LR-D1"), "source_health"),
    FaultRow("git_object_lost", "source_code", "git_object_lost", ("GEN-D28", "LR-30"), "source_health"),
)


def spoil(row: FaultRow, portal: PortalAccess) -> None:
    _WAYS[row.parameter](ComponentAccess(portal.drill.component(row.component), portal.stack))


def invalid_index(access: ComponentAccess) -> None:
    """As a CREATE INDEX CONCURRENTLY that failed leaves it."""
    options = postgresql.Options.model_validate(access.component.options)
    password = access.stack.environment(access.component.service)[options.password_variable]
    statement = """UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'report_titles_trigram'::regclass"""
    argv = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-h", "localhost", "-U", options.user, "-d", options.database]
    access.stack.shell(access.component.service).run(
        [*argv, "-c", statement], timeout_s=TIMEOUT_S, environment={"PGPASSWORD": password}
    ).ok()


def error_in_the_log(access: ComponentAccess) -> None:
    """Where the service's own first process prints."""
    line = "Traceback (most recent call last): disk quota exceeded"
    script = 'echo "$1" >"/proc/$(cat /opt/appserver/temp/portal.pid)/fd/2"'
    argv = ["sh", "-c", script, "log", line]
    access.stack.shell(access.component.service).run(argv, user="liferay", timeout_s=TIMEOUT_S).ok()


def documents_not_indexed(access: ComponentAccess) -> None:
    """The oldest content: what is under way cannot explain it."""
    http = opensearch.client(access)
    oldest: JsonValue = {"size": 3, "sort": [{"id_filter": "asc"}], "query": {"exists": {"field": "created_at_filter"}}}
    found = http.request("POST", f"/{opensearch.pattern(access)}/_search", body_json=oldest).expect(200).json()
    for hit in found["hits"]["hits"]:
        http.request("DELETE", f"/{hit['_index']}/_doc/{hit['_id']}", params={"refresh": "true"}).expect(200)


def index_closed(access: ComponentAccess) -> None:
    """One that no search of the portal needs, so that it looks well."""
    opensearch.client(access).request("POST", "/liferay-20101-wagtaildocs_document*/_close").expect(200)


def index_red(access: ComponentAccess) -> None:
    """An index of the component whose only primary shard no node may hold."""
    settings: JsonValue = {
        "index.number_of_replicas": 0,
        "index.routing.allocation.require._name": "a node that is gone",
    }
    path = f"/{opensearch.pattern(access).replace('*', 'rankings')}"
    http = opensearch.client(access)
    http.request(
        "PUT", path, params={"wait_for_active_shards": "0", "timeout": "1s"}, body_json={"settings": settings}
    ).expect(200)


def git_object_lost(access: ComponentAccess) -> None:
    """The oldest object that a ref reaches, so that its loss cannot be told from the newest commits."""
    path = str(access.component.options["path"])
    script = """set -e; cd "$1"; object=$(git -c safe.directory='*' rev-list --all --objects | tail -1 | cut -c1-40)
    rm "objects/$(echo "$object" | cut -c1-2)/$(echo "$object" | cut -c3-)" """
    access.stack.shell(access.component.service).run(["sh", "-c", script, "lose", path], timeout_s=TIMEOUT_S).ok()


_WAYS: dict[str, Callable[[ComponentAccess], None]] = {
    way.__name__: way
    for way in (invalid_index, error_in_the_log, documents_not_indexed, index_closed, index_red, git_object_lost)
}
