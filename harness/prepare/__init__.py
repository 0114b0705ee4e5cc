"""A drill file becomes a drill, a drill becomes a plan; touches nothing but the files it reads."""

from harness.prepare.make_plan import explain, make_plan
from harness.prepare.parse import read_drill
from harness.prepare.schema import json_schema

__all__ = ["explain", "json_schema", "make_plan", "read_drill"]
