"""The products; one file is one kind. See contracts.py."""
