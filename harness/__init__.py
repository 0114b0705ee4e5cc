"""portal-drill: proves, by doing it, that a content portal can be restored from its backup."""

__version__ = "0.1.0"
