"""Prints the most megabytes that this process held while it inventoried `FOLDER/tree` and compared it with itself."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import measure
import surroundings

from harness.containers.engine import connect

folder = Path(sys.argv[1])
tree = surroundings.Tree(connect(), folder / "tree")
assert measure.both_sides(measure.FILES, tree, tree, folder).equal
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
