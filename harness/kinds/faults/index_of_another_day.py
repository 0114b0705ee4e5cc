"""The indexes inside a repository's directory are not of the day of its content: two backups were mixed (XLR-12).

`parameter`: `index` if the indexes are of the earlier restore point, `content` if all else is.
"""

from __future__ import annotations

import shutil

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.engines.tar import ARCHIVE
from harness.kinds.faults._repack import repack

ROWS = tuple(
    FaultRow(
        name,
        "repository_directory",
        parameter,
        ("XLR-12", "XLR-14", "XLR-15", "XLR-16", "XLR-D8"),
        "index_consistency",
        product="xl-release-7.2-embedded",
    )
    for name, parameter in (("older", "index"), ("newer", "content"))
)

_EARLIER = "earlier.tar"
_MIX = f"""
earlier=$(mktemp -d)
tar --extract --file /artefact/{_EARLIER} --same-owner --preserve-permissions -C "$earlier"
[ "$1" = index ] && {{ from=$earlier to=$PWD; }} || {{ from=$PWD to=$earlier; }}
for index in repository/index workspaces/*/index; do
  rm -r "$to/$index"
  cp -a "$from/$index" "$to/$index"
done
[ "$1" = index ] || {{ find . -mindepth 1 -delete; cp -a "$earlier/." .; }}
"""


def inject(row: FaultRow, bench: FaultBench) -> None:
    earlier = bench.artefact(row.component) / _EARLIER
    shutil.copyfile(bench.other_artefact(row.component) / ARCHIVE, earlier)
    repack(bench, row.component, _MIX, row.parameter)
    earlier.unlink()
