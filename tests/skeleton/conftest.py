"""One clean drill that the tests of this folder share; it and all others run below one folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from drill_bench import Bench, Finished

from harness.containers.engine import connect
from harness.run import vault


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    engine = connect()
    yield Bench(tmp_path_factory.mktemp("drills"), engine)
    engine.close()


@pytest.fixture(scope="session")
def clean(bench: Bench) -> Finished:
    """One drill without a fault."""
    return bench.perform()


@pytest.fixture(scope="session")
def point(bench: Bench, clean: Finished) -> Iterator[Path]:
    """The restore point that the clean drill made, held: the runs of these tests prune their vault."""
    folder = bench.vault / str(clean.verdict["restore_point"])
    with vault.held(folder):
        yield folder
