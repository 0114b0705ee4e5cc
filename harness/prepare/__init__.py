"""A drill file becomes a drill, a drill becomes a plan; touches nothing but the files it reads."""

from harness.prepare.json_schema import json_schema
from harness.prepare.make_plan import make_plan, restoring_only
from harness.prepare.parse import read_drill
from harness.prepare.write_drill import write_drill

__all__ = ["json_schema", "make_plan", "read_drill", "restoring_only", "write_drill"]
