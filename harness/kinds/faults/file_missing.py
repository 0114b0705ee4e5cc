"""A file or folder is not in the backup: an exclude too wide, a path forgotten, `.gitignore` (LR-6 to LR-19).

`parameter`: a path in the tree, or `oldest`: the file that was changed longest ago.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import OLDEST, repack

ROWS = (
    FaultRow("document", "document_library", "oldest", ("LR-9", "LR-18", "LR-D2"), "data_parity"),
    FaultRow("portal_properties", "liferay_home", "portal-ext.properties", ("LR-6",), "portal_health"),
    FaultRow("system_properties", "liferay_home", "system-ext.properties", ("LR-7",), "portal_health"),
    FaultRow("licence", "liferay_home", "license", ("LR-10",), "portal_health"),
    FaultRow("module", "liferay_home", "osgi/modules/word-list-2.3.0.zip", ("LR-11",), "portal_health"),
    FaultRow("module_settings", "liferay_home", "osgi/configs", ("LR-13",), "portal_health"),
    FaultRow("key", "liferay_home", "data/keystore", ("LR-8", "GEN-D22"), "portal_health"),
    FaultRow("driver", "application_server", "lib/ext/postgresql.jar", ("LR-19", "LR-21"), "restore"),
)

_REMOVE = rf"""
file=$1; [ "$file" != oldest ] || file=$({OLDEST})
stamp=$(mktemp); touch -r "$(dirname "$file")" "$stamp"
rm -r "$file"
touch -r "$stamp" "$(dirname "$file")"
printf '%s' "$file"
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _REMOVE, row.parameter)
