"""Modes or owners of files are not those of the source: an archive tool that does not keep them (design fact 7,
GEN-D15, GEN-D16).

`parameter`: the command that does it, with the paths it does it to.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

_SCRIPT = "scripts/list-new-documents.sh"
# Written anew by a tool that knows neither mode nor owner: the content is another one as well.
_REWRITTEN = f"install -m 0644 -o 0 -g 0 /etc/hostname {_SCRIPT}"

ROWS = (
    FaultRow("execute_bit", "application_server", "chmod a-x bin/startup.sh", ("LR-21", "GEN-D15"), "restore"),
    FaultRow(
        "start_script",
        "installation",
        "chmod a-x bin/run.sh",
        ("XLR-5", "GEN-D15"),
        "restore",
        product="xl-release-7.5",
    ),
    FaultRow("owner_of_a_folder", "document_library", "chown 0:0 documents", ("LR-9", "GEN-D16"), "data_parity"),
    FaultRow("folder_read_only", "document_library", "chmod a-w documents", ("LR-9", "GEN-D16"), "writable"),
    FaultRow("script", "liferay_home", f"chmod a-x {_SCRIPT}", ("LR-21", "XLR-5", "GEN-D15"), "permissions"),
    FaultRow("folder_open_to_all", "liferay_home", "chmod 0755 license", ("LR-10", "GEN-D16"), "permissions"),
    FaultRow("set_group_id", "liferay_home", "chmod g-s data/inbox", ("GEN-D15", "GEN-D16"), "permissions"),
    FaultRow("mode_of_the_root", "application_server", "chmod 0700 .", ("LR-21", "GEN-D16"), "permissions"),
    FaultRow("owner_of_the_root", "document_library", "chown 0:0 .", ("LR-9", "GEN-D16"), "permissions"),
    FaultRow(
        "everything_of_root", "document_library", "chown -hR 0:0 .", ("LR-9", "GEN-D11", "GEN-D16"), "permissions"
    ),
    FaultRow("extended_attribute", "liferay_home", f"setfattr -x user.reviewed {_SCRIPT}", ("GEN-D18",), "permissions"),
    FaultRow("mode_and_content", "liferay_home", _REWRITTEN, ("GEN-D15", "XLR-5"), "permissions"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, "$1", row.parameter)
