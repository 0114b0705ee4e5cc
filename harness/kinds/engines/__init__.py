"""The engines; one file is one kind. See contracts.py."""
