"""The checks; one file is one kind. See contracts.py."""
