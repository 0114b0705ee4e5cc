"""A drill file becomes a drill, a drill becomes a plan; touches nothing but the files it reads.

`json_schema` and `write_drill` are asked by one command each and cost as much to import as all else here: each has its
own module.
"""

from harness.prepare.known_drills import check_name, known_drills, same_name
from harness.prepare.make_plan import make_plan, restoring_only
from harness.prepare.parse import read_drill

__all__ = ["check_name", "known_drills", "make_plan", "read_drill", "restoring_only", "same_name"]
