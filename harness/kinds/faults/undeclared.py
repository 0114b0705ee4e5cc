"""The source has what the drill does not name: nobody backs it up, and nobody misses it until the disaster
(LR-4, LR-18, LR71-10, LR71-11, HCL-20, GEN-D17).

`parameter`: what is done to the running source before it is surveyed, a function of this module.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.kinds.components import opensearch, postgresql
from harness.kinds.contracts import ComponentAccess, FaultRow, PortalAccess
from harness.model.frozen import JsonValue

TIMEOUT_S = 120.0

ROWS = (
    FaultRow("database", "database", "another_database", ("LR-22", "LR-4"), "coverage"),
    FaultRow("server_setting", "database", "alter_system", ("LR-22", "GEN-D4"), "coverage"),
    FaultRow("access_rule", "database", "rule_of_access", ("LR-22", "GEN-D4"), "coverage"),
    FaultRow("foreign_server", "database", "foreign_server", ("HCL-20",), "coverage"),
    FaultRow("replication_slot", "database", "replication_slot", ("GEN-D4",), "coverage"),
    FaultRow("index", "search", "another_index", ("LR-26", "LR-D1"), "coverage"),
    FaultRow("index_template", "search", "index_template", ("LR-4", "LR-26"), "coverage"),
    FaultRow("cluster_setting", "search", "cluster_setting", ("LR-4", "LR-26"), "coverage"),
    FaultRow("file_of_the_image", "liferay_home", "file_of_the_image", ("LR-4", "LR-18"), "coverage"),
    FaultRow("file_held_open", "liferay_home", "file_held_open", ("LR-4", "LR-18"), "coverage"),
    FaultRow("beside_a_tree", "source_code", "beside_a_tree", ("LR-16", "LR-18"), "coverage"),
    FaultRow("folder_is_a_link", "liferay_home", "folder_is_a_link", ("LR71-10", "GEN-D17"), "coverage"),
    FaultRow("git_hook", "source_code", "git_hook", ("LR-16", "LR-29"), "coverage"),
    FaultRow("library_relocated", "document_library", "library_relocated", ("LR-18", "LR71-11"), "coverage"),
    FaultRow("host_of_a_service", "liferay_home", "host_of_a_service", ("HCL-20",), "coverage"),
)


def spoil(row: FaultRow, portal: PortalAccess) -> None:
    _WAYS[row.parameter](ComponentAccess(portal.drill.component(row.component), portal.stack), portal)


def another_database(access: ComponentAccess, portal: PortalAccess) -> None:
    _sql(access, "CREATE DATABASE forgotten")
    _sql(access, "CREATE TABLE ledger AS SELECT n FROM generate_series(1, 1000) AS n", "forgotten")


def alter_system(access: ComponentAccess, portal: PortalAccess) -> None:
    _sql(access, "ALTER SYSTEM SET work_mem = '48MB'")
    _sql(access, "SELECT pg_reload_conf()")


def rule_of_access(access: ComponentAccess, portal: PortalAccess) -> None:
    file = _sql(access, "SHOW hba_file").strip()
    _run(access, "sh", "-c", 'echo "host reports all 10.0.0.0/8 scram-sha-256" >>"$1"', "add", file)


def foreign_server(access: ComponentAccess, portal: PortalAccess) -> None:
    options = "OPTIONS (host 'warehouse.production.example', dbname 'facts')"
    _sql(access, "CREATE EXTENSION postgres_fdw")
    _sql(access, f"CREATE SERVER warehouse FOREIGN DATA WRAPPER postgres_fdw {options}")


def replication_slot(access: ComponentAccess, portal: PortalAccess) -> None:
    _sql(access, "SELECT pg_create_physical_replication_slot('standby')")


def another_index(access: ComponentAccess, portal: PortalAccess) -> None:
    body: JsonValue = {"text": "written by people"}
    opensearch.client(access).request("PUT", "/notes/_doc/1", params={"refresh": "true"}, body_json=body).expect(201)


def index_template(access: ComponentAccess, portal: PortalAccess) -> None:
    template: JsonValue = {"index_patterns": ["liferay-*"], "template": {"settings": {"index.number_of_replicas": 0}}}
    opensearch.client(access).request("PUT", "/_index_template/portal", body_json=template).expect(200)


def cluster_setting(access: ComponentAccess, portal: PortalAccess) -> None:
    setting: JsonValue = {"persistent": {"action.auto_create_index": "false"}}
    opensearch.client(access).request("PUT", "/_cluster/settings", body_json=setting).expect(200)


def file_of_the_image(access: ComponentAccess, portal: PortalAccess) -> None:
    _run(access, "sh", "-c", 'echo "relay = mail.production.example" >/etc/portal-mail.conf')


def file_held_open(access: ComponentAccess, portal: PortalAccess) -> None:
    """By a process of the portal's own user that outlives the command."""
    _run(access, "sh", "-c", "echo 'SQLite format 3' >/srv/forgotten.db; chown 1000:1000 /srv/forgotten.db")
    holds = "setsid sleep 600 9<>/srv/forgotten.db </dev/null >/dev/null 2>&1 &"
    access.stack.shell(access.component.service).run(["sh", "-c", holds], user="1000:1000", timeout_s=TIMEOUT_S).ok()


