"""One bench per component kind, shared by all its tests: one source, then one sandbox, on the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal, cast

import pytest
from bench import Bench

from harness.clock import new_id
from harness.containers.engine import connect
from harness.containers.labels import new_owner
from harness.containers.stack import ContainerStack
from harness.kinds import registry
from harness.kinds.contracts import Probe
from harness.model.progress import Silent
from harness.run.waiting import wait_for


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """`request.param` is a component kind; its data are in `sample_<kind>.py`."""
    sample: Any = import_module(f"sample_{request.param}")
    folder, engine = tmp_path_factory.mktemp(request.param), connect()
    names = [name for name in registry.names("engines") if request.param in registry.engine(name).COMPONENTS]

    def new_stack(role: str) -> ContainerStack:
        at = cast(Literal["source", "sandbox"], role)
        owner = new_owner(new_id(), "contract", at, folder)
        stack = ContainerStack(engine, sample.SERVICES, role=at, owner=owner, copy_image_content=False)
        stack.create()
        for service in sample.SERVICES:
            if not service.profiles and registry.component(request.param).NEEDS_SERVICE:
                stack.start(service.name)
        wait_for(
            lambda: Probe("ready", sample.answers(stack), "it answers", "it does not"),
            within_s=90,
            every_s=0.1,
            progress=Silent(),
        )
        return stack

    made = Bench(sample, registry.component(request.param), {n: registry.engine(n) for n in names}, new_stack, folder)
    yield made
    made.close()
    engine.close()
