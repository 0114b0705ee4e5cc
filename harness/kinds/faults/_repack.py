"""Changes a tree inside its tar archive; everything else of the archive stays as it was.

Unpacked and packed again by root, with the flags of the engine `tar`, in a container of the tools image.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import FaultBench, ToolImage
from harness.kinds.engines.tar import ARCHIVE

TIMEOUT_S = 900.0
FLAGS = ("--numeric-owner", "--acls", "--xattrs", "--sparse")  # as the engine packs and unpacks
# The file whose content was changed longest ago; prints its path below the tree.
OLDEST = r"""find . -type f -size +0 -printf '%T@ %P\0' | sort -z -n | sed -z -n '1s/^[^ ]* //p' | tr -d '\0'"""
_REPACK = """
set -euo pipefail
archive=$1 change=$2 parameter=$3; shift 3
tree=$(mktemp -d)
tar --extract --file "$archive" "$@" --same-owner --preserve-permissions -C "$tree"
(cd "$tree" && bash -euo pipefail -c "$change" change "$parameter")
tar --create --file "$archive.new" "$@" -C "$tree" .
mv "$archive.new" "$archive"
"""


def repack(bench: FaultBench, component: str, change: str, parameter: str, image: ToolImage = ToolImage.TOOLS) -> str:
    """Run the shell commands `change` inside the unpacked tree, `parameter` being `$1`; returns what they print.

    `image` SERVICE where the commands need what only the portal's own image has.
    Raises: CommandFailed if they fail, or tar does.
    """
    argv = ["bash", "-c", _REPACK, "repack", f"/artefact/{ARCHIVE}", change, parameter, *FLAGS]
    with bench.shell(component, image=image) as shell:
        said = shell.run(argv, timeout_s=TIMEOUT_S).ok()
    if said.stderr:
        raise CommandFailed(f"repacking {component} said: {said.stderr.decode(errors='replace')[-2000:]}")
    return said.text