def beside_a_tree(access: ComponentAccess, portal: PortalAccess) -> None:
    _run(access, "sh", "-c", 'mkdir "$1/../plugins.git" && echo one >"$1/../plugins.git/HEAD"', "add", _path(access))


def folder_is_a_link(access: ComponentAccess, portal: PortalAccess) -> None:
    """Room was made by hand: a folder moved to another place, with a link where it was."""
    _run(
        access, "sh", "-c", 'mv "$1/data/journal" /srv/ && ln -s /srv/journal "$1/data/journal"', "move", _path(access)
    )


def git_hook(access: ComponentAccess, portal: PortalAccess) -> None:
    add = 'printf "#!/bin/sh\\nexit 0\\n" >"$1/hooks/post-receive"; chmod 755 "$1/hooks/post-receive"'
    _run(access, "sh", "-c", add, "add", _path(access))


# The server is followed by a new one that reads its properties anew. The old one is stopped and its workers killed;
# it stays, for the container ends with it.
_MOVE = """set -e; cp -a "$1" /srv/library; find "$1" -mindepth 1 -delete
sed -i 's|^\\(dl.store.file.system.root.dir=\\).*|\\1/srv/library|' "$2/portal-ext.properties"
old=$(cat "$3"); kill -USR2 "$old"
for try in $(seq 300); do if [ -s "$3.2" ]; then break; fi; sleep 0.1; done
new=$(cat "$3.2"); sleep 1; kill -STOP "$old"
for id in $(grep -ls "^PPid:[[:space:]]*$old$" /proc/[0-9]*/status); do
    id=${id#/proc/}; id=${id%/status}; if [ "$id" != "$new" ]; then kill -KILL "$id"; fi
done"""


def library_relocated(access: ComponentAccess, portal: PortalAccess) -> None:
    """The library moves, the portal's properties with it, and the portal begins anew: it is well, as ever."""
    home, server = (portal.drill.component(name).options["path"] for name in ("liferay_home", "application_server"))
    _run(access, "sh", "-c", _MOVE, "move", _path(access), str(home), f"{server}/temp/portal.pid")


def host_of_a_service(access: ComponentAccess, portal: PortalAccess) -> None:
    line = "jdbc.ratings.url=jdbc:postgresql://ratings.production.example:5432/ratings"
    _run(access, "sh", "-c", 'echo "$2" >>"$1/portal-ext.properties"', "add", _path(access), line)


_WAYS: dict[str, Callable[[ComponentAccess, PortalAccess], None]] = {
    way.__name__: way
    for way in (
        another_database,
        alter_system,
        rule_of_access,
        foreign_server,
        replication_slot,
        another_index,
        index_template,
        cluster_setting,
        file_of_the_image,
        file_held_open,
        beside_a_tree,
        folder_is_a_link,
        git_hook,
        library_relocated,
        host_of_a_service,
    )
}


def _path(access: ComponentAccess) -> str:
    return str(access.component.options["path"])


def _run(access: ComponentAccess, *argv: str) -> None:
    access.stack.shell(access.component.service).run(argv, timeout_s=TIMEOUT_S).ok()


def _sql(access: ComponentAccess, statement: str, database: str = "") -> str:
    """By psql beside the server, for the handle `Sql` only reads."""
    options = postgresql.Options.model_validate(access.component.options)
    password = access.stack.environment(access.component.service)[options.password_variable]
    argv = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "localhost", "-U", options.user]
    said = access.stack.shell(access.component.service).run(
        [*argv, "-d", database or options.database, "-c", statement],
        timeout_s=TIMEOUT_S,
        environment={"PGPASSWORD": password},
    )
    return said.ok().text
