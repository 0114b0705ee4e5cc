"""Judges evidence: pure, no clock, no disk, no network."""
