"""Runs a plan on containers: capture, recover, and the journal of what was done and seen."""
