"""What one test beside the drill file came to (DESIGN 7)."""

from __future__ import annotations

from typing import Literal

from harness.model.evidence import Seen
from harness.model.frozen import Frozen

CHECK = "tests"  # the check that judges what they come to


class OwnTest(Frozen):
    """`seen` is `seen` for the outcomes; otherwise nobody knows, and `said` is the reason. Units: seconds."""

    name: str  # as pytest calls it behind the file's name: `TestEditors::test_are_there[de]`
    seen: Seen = Seen.SEEN
    outcome: Literal["passed", "failed", "skipped"] | None = None
    said: str = ""
    place: str = ""  # file and line
    duration_s: float = 0.0
