"""Prints the most megabytes that this process held while it inventoried `FOLDER/tree` and compared it with itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import measure
import surroundings

from harness.containers.engine import connect

folder = Path(sys.argv[1])
tree = surroundings.Tree(connect(), folder / "tree")
assert measure.both_sides(measure.FILES, tree, tree, folder).equal
# Not ru_maxrss: it also holds what the process was before it became this program. Source: proc(5), getrusage(2).
print(int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024)
