"""One bench per component kind, shared by all its tests: one source, then one sandbox, on the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from bench import ON_THEIR_OWN, Bench

from harness.clock import new_id
from harness.containers.engine import Engine, connect
from harness.containers.labels import new_owner
from harness.containers.stack import ContainerStack
from harness.kinds import registry
from harness.kinds.contracts import Probe
from harness.model.progress import Silent
from harness.run.waiting import wait_for


class Benches:
    """The bench of one kind at a time: another one's stack is removed before the next is made."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder, self._engine = folder, engine
        self._kind, self._bench = "", None

    def of(self, kind: str) -> Bench:
        if self._bench is None or self._kind != kind:
            self.close()
            self._kind, self._bench = kind, self._made(kind)
        return self._bench

    def close(self) -> None:
        if self._bench is not None:
            self._bench.close()
        self._bench = None

    def _made(self, kind: str) -> Bench:
        sample: Any = import_module(f"sample_{kind}")
        engines = {name: registry.engine(name) for name in registry.names("engines")}
        known = {name: engine for name, engine in engines.items() if name not in ON_THEIR_OWN}
        own = {name: engine for name, engine in known.items() if kind in engine.COMPONENTS}
        return Bench(sample, registry.component(kind), own, partial(self._stack, sample), self._folder / kind)

    def _stack(self, sample: Any, role: Literal["source", "sandbox"]) -> ContainerStack:
        """Its volumes are not filled from images; a server answers."""
        owner = new_owner(new_id(), "contract", role, self._folder)
        stack = ContainerStack(
            self._engine,
            sample.SERVICES,
            role=role,
            owner=owner,
            copy_image_content=False,
            on_secret=lambda secret: None,
        )
        try:
            stack.create()
            for service in sample.SERVICES:
                if not service.profiles and registry.component(sample.COMPONENT.kind).NEEDS_SERVICE:
                    stack.start(service.name)

            def ask() -> Probe:
                return Probe("ready", sample.answers(stack), "it answers", "it does not")

            assert wait_for(ask, within_s=90, every_s=0.1, progress=Silent()).ok
        except BaseException:
            stack.remove()
            raise
        return stack


@pytest.fixture(scope="session")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    engine = connect()
    made = Benches(tmp_path_factory.mktemp("benches"), engine)
    yield made
    made.close()
    engine.close()


@pytest.fixture
def bench(kind: str, benches: Benches) -> Bench:
    """`kind` is a component kind; its data are in `sample_<kind>.py`."""
    return benches.of(kind)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of one kind's bench follow each other, whichever file they are in; `bench` is a name that other
    folders use as well, `benches` is ours alone."""
    places = [i for i, item in enumerate(items) if {"bench", "benches"} <= set(getattr(item, "fixturenames", ()))]
    ours = sorted((items[i] for i in places), key=lambda item: str(cast(pytest.Function, item).callspec.params["kind"]))
    for place, item in zip(places, ours, strict=True):
        items[place] = item
