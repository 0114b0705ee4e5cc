"""The portals; one file is one kind. See contracts.py."""
