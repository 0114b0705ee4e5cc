"""What tests beside a drill file are given when the engine goes away under them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CouldNotAsk, EngineGone
from harness.model.drill import CheckUse, Portal
from harness.model.evidence import Seen
from harness.run.own_tests import OwnTests


def own_tests(stack: Any) -> OwnTests:
    drill = SimpleNamespace(checks=(CheckUse(name="tests"),), portal=Portal(kind="sql", service="db", port=5432))
    session: Any = SimpleNamespace(drill=drill)
    return OwnTests(session, stack)


def test_an_engine_that_one_test_found_gone_is_not_waited_for_by_the_next() -> None:
    tests = own_tests(SimpleNamespace(services=()))
    assert tests.restored.services == ()
    assert tests.how_it_went(CouldNotAsk("the server is busy")) is Seen.COULD_NOT_ASK
    assert tests.restored.services == ()
    assert tests.how_it_went(EngineGone("gone")) is Seen.COULD_NOT_ASK
    with pytest.raises(EngineGone, match="not run: the container engine is gone"):
        _ = tests.restored


def test_without_a_restored_portal_nothing_can_be_asked() -> None:
    with pytest.raises(CouldNotAsk, match="not restored, or did not start"):
        _ = own_tests(None).restored
