"""The components; one file is one kind. See contracts.py."""
