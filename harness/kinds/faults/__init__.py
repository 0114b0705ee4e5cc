"""The faults; one file is one kind. See contracts.py."""
