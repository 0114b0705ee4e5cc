"""The base of every model: immutable, strict about unknown keys, saved as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = ["Frozen", "JsonValue"]


class Frozen(BaseModel):
    """A value that is never changed after it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")
