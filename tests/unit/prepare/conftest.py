"""Adds the portal on paper to the portals while these tests run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

import harness.kinds.portals
from harness.kinds import registry
from harness.model.drill import Drill
from harness.prepare.parse import read_drill

HERE = Path(__file__).parent
TODAY = date(2026, 11, 21)
STACK = HERE.parents[1] / "golden" / "mistakes" / "stacks" / "sound.yaml"
SHORTEST = "drill: paper\nproduct: liferay-dxp-7.4\nportal: paper\nsource: {stack: stack.yaml}\n"


@pytest.fixture(autouse=True, scope="module")
def paper_portal() -> Iterator[None]:
    harness.kinds.portals.__path__.append(str(HERE / "paper"))
    registry.names.cache_clear()
    yield
    harness.kinds.portals.__path__.remove(str(HERE / "paper"))
    registry.names.cache_clear()


@pytest.fixture
def today() -> date:
    """The day on which these drill files are read."""
    return TODAY


@pytest.fixture
def drill_of(tmp_path: Path) -> Callable[..., Drill]:
    """Reads the shortest drill with more lines behind it."""

    def read(more: str = "", stack: str | None = None, portal: str = "paper") -> Drill:
        (tmp_path / "stack.yaml").write_text(stack or STACK.read_text(encoding="utf-8"), encoding="utf-8")
        path = tmp_path / "paper.drill.yaml"
        path.write_text(
            SHORTEST.replace("portal: paper", f"portal: {portal}") + textwrap.dedent(more), encoding="utf-8"
        )
        return read_drill(path, today=TODAY)

    return read
