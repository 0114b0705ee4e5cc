"""A symbolic link is not what it was: followed, pointing nowhere, or out of the tree (GEN-D17, LR71-10).

`parameter`: shell commands, run in the tree.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

# What root makes anew belongs to the tree's owner; nothing else of the tree is root's.
_AS_BEFORE = "find . -uid 0 -exec chown -h --reference=. {} +"
_HARD = "cp -p data/journal/notes.txt copy; mv copy data/journal/notes.txt"

ROWS = (
    FaultRow(
        "flattened",
        "liferay_home",
        "cp -rpL data/current copy; rm data/current; mv copy data/current",
        ("LR-8", "GEN-D17"),
        "data_parity",
    ),
    FaultRow("dangling", "liferay_home", "ln -sfn releases/2026-09 data/current", ("LR-8", "GEN-D17"), "data_parity"),
    FaultRow("to_a_file_of_the_host", "liferay_home", "ln -sfn /etc/passwd data/current", ("GEN-D17",), "data_parity"),
    FaultRow("out_of_the_tree", "liferay_home", "ln -sfn ../../outside data/current", ("GEN-D17",), "data_parity"),
    # A folder that was moved to a larger disk, with a link in its place: the backup holds the link alone.
    FaultRow(
        "folder_stored_as_a_link",
        "liferay_home",
        "rm -r data/journal; ln -s /srv/data/journal data/journal",
        ("LR-8", "LR-18", "GEN-D17"),
        "data_parity",
    ),
    FaultRow(
        "data_stored_as_a_link",
        "liferay_home",
        "rm -r data; ln -s /srv/data data",
        ("LR-8", "LR-18", "LR71-10"),
        "restore",
    ),
    FaultRow("hard_link_broken", "liferay_home", _HARD, ("LR-8", "GEN-D15"), "data_parity"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, f"{row.parameter}; {_AS_BEFORE}", "")
