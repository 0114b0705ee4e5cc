"""A file or folder is not in the backup: an exclude too wide, a path forgotten, `.gitignore` (LR-6 to LR-19).

`parameter`: a path in the tree, or `oldest`: the file that was changed longest ago, or `newest`: the last three, or
`segment`: one of the folders that an index of Lucene consists of.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import OLDEST, repack

ROWS = (
    FaultRow("document", "document_library", "oldest", ("LR-9", "LR-18", "LR-D2"), "data_parity"),
    FaultRow("newest_documents", "document_library", "newest", ("LR-9", "LR-18", "LR-33"), "reference_parity"),
    FaultRow("portal_properties", "liferay_home", "portal-ext.properties", ("LR-6",), "restore"),
    FaultRow("system_properties", "liferay_home", "system-ext.properties", ("LR-7",), "portal_health"),
    FaultRow("licence", "liferay_home", "license", ("LR-10",), "portal_health"),
    FaultRow("module", "liferay_home", "osgi/modules/word-list-2.3.0.zip", ("LR-11",), "portal_health"),
    FaultRow("module_settings", "liferay_home", "osgi/configs", ("LR-13",), "portal_health"),
    FaultRow("key", "liferay_home", "data/keystore", ("LR-8", "GEN-D22"), "portal_health"),
    FaultRow("driver", "application_server", "lib/ext/postgresql.jar", ("LR-19", "LR-21"), "restore"),
    FaultRow(
        "segment",
        "repository_directory",
        "segment",
        ("XLR-12", "XLR-15"),
        "index_consistency",
        product="xl-release-7.2",
    ),
    FaultRow(
        "datastore",
        "repository_directory",
        "repository/datastore",
        ("XLR-7", "XLR-D10"),
        "reference_parity",
        product="xl-release-7.2",
    ),
    FaultRow(
        "derby_of_one_workspace",
        "repository_directory",
        "workspaces/security/db",
        ("XLR-7", "XLR-9", "XLR-16"),
        "portal_health",
        product="xl-release-7.2-embedded",
    ),
    FaultRow(
        "attachments", "installation", "db/files", ("XLR-4", "XLR-D2"), "reference_parity", product="xl-release-7.5"
    ),
    FaultRow("hotfix", "installation", "hotfix", ("XLR-4",), "portal_health", product="xl-release-7.5"),
)

# Those of the drill itself are left out: they may be newer than every row.
_NEWEST = r"""find . -type f ! -name 'portal-drill-*' -printf '%T@ %P\0' | sort -z -rn | sed -z 's/^[^ ]* //; 3q'"""
_REMOVE = rf"""
remove() {{
  stamp=$(mktemp); touch -r "$(dirname "$1")" "$stamp"
  rm -r "$1"
  touch -r "$stamp" "$(dirname "$1")"
  printf '%s\n' "$1"
}}
case $1 in
  segment) remove "$(find workspaces/default/index -mindepth 1 -maxdepth 1 -type d | sort | head -1)" ;;
  oldest) remove "$({OLDEST})" ;;
  newest) {_NEWEST} | while IFS= read -r -d '' file; do remove "$file"; done ;;
  *) remove "$1" ;;
esac
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _REMOVE, row.parameter)
