"""The restore goes its own way and exits with 0: on after errors, or over what was there before (GEN-D3, fact 5).
`psql` without ON_ERROR_STOP reports errors and ends well.

`parameter`: the command that is run instead of the engine's restore.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Plan

# Without the roles, and whatever pg_restore says.
_GOES_ON = """export PGPASSWORD="$POSTGRES_PASSWORD"
pg_restore -h db -U postgres --create -d postgres /artefact/database.dump; true"""
# The dump as SQL, and no role that it names.
_PSQL = """set -e -o pipefail; export PGPASSWORD="$POSTGRES_PASSWORD"
pg_restore --create --file=- /artefact/database.dump | psql -X -q -h db -U postgres -d postgres"""
# A line that was damaged on its way: COPY takes no row of that table, and all others come.
_PSQL_OF_THE_ARCHIVE = _PSQL.replace("|", "| sed '/^COPY public._release /{n;s/^/x/}' |")
_OVERLAY = """set -e; cd /opt/liferay/data/document_library
mkdir -p documents; echo 'of last year' >documents/left-over.txt; chown -R 1000:1000 .
tar --extract --file /artefact/tree.tar --same-owner --preserve-permissions"""
_OVERLAY_OF_THE_REPOSITORY = """set -e; cd /opt/xl-release-server/repository
mkdir -p workspaces/old; echo '<Workspace name="old"/>' >workspaces/old/workspace.xml; chown -R 1000:1000 .
tar --extract --file /artefact/tree.tar --same-owner --preserve-permissions"""
# What a Derby database has written since the backup: a further log, which the restored control file does not know.
_OVERLAY_OF_DERBY = """set -e; cd /opt/xl-release-server/repository
mkdir -p workspaces/default/db/log; head -c 65536 /dev/zero >workspaces/default/db/log/log4711.dat; chown -R 1000:1000 .
tar --extract --file /artefact/tree.tar --same-owner --preserve-permissions"""
_OVERLAY_OF_THE_INSTALLATION = """set -e; cd /opt/xl-release-server
mkdir -p plugins; printf 'def init(db):\\n    db.plugins = [*getattr(db, "plugins", []), "release_titles 2.1.0"]\\n' \\
    >plugins/release_titles-2.1.0.py; chown -R 1000:1000 plugins
tar --extract --file /artefact/tree.tar --same-owner --preserve-permissions"""

ROWS = (
    FaultRow("went_on_after_errors", "database", _GOES_ON, ("LR-22", "GEN-D3", "GEN-D4"), "data_parity"),
    FaultRow(
        "psql_went_on", "database", _PSQL, ("XLR-11", "GEN-D3", "GEN-D4"), "data_parity", product="xl-release-7.2"
    ),
    FaultRow(
        "psql_went_on_with_the_archive",
        "archive_database",
        _PSQL_OF_THE_ARCHIVE,
        ("XLR-11", "GEN-D3"),
        "data_parity",
        product="xl-release-7.5",
    ),
    FaultRow(
        "overlay_of_the_repository",
        "repository_directory",
        _OVERLAY_OF_THE_REPOSITORY,
        ("XLR-9",),
        "data_parity",
        product="xl-release-7.2",
    ),
    FaultRow(
        "overlay_of_derby",
        "repository_directory",
        _OVERLAY_OF_DERBY,
        ("XLR-9",),
        "data_parity",
        product="xl-release-7.2-embedded",
    ),
    FaultRow(
        "overlay_of_the_installation",
        "installation",
        _OVERLAY_OF_THE_INSTALLATION,
        ("XLR-9", "XLR-18", "XLR-D1"),
        "data_parity",
        product="xl-release-7.5",
    ),
    FaultRow("overlay", "document_library", _OVERLAY, ("LR-9", "LR-31"), "data_parity"),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    command = {"backup": ["false"], "restore": ["bash", "-c", row.parameter]}
    by_hand = {"engine": "command", "engine_options": command}
    components = tuple(c.model_copy(update=by_hand) if c.name == row.component else c for c in plan.components)
    return plan.model_copy(update={"components": components})
