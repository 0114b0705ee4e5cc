"""Names of run folders: `20261121T075100Z-4f3a`; sorted by name they are sorted by time."""

from __future__ import annotations

import re

_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+")


def is_run_id(name: str) -> bool:
    return _RUN_ID.fullmatch(name) is not None
