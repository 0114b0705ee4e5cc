"""The tree went through a tool that keeps less than a restore needs (design fact 7, GEN-D15, GEN-D16).

It is packed by that tool and unpacked again, and what is left of it is what the artefact holds.
`parameter`: shell commands that move the tree from the current folder to `$out`, an empty one.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._repack import repack

_IDS = ("LR-21", "GEN-D15", "GEN-D16")
# `shutil` and `zipfile`, as a script for backups uses them: modes, owners and links are gone.
_ZIP = """zip=$(mktemp -d)/tree; python3 -c 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", ".")' "$zip"
python3 -c 'import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2])' "$zip.zip" "$out" """
_NO_OWNERS = 'tar --create . | tar --extract --no-same-owner -C "$out"'
_BY_A_USER = """umask 027
tar --create . | setpriv --reuid=1000 --regid=1000 --clear-groups tar --extract -C "$out" """

ROWS = (
    FaultRow("zip_of_the_server", "application_server", _ZIP, _IDS, "restore"),
    FaultRow("zip_of_the_home", "liferay_home", _ZIP, (*_IDS, "GEN-D17"), "data_parity"),
    FaultRow(
        "zip_of_the_installation",
        "installation",
        _ZIP,
        ("XLR-5", "GEN-D15"),
        "restore",
        product="xl-release-7.2",
    ),
    FaultRow("tar_without_owners", "document_library", _NO_OWNERS, ("LR-9", "GEN-D16"), "data_parity"),
    FaultRow("tar_by_a_user", "liferay_home", _BY_A_USER, _IDS, "data_parity"),
)

_THROUGH = """out=$(mktemp -d); tree=$PWD; chown --reference=. "$out"; chmod --reference=. "$out"
eval "$1"
find . -mindepth 1 -delete
tar --create -C "$out" . | tar --extract --same-owner --preserve-permissions -C "$tree"
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    repack(bench, row.component, _THROUGH, row.parameter)
